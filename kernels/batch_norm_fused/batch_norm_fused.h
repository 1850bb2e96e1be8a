// batch_norm_fused: batch norm while training, with what follows it in a network, in as few trips
// through memory as the statistics allow. Letters and formulas: kernels/batch_norm/batch_norm.h.
//
//   z[m,c] = gamma[c] * (x[m,c] - mean[c]) * inv_std[c] + beta[c] + shortcut[m,c]
//   y[m,c] = max(z[m,c], 0) where `relu`, else z[m,c]
//
// The shortcut, of the shape of x, may be absent: it then adds nothing. With g = dy where y > 0 or
// there is no ReLU, and 0 elsewhere:
//
//   dshortcut = g,  and dbeta, dgamma and dx are those of batch norm with g in the place of dy.
//
// y need not be kept from forward to backward: pass `rebuild` gives it again from x and the
// statistics, the same bits where both passes run rows of the same name. Pass `backward` finds the
// sign of y in x where there is no shortcut, and wants y where there is one.
//
// Rows of y and dy may be `pitch` floats apart, C or more, where there is no shortcut; what lies
// between is left alone. So the parts of a concatenation are normalised without being joined first.
//
// In place: y may be shortcut in `forward` and `rebuild`. In `backward` dx may be dy where there is
// no shortcut and no pitch, and dshortcut may be dy.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "kernels/row.h"

namespace hilum {

struct BatchNormFusedProblem : BatchNormProblem {
  bool relu = true, shortcut = false;
  std::size_t pitch = 0;  // 0 is C

  constexpr std::size_t y_row() const { return pitch == 0 ? c : pitch; }
  std::size_t y_count() const { return (rows - 1) * y_row() + c; }

  std::size_t shortcut_count() const { return shortcut ? x_count() : 0; }
  std::string describe() const;  // "50176x64 + shortcut, ReLU, pitch 256"
};

struct BatchNormFusedForward {
  using Problem = BatchNormFusedProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* beta, const float* shortcut, const float* running_mean,
                            const float* running_var, float* y, float* mean, float* inv_std,
                            float* running_mean_out, float* running_var_out);
  static constexpr const char* op = "batch_norm_fused";
  static constexpr const char* pass = "forward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormFusedForward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* beta,
                        const T* shortcut, const T* running_mean, const T* running_var, T* y,
                        T* mean, T* inv_std, T* running_mean_out, T* running_var_out);
};

struct BatchNormFusedBackward {
  using Problem = BatchNormFusedProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* beta, const float* mean, const float* inv_std,
                            const float* y, const float* dy, float* dx, float* dshortcut,
                            float* dgamma, float* dbeta);
  static constexpr const char* op = "batch_norm_fused";
  static constexpr const char* pass = "backward";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormFusedBackward>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* beta, const T* mean,
                        const T* inv_std, const T* y, const T* dy, T* dx, T* dshortcut, T* dgamma,
                        T* dbeta);
};

struct BatchNormFusedRebuild {
  using Problem = BatchNormFusedProblem;
  using Function = void (*)(const Launch&, const Problem&, const float* x, const float* gamma,
                            const float* beta, const float* shortcut, const float* mean,
                            const float* inv_std, float* y);
  static constexpr const char* op = "batch_norm_fused";
  static constexpr const char* pass = "rebuild";
  static std::vector<Operand> operands(const Problem&);
  static Cost cost(const Problem&);
  static const Table<BatchNormFusedRebuild>& table();
  template <class T>
  static void reference(const Problem&, const T* x, const T* gamma, const T* beta,
                        const T* shortcut, const T* mean, const T* inv_std, T* y);
};

}  // namespace hilum
