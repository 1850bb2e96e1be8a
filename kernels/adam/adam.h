// adam: one step of Adam (Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015)
// or, decoupled, of AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR
// 2019). With w the weights, g their gradient, m and v the moments (zero before the first step) and
// t the number of this step, counted from 1:
//
//   g'    = g + weight_decay w   and w' = w        Adam: an L2 term of the loss
//   g'    = g                    and w' = (1 - lr weight_decay) w         decoupled: AdamW
//   m_out = beta1 m + (1 - beta1) g'
//   v_out = beta2 v + (1 - beta2) g'^2
//   w_out = w' - lr / (1 - beta1^t) * m_out / (sqrt(v_out) / sqrt(1 - beta2^t) + epsilon)
//
// Epsilon stands outside of the root and is not touched by the bias correction, as in the paper's
// algorithm 1 and in PyTorch (the paper's faster variant, which Keras takes, scales it too). The
// constants are doubles, so that 1 - beta2 is not rounded before it is used; kernels round each
// coefficient to float once. In place: w_out may be w, m_out m, v_out v.
#pragma once

#include "kernels/row.h"

namespace hilum {

struct AdamProblem {
  std::size_t count;
  double lr;
  std::uint64_t step;  // from 1
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  std::string describe() const;
};

// The step's coefficients, the same for every element.
struct AdamCoefficients {
  double decay_gradient;  // of w in g'
  double keep;            // of w in w'
  double rate;            // lr / (1 - beta1^t)
  double root;            // 1 / sqrt(1 - beta2^t)
};
AdamCoefficients adam_coefficients(const AdamProblem& problem);

struct AdamStep {
  using Problem = AdamProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* w, const float* g,
                            const float* m, const float* v, float* w_out, float* m_out,
                            float* v_out);
  static constexpr const char* op = "adam";
  static constexpr const char* pass = "step";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AdamStep>& table();
  template <class T>
  static void reference(const Problem&, const T* w, const T* g, const T* m, const T* v, T* w_out,
                        T* m_out, T* v_out);
};

}  // namespace hilum
