// sgd: one step of stochastic gradient descent with momentum, as PyTorch defines it. With w the
// weights, g their gradient, v the velocity (zero before the first step):
//
//   g'    = g + weight_decay w
//   v_out = momentum v + g'
//   w_out = w - lr v_out                        or, with nesterov,  w - lr (g' + momentum v_out)
//
// The other common definition (Sutskever et al. 2013, Keras) has the learning rate inside the
// velocity. At a constant rate both take the same steps; this one is chosen because a change of the
// rate, by a schedule, a plateau or a resumed run, acts at once on the whole step, and because
// recipes and checkpoints of torchvision's networks mean it.
// Without momentum there is no velocity and its pointers are null. In place: w_out may be w, v_out
// may be v.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct SgdProblem {
  std::size_t count;
  double lr;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  std::size_t v_count() const { return momentum != 0 ? count : 0; }
  std::string describe() const;
};

struct SgdStep {
  using Problem = SgdProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* w, const float* g,
                            const float* v, float* w_out, float* v_out);
  static constexpr const char* op = "sgd";
  static constexpr const char* pass = "step";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<SgdStep>& table();
  template <class T>
  static void reference(const Problem&, const T* w, const T* g, const T* v, T* w_out, T* v_out);
};

}  // namespace hilum
