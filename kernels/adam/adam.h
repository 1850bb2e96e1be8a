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
//
// Pass `step` does this to one parameter, `step_all` to all parameters of a network in one call:
// its operands are lists of pointers, one a parameter, in the host's memory. Every element gets the
// bits that `step` gives it.
#pragma once

#include <cmath>
#include <numeric>

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
inline AdamCoefficients adam_coefficients(const AdamProblem& a) {
  const auto t = static_cast<double>(a.step);
  return {a.decoupled ? 0 : a.weight_decay, a.decoupled ? 1 - a.lr * a.weight_decay : 1,
          a.lr / (1 - std::pow(a.beta1, t)), 1 / std::sqrt(1 - std::pow(a.beta2, t))};
}

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

struct AdamAllProblem {
  std::vector<std::size_t> counts;  // elements of each parameter
  AdamProblem each;                 // its count is not looked at
  std::size_t total() const { return std::accumulate(counts.begin(), counts.end(), std::size_t{}); }
  std::string describe() const;
};

struct AdamStepAll {
  using Problem = AdamAllProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* const* w,
                            const float* const* g, const float* const* m, const float* const* v,
                            float* const* w_out, float* const* m_out, float* const* v_out);
  static constexpr const char* op = "adam";
  static constexpr const char* pass = "step_all";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<AdamStepAll>& table();
  template <class T>
  static void reference(const Problem&, const T* const* w, const T* const* g, const T* const* m,
                        const T* const* v, T* const* w_out, T* const* m_out, T* const* v_out);
};

}  // namespace hilum
