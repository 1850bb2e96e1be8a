// Operation by operation from the fused list to kernel calls.
#include "engine/plan.h"

#include <algorithm>
#include <map>

#include "engine/plan_fuse.h"
#include "engine/plan_memory.h"
#include "engine/scope.h"
#include "kernels/adaptive_avg_pool/adaptive_avg_pool.h"
#include "kernels/add/add.h"
#include "kernels/avg_pool/avg_pool.h"
#include "kernels/channel_affine/channel_affine.h"
#include "kernels/conv2d/inference.h"
#include "kernels/dense/dense.h"
#include "kernels/dispatch.h"
#include "kernels/flatten/flatten.h"
#include "kernels/global_avg_pool/global_avg_pool.h"
#include "kernels/max_pool/max_pool.h"
#include "kernels/sigmoid/sigmoid.h"
#include "kernels/zero_pad/zero_pad.h"

namespace hilum {
namespace {

Shape with_images(const Shape& one, std::size_t n) {
  std::vector<std::size_t> sizes{n};
  for (std::size_t i = 1; i < one.rank(); ++i) sizes.push_back(one[i]);
  return Shape(sizes);
}

// The window of a pool for one image.
PoolWindow window_of(const GraphNode& node, const Shape& x, const Shape& y) {
  PoolWindow a{1,
               x[1],
               x[2],
               x[3],
               node.size_of("window_h"),
               node.size_of("window_w"),
               node.size_of("stride_h"),
               node.size_of("stride_w"),
               node.size_of("pad_h"),
               node.size_of("pad_w"),
               false};
  a.ceil_mode = a.p() != y[1] || a.q() != y[2];
  return a;
}

Conv2dProblem convolution_of(const GraphNode& node, const Shape& x, const Shape& w) {
  return {1,
          x[1],
          x[2],
          x[3],
          w[0],
          w[1],
          w[2],
          node.size_of("stride_h"),
          node.size_of("stride_w"),
          node.size_of("pad_h"),
          node.size_of("pad_w"),
          node.size_of("dilation_h"),
          node.size_of("dilation_w"),
          node.size_of("groups")};
}

// How many images go through the convolutions at a time. More share each reading of the filters;
// fewer leave what one kernel wrote in the cache for the next; a GPU wants many, to be full.
std::size_t images_at_a_time(Device device, std::size_t floats_of_one) {
  const std::size_t bytes = std::size_t{device == Device::cuda ? 2048u : 128u} << 20;
  return std::max<std::size_t>(1, bytes / sizeof(float) / floats_of_one);
}

}  // namespace

class PlanBuilder {
 public:
  PlanBuilder(Plan::Part& part, const Graph& graph, std::size_t images, std::size_t at_a_time)
      : part_(part), graph_(graph) {
    std::vector<PlannedOperation> operations = fuse(graph);
    memory_ = plan_memory(operations, graph);
    memory_.floats = std::max<std::size_t>(memory_.floats, 1);
    if (at_a_time == 0) at_a_time = images_at_a_time(graph.device, memory_.floats);
    part.images = std::min(images, at_a_time);
    part.device = graph.device;
    part.block = Tensor::zeros({part.images * memory_.floats}, part.device);  // touched beforehand
    part.input = graph.values[0], part.output = graph.values[graph.output];
    part.result = at(graph.output);
    for (const PlannedOperation& a : operations) {
      path_ = a.node.path;
      add(a);
    }
  }

 private:
  // Where a value lies; of what goes into the network only a call knows.
  struct Source {
    const float* place;
    const float* in(const float* input) const { return place != nullptr ? place : input; }
  };
  float* at(std::size_t value) const {
    const Place& place = memory_.places[value];
    return value == 0 ? nullptr : part_.block.data() + part_.images * place.offset + place.channel;
  }
  Source source(const PlannedOperation& a, std::size_t i) const { return {at(a.inputs[i])}; }
  const Shape& shape(std::size_t value) const { return graph_.values[value]; }
  std::size_t pitch(std::size_t value) const { return memory_.places[value].pitch; }

  void step(Plan::Step call) { part_.steps.push_back({path_, std::move(call)}); }
  const float* keep(const Tensor& weight) {
    part_.weights.push_back(weight.to(part_.device));
    return std::as_const(part_.weights.back()).data();
  }
  const float* keep(const std::vector<float>& values) {
    return values.empty() ? nullptr : keep(Tensor::from(values, {values.size()}));
  }

