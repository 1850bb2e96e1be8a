// batch_norm: problem, costs and the tables of its rows, best first.
#include "kernels/batch_norm/batch_norm.h"
#include "kernels/batch_norm/cuda_workspace.h"
#include "kernels/batch_norm/ref.h"
#include "kernels/batch_norm/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string BatchNormProblem::describe() const {
  std::string text = fmt::format("{}x{}", rows, c);
  if (epsilon != BatchNormProblem{}.epsilon) text += fmt::format(" epsilon {}", epsilon);
  if (momentum != BatchNormProblem{}.momentum) text += fmt::format(" momentum {}", momentum);
  return text;
}

void check(const BatchNormProblem& a) {
  if (a.rows == 0 || a.c == 0) throw usage_error("batch_norm {}: a size is zero.", a.describe());
  if (!(a.epsilon > 0)) {
    throw usage_error("batch_norm {}: epsilon is {}, expected more than 0.", a.describe(),
                      a.epsilon);
  }
  if (!(a.momentum >= 0 && a.momentum <= 1)) {
    throw usage_error("batch_norm {}: momentum is {}, expected 0 to 1.", a.describe(), a.momentum);
  }
}

namespace {
// `trips` through arrays of the size of x, and a handful of lines of C.
Cost batch_norm_cost(const BatchNormProblem& a, double flop, double trips) {
  const auto count = static_cast<double>(a.x_count());
  return {flop * count, 4.0 * (trips * count + 8 * static_cast<double>(a.c))};
}
}  // namespace

std::vector<Operand> BatchNormForward::operands(const Problem& a) {
  return {{"x", a.x_count()},
          {"gamma", a.c},
          {"beta", a.c},
          {"running_mean", a.c},
          {"running_var", a.c, Fill::positive},
          {"y", a.x_count()},
          {"mean", a.c},
          {"inv_std", a.c},
          {"running_mean_out", a.c},
          {"running_var_out", a.c}};
}
std::vector<Operand> BatchNormBackward::operands(const Problem& a) {
  return {
      {"x", a.x_count()},  {"gamma", a.c},      {"mean", a.c},   {"inv_std", a.c, Fill::positive},
      {"dy", a.x_count()}, {"dx", a.x_count()}, {"dgamma", a.c}, {"dbeta", a.c}};
}
std::vector<Operand> BatchNormInference::operands(const Problem& a) {
  return {{"x", a.x_count()},
          {"gamma", a.c},
          {"beta", a.c},
          {"running_mean", a.c},
          {"running_var", a.c, Fill::positive},
          {"y", a.x_count()}};
}
std::vector<Operand> BatchNormInferenceBackward::operands(const Problem& a) {
  return {{"x", a.x_count()},    {"gamma", a.c},
          {"running_mean", a.c}, {"running_var", a.c, Fill::positive},
          {"dy", a.x_count()},   {"dx", a.x_count()},
          {"dgamma", a.c},       {"dbeta", a.c}};
}
namespace {
// Bytes of a number, of a pair of sums and of a count with its moments.
constexpr auto cuda1_workspace = batch_norm_tree_workspace<batch_norm_cuda1_group, 4>;
constexpr auto cuda2_workspace = batch_norm_tree_workspace<batch_norm_cuda2_group, 8>;
constexpr auto cuda3_workspace = batch_norm_cuda3_workspace;

}  // namespace

// Memory is counted once an array, as everywhere; training goes over x (and dy) twice.
Cost BatchNormForward::cost(const Problem& a) { return batch_norm_cost(a, 6, 2); }
Cost BatchNormBackward::cost(const Problem& a) { return batch_norm_cost(a, 9, 3); }
Cost BatchNormInference::cost(const Problem& a) { return batch_norm_cost(a, 3, 2); }
Cost BatchNormInferenceBackward::cost(const Problem& a) { return batch_norm_cost(a, 5, 3); }

const Table<BatchNormForward>& BatchNormForward::table() {
  static const Table<BatchNormForward> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_forward_cpu1, batch_norm_cpu1_workspace},
      {"onednn", Device::cpu, nullptr, batch_norm_forward_onednn, batch_norm_onednn_workspace, 4,
       false},
      HILUM_CUDA_ROWS(BatchNormForward, "cuda4_fused", batch_norm_cuda4_why_not<1>, nullptr,
                      batch_norm_cuda_tolerance),
      HILUM_CUDA_ROWS(BatchNormForward, "cuda3_warp", nullptr, cuda3_workspace,
                      batch_norm_cuda_tolerance),
      HILUM_CUDA_ROWS(BatchNormForward, "cuda2_tree", nullptr, cuda2_workspace,
                      batch_norm_cuda_tolerance),
      HILUM_CUDA_ROWS(BatchNormForward, "cuda1_steps", nullptr, cuda1_workspace,
                      batch_norm_cuda_tolerance),
      library_row<BatchNormForward, "cudnn", "cudnn">(batch_norm_cuda_tolerance),
      ref_row<BatchNormForward>(),
  };
  return rows;
}

const Table<BatchNormBackward>& BatchNormBackward::table() {
  static const Table<BatchNormBackward> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_backward_cpu1, batch_norm_cpu1_workspace},
      {"onednn", Device::cpu, nullptr, batch_norm_backward_onednn, batch_norm_onednn_workspace, 4,
       false},
      HILUM_CUDA_ROWS(BatchNormBackward, "cuda4_fused", batch_norm_cuda4_why_not<2>),
      HILUM_CUDA_ROWS(BatchNormBackward, "cuda3_warp", nullptr, cuda3_workspace),
      HILUM_CUDA_ROWS(BatchNormBackward, "cuda2_tree", nullptr, cuda2_workspace),
      HILUM_CUDA_ROWS(BatchNormBackward, "cuda1_steps", nullptr, cuda1_workspace),
      library_row<BatchNormBackward, "cudnn", "cudnn">(),
      ref_row<BatchNormBackward>(),
  };
  return rows;
}

const Table<BatchNormInference>& BatchNormInference::table() {
  static const Table<BatchNormInference> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_inference_cpu1, batch_norm_cpu1_workspace},
      {"onednn", Device::cpu, nullptr, batch_norm_inference_onednn},
      HILUM_CUDA_ROWS(BatchNormInference, "cuda1_steps"),
      library_row<BatchNormInference, "cudnn", "cudnn">(),
      ref_row<BatchNormInference>(),
  };
  return rows;
}

const Table<BatchNormInferenceBackward>& BatchNormInferenceBackward::table() {
  static const Table<BatchNormInferenceBackward> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_inference_backward_cpu1, batch_norm_cpu1_workspace},
      {"onednn", Device::cpu, nullptr, batch_norm_inference_backward_onednn, nullptr, 4, false},
      HILUM_CUDA_ROWS(BatchNormInferenceBackward, "cuda3_warp", nullptr, cuda3_workspace),
      HILUM_CUDA_ROWS(BatchNormInferenceBackward, "cuda1_steps", nullptr, cuda1_workspace),
      ref_row<BatchNormInferenceBackward>(),
  };
  return rows;
}

}  // namespace hilum
