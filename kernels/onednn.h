// What every oneDNN row shares: the engine, primitives that are built once and kept, and the
// reordering of operands whose layout the primitive wants otherwise. The only header of oneDNN's
// that kernels include, so a change of its major version (2 to 3 renamed much) is met here and in
// the files named onednn.cpp.
//
// A row is three steps:
//
//   void relu_forward_onednn(const Launch&, const ReluProblem& a, const float* x, float* y) {
//     onednn::Primitive& p = onednn::cached("relu.forward " + a.describe(), [&] {
//       ...                                         // descriptors; runs once a problem
//       onednn::Primitive built{dnnl::eltwise_forward(pd)};
//       built.input(DNNL_ARG_SRC, ours, pd.src_desc());
//       built.output(DNNL_ARG_DST, ours, pd.dst_desc());
//       return built;
//     });
//     p.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
//   }
#pragma once

#ifdef HILUM_HAVE_ONEDNN

#include <dnnl.hpp>
#include <functional>
#include <initializer_list>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hilum::onednn {

const dnnl::engine& engine();

// float32 with these dimensions, in oneDNN's order (N,C,H,W; K,C,R,S), in memory as `tag` says.
// Our activations are format_tag::nhwc, our filters ohwi, with groups gohwi; `any` lets the
// primitive choose.
dnnl::memory::desc tensor(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag);

// A primitive with the memory objects of its operands. Where the layout that it wants differs from
// ours the operand travels through a buffer that the Primitive owns: inputs are reordered before,
// outputs after, inside run().
class Primitive {
 public:
  explicit Primitive(dnnl::primitive primitive) : primitive_(std::move(primitive)) {}

  void input(int argument, const dnnl::memory::desc& ours, const dnnl::memory::desc& wanted);
  void output(int argument, const dnnl::memory::desc& ours, const dnnl::memory::desc& wanted);
  // An operand that is none of the row's: memory kept here, its content left from call to call.
  void own(int argument, const dnnl::memory::desc& wanted);
  // What `other` keeps for that argument: the notes of a forward pass that its backward pass reads.
  void share(int argument, const Primitive& other);

  // One pointer for each input and output, in any order. Returns when the work is done.
  void run(std::initializer_list<std::pair<int, const void*>> pointers);

 private:
  struct Operand {
    int argument;
    dnnl::memory ours;        // its pointer is set at each call
    dnnl::reorder transport;  // empty where the layouts agree
    dnnl::memory buffer;      // the primitive's side of the transport
  };

  dnnl::primitive primitive_;
  std::unordered_map<int, dnnl::memory> arguments_;
  std::vector<Operand> inputs_, outputs_;
};

// The primitive kept under `key` (operation, pass and problem), built at the first call. oneDNN
// plans for a number of threads, so that number is part of the key. Each calling thread has its own
// primitives, because a call writes pointers into them. oneDNN's own errors come out as device
// errors that name the key.
Primitive& cached(const std::string& key, const std::function<Primitive()>& build);

}  // namespace hilum::onednn

#endif