  void add(const PlannedOperation& a) {
    const std::string& op = a.node.op;
    const Shape &x = shape(a.inputs[0]), &y = a.output < graph_.values.size() ? shape(a.output) : x;
    if (op == "conv2d") {
      convolution(a, x);
    } else if (op == "dense") {
      dense(a, x);
    } else if (op == "channel_affine") {
      affine(a, x, source(a, 0), pitch(a.inputs[0]));
    } else if (op == "max_pool") {
      simple<MaxPoolForward>(a, MaxPoolProblem{window_of(a.node, x, y)});
    } else if (op == "avg_pool") {
      simple<AvgPoolForward>(
          a, AvgPoolProblem{window_of(a.node, x, y), a.node.size_of("count_include_pad") != 0});
    } else if (op == "global_avg_pool") {
      simple<GlobalAvgPoolForward>(a, GlobalAvgPoolProblem{1, x[1], x[2], x[3]});
    } else if (op == "adaptive_avg_pool") {
      simple<AdaptiveAvgPoolForward>(a, AdaptiveAvgPoolProblem{1, x[1], x[2], x[3], y[1], y[2]});
    } else if (op == "flatten") {
      simple<FlattenForward>(a, FlattenProblem{1, x[1], x[2], x[3]});
    } else if (op == "zero_pad") {
      const std::size_t top = a.node.size_of("top"), left = a.node.size_of("left");
      simple<ZeroPadForward>(
          a, ZeroPadProblem{1, x[1], x[2], x[3], top, y[1] - x[1] - top, left, y[2] - x[2] - left});
    } else if (op == "add" || op == "sigmoid") {
      elementwise(a, x.count());
    } else {
      throw usage_error("plan: operation '{}' of layer '{}' has no place in a plan.", op, path_);
    }
  }

  // One input, one output, the number of images the only thing that changes.
  template <class Pass>
  void simple(const PlannedOperation& a, const typename Pass::Problem& one) {
    step([=, on = part_.device, x = source(a, 0), y = at(a.output)](std::size_t n,
                                                                    const float* input) {
      typename Pass::Problem problem = one;
      problem.n = n;
      run<Pass>(on, problem, x.in(input), y);
    });
  }

  void elementwise(const PlannedOperation& a, std::size_t count) {
    const Source x = source(a, 0);
    float* y = at(a.output);
    const Device on = part_.device;
    if (a.is("sigmoid")) {
      step([=](std::size_t n, const float* input) {
        run<SigmoidForward>(on, SigmoidProblem{n * count}, x.in(input), y);
      });
    } else {
      step([=, z = source(a, 1)](std::size_t n, const float* input) {
        run<AddForward>(on, AddProblem{n * count}, x.in(input), z.in(input), y);
      });
    }
  }

  void affine(const PlannedOperation& a, const Shape& x, Source from, std::size_t x_pitch) {
    const std::size_t c = x[x.rank() - 1], lines = x.count() / c;
    const float *scale = keep(a.scale), *shift = keep(a.scale.empty() ? a.scale : a.shift);
    const ChannelAffineProblem one{lines,       c, x_pitch, pitch(a.output), scale != nullptr,
                                   a.activation};
    step([=, on = part_.device, y = at(a.output)](std::size_t n, const float* input) {
      ChannelAffineProblem problem = one;
      problem.rows = n * lines;
      run<ChannelAffineInference>(on, problem, from.in(input), scale, shift, y);
    });
  }

  void dense(const PlannedOperation& a, const Shape& x) {
    const Tensor& w = a.node.inputs[1].parameter;
    const DenseProblem one{1, x[1], w.size(0)};
    const float* weight = a.weight.empty() ? keep(w) : keep(a.weight);
    step([=, on = part_.device, from = source(a, 0), y = at(a.output)](std::size_t n,
                                                                       const float* input) {
      DenseProblem problem = one;
      problem.n = n;
      run<DenseForward>(on, problem, from.in(input), weight, y);
    });
    PlannedOperation ending = a;
    ending.scale.assign(one.o, 1.0f);
    affine(ending, {1, one.o}, {at(a.output)}, one.o);  // a line an image: no time at all
  }

