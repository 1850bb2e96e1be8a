// A trained network as a list of kernel calls: what evaluating it comes down to once its weights
// and the size of its images are known. Batch norms are folded and endings fused (plan_fuse.h),
// filters lie in the form that each kernel wants, joint tensors are written in place and all
// activations share one block of memory (plan_memory.h), so that a call takes no memory and makes
// no decision.
//
// The images of a large batch go through the convolutions some at a time, so that the block stays
// of bounded size, and all at once through the dense layers behind them, so that each weight there
// is read once.
//
// A plan keeps what the weights were when it was made. It gives what the network gives but for
// rounding, and the same bits for any number of threads; it runs where the weights lay. Listeners
// hear nothing.
#pragma once

#include <functional>
#include <vector>

#include "engine/graph.h"
#include "engine/tensor.h"

namespace hilum {

class Plan {
 public:
  // For batches of up to `images` images, `at_a_time` through the convolutions (0: as many as
  // a block of 128 MiB holds). Usage error where an operation of the graph is unknown.
  Plan(const Graph& graph, std::size_t images, std::size_t at_a_time = 0);
  // Of the whole network, for batches of shape `images` [N,H,W,C] and smaller N.
  Plan(Module& net, const Shape& images);

  Tensor operator()(const Tensor& x) const;
  // Bytes of the activations' blocks, and of the weights in the forms that the kernels want.
  std::size_t activation_bytes() const;
  std::size_t weight_bytes() const;
  std::size_t size() const;  // kernels
  std::size_t images() const { return images_; }

 private:
  // Calls one kernel for n images; `input` is the network's.
  using Step = std::function<void(std::size_t n, const float* input)>;
  struct NamedStep {
    std::string path;  // of the module, for the profiler
    Step call;
  };

  // A stretch of the network that as many images as `images` go through at a time.
  struct Part {
    std::size_t images = 0;
    Device device = Device::cpu;
    Shape input, output;  // of one image
    Tensor block;
    const float* result = nullptr;  // null: the input is
    std::vector<Tensor> weights;
    std::vector<NamedStep> steps;

    void run(std::size_t n, const float* x, float* y) const;
  };
  friend class PlanBuilder;
  void add_part(const Graph& graph, std::size_t at_a_time);

  std::size_t images_;
  std::vector<Part> parts_;
};

// Whether a plan may stand in for a network: unless a convolution kernel was asked for by name that
// plans have not.
bool plan_is_allowed();

}  // namespace hilum