  void convolution(const PlannedOperation& a, const Shape& x) {
    const Tensor& w = a.node.inputs[1].parameter;
    Conv2dInferenceProblem one{convolution_of(a.node, x, w.shape()), pitch(a.output),
                               a.inputs.size() == 2, a.activation};
    one.conv.n = part_.images;
    const Tensor plain = a.weight.empty() ? w.clone() : Tensor::from(a.weight, w.shape());
    const float* shift = keep(a.shift);
    const Source from = source(a, 0), residual = one.residual ? source(a, 1) : Source{nullptr};
    const auto run_on = [=, y = at(a.output)](const Row<Conv2dInference>& row,
                                              const Conv2dInferenceProblem& problem,
                                              const float* input, const float* filters) {
      run_row(row, problem, from.in(input), filters, shift,
              problem.residual ? residual.in(input) : nullptr, y);
    };
    if (untuned<Conv2dInference>(part_.device, one)) {  // on the block, which holds nothing yet
      const Tensor images = Tensor::zeros({part_.images * shape(0).count()}, part_.device);
      std::map<const void*, Tensor> filters;
      tune<Conv2dInference>(part_.device, one, [&](const Row<Conv2dInference>& row) {
        Tensor& ready = filters[&row];
        if (!ready.defined()) ready = ready_for(row, one, plain).to(part_.device);
        run_on(row, one, std::as_const(images).data(), std::as_const(ready).data());
      });
    }
    const Row<Conv2dInference>& row = select<Conv2dInference>(part_.device, one);
    const float* filters = keep(ready_for(row, one, plain));
    step([=, &row](std::size_t n, const float* input) {
      Conv2dInferenceProblem problem = one;
      problem.conv.n = n;
      run_on(row, problem, input, filters);
    });
  }

  // Filters in the form that the row wants.
  static Tensor ready_for(const Row<Conv2dInference>& row, const Conv2dInferenceProblem& one,
                          const Tensor& plain) {
    if (row.prepare == nullptr) return plain;
    Tensor prepared = Tensor::empty({row.prepared_count(one)});  // rows of the CPU
    row.prepare(one, plain.data(), prepared.data());
    return prepared;
  }

  Plan::Part& part_;
  const Graph& graph_;
  MemoryPlan memory_;
  std::string path_;
};

void Plan::Part::run(std::size_t n, const float* x, float* y) const {
  for (std::size_t first = 0; first < n; first += images) {
    const std::size_t now = std::min(images, n - first);
    for (const NamedStep& step : steps) {
      const PathScope scope(step.path);
      step.call(now, x);
    }
    device_copy(device, Way::within, y, result != nullptr ? result : x,
                now * output.count() * sizeof(float));
    x += now * input.count(), y += now * output.count();
  }
}

void Plan::add_part(const Graph& graph, std::size_t at_a_time) {
  if (graph.nodes.empty()) return;
  parts_.emplace_back();
  PlanBuilder(parts_.back(), graph, images_, at_a_time);
}

Plan::Plan(const Graph& graph, std::size_t images, std::size_t at_a_time) : images_(images) {
  const auto dense = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                  [](const GraphNode& node) { return node.op == "dense"; });
  const auto [body, head] = cut(graph, static_cast<std::size_t>(dense - graph.nodes.begin()));
  add_part(body, at_a_time);
  add_part(head, images);
}

Plan::Plan(Module& net, const Shape& images)
    : Plan(record_graph(net, with_images(images, 1)), images[0]) {}

Tensor Plan::operator()(const Tensor& x) const {
  const Shape& input = parts_.front().input;
  const std::size_t n = x.shape().rank() == 0 ? 0 : x.size(0);
  if (n == 0 || n > images_ || x.shape() != with_images(input, n) ||
      x.device() != parts_.front().device) {
    throw usage_error(
        "plan for up to {} images {} on {}: got {} on {}. Make another plan for that.", images_,
        input.str(), device_name(parts_.front().device), x.shape().str(), device_name(x.device()));
  }
  Tensor from = x;
  for (const Part& part : parts_) {
    Tensor to = Tensor::empty(with_images(part.output, n), part.device);
    part.run(n, std::as_const(from).data(), to.data());
    from = to;
  }
  return from;
}

std::size_t Plan::activation_bytes() const {
  std::size_t floats = 0;
  for (const Part& part : parts_) floats += part.block.count();
  return floats * sizeof(float);
}

std::size_t Plan::weight_bytes() const {
  std::size_t floats = 0;
  for (const Part& part : parts_) {
    for (const Tensor& weight : part.weights) floats += weight.count();
  }
  return floats * sizeof(float);
}

std::size_t Plan::size() const {
  std::size_t steps = 0;
  for (const Part& part : parts_) steps += part.steps.size();
  return steps;
}

bool plan_is_allowed() {
  const std::optional<std::string> forced = forced_row(Conv2dInference::op, Conv2dInference::pass);
  const Table<Conv2dInference>& rows = Conv2dInference::table();
  return !forced || std::any_of(rows.begin(), rows.end(),
                                [&](const auto& row) { return *forced == row.name; });
}

}  // namespace hilum
