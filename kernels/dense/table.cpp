// dense: problem, costs and the tables of its rows, best first.
#include "kernels/cuda_rows.h"
#include "kernels/dense/cuda_product.h"
#include "kernels/dense/dense.h"
#include "kernels/dense/ref.h"
#include "kernels/dense/rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string DenseProblem::describe() const { return fmt::format("{}x{} -> {}", n, i, o); }

void check(const DenseProblem& a) {
  if (a.n == 0 || a.i == 0 || a.o == 0) {
    throw usage_error("dense {}: batch, inputs and outputs must each be at least 1.", a.describe());
  }
}

namespace {
Cost dense_cost(const DenseProblem& a) {
  return {2.0 * static_cast<double>(a.n) * static_cast<double>(a.w_count()),
          4.0 * static_cast<double>(a.x_count() + a.w_count() + a.y_count())};
}
}  // namespace

std::vector<Operand> DenseForward::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"w", a.w_count()}, {"y", a.y_count()}};
}
std::vector<Operand> DenseBackwardData::operands(const Problem& a) {
  return {{"w", a.w_count()}, {"dy", a.y_count()}, {"dx", a.x_count()}};
}
std::vector<Operand> DenseBackwardWeight::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"dy", a.y_count()}, {"dw", a.w_count()}};
}
Cost DenseForward::cost(const Problem& a) { return dense_cost(a); }
Cost DenseBackwardData::cost(const Problem& a) { return dense_cost(a); }
Cost DenseBackwardWeight::cost(const Problem& a) { return dense_cost(a); }

const Table<DenseForward>& DenseForward::table() {
  static const Table<DenseForward> rows = {
      {"cpu3_stream", Device::cpu, dense_why_not_stream, dense_forward_stream},
      {"cpu2_gemm", Device::cpu, nullptr, dense_forward_cpu2_gemm, dense_forward_cpu2_workspace},
      {"onednn", Device::cpu, nullptr, dense_forward_onednn},
      {"cpu1", Device::cpu, nullptr, dense_forward_cpu1},
      HILUM_CUDA_ROWS(DenseForward, "cuda3_register", nullptr, dense_forward_cuda_workspace),
      HILUM_CUDA_ROWS(DenseForward, "cuda2_tiled"),
      HILUM_CUDA_ROWS(DenseForward, "cuda1_naive"),
      library_row<DenseForward, "cublas", "cublas">(),
      library_row<DenseForward, "cublas", "cublas_tf32">(dense_tf32_tolerance),
      HILUM_CUDA_ROWS(DenseForward, "cuda4_tf32", nullptr, dense_forward_cuda_workspace,
                      dense_tf32_tolerance),
      HILUM_CUDA_ROWS(DenseForward, "cuda4_bf16", nullptr, dense_forward_cuda_workspace,
                      dense_bf16_tolerance),
      ref_row<DenseForward>(),
  };
  return rows;
}

const Table<DenseBackwardData>& DenseBackwardData::table() {
  static const Table<DenseBackwardData> rows = {
      {"cpu2_gemm", Device::cpu, nullptr, dense_backward_data_cpu2_gemm,
       dense_backward_data_cpu2_workspace},
      {"onednn", Device::cpu, nullptr, dense_backward_data_onednn},
      {"cpu1", Device::cpu, nullptr, dense_backward_data_cpu1},
      HILUM_CUDA_ROWS(DenseBackwardData, "cuda3_register", nullptr,
                      dense_backward_data_cuda_workspace),
      HILUM_CUDA_ROWS(DenseBackwardData, "cuda2_tiled"),
      HILUM_CUDA_ROWS(DenseBackwardData, "cuda1_naive"),
      library_row<DenseBackwardData, "cublas", "cublas">(),
      library_row<DenseBackwardData, "cublas", "cublas_tf32">(dense_tf32_tolerance),
      HILUM_CUDA_ROWS(DenseBackwardData, "cuda4_tf32", nullptr, dense_backward_data_cuda_workspace,
                      dense_tf32_tolerance),
      HILUM_CUDA_ROWS(DenseBackwardData, "cuda4_bf16", nullptr, dense_backward_data_cuda_workspace,
                      dense_bf16_tolerance),
      ref_row<DenseBackwardData>(),
  };
  return rows;
}

const Table<DenseBackwardWeight>& DenseBackwardWeight::table() {
  static const Table<DenseBackwardWeight> rows = {
      {"cpu2_gemm", Device::cpu, nullptr, dense_backward_weight_cpu2_gemm,
       dense_backward_weight_cpu2_workspace},
      {"onednn", Device::cpu, nullptr, dense_backward_weight_onednn},
      {"cpu1", Device::cpu, nullptr, dense_backward_weight_cpu1},
      HILUM_CUDA_ROWS(DenseBackwardWeight, "cuda3_register", nullptr,
                      dense_backward_weight_cuda_workspace),
      HILUM_CUDA_ROWS(DenseBackwardWeight, "cuda2_tiled"),
      HILUM_CUDA_ROWS(DenseBackwardWeight, "cuda1_naive"),
      library_row<DenseBackwardWeight, "cublas", "cublas">(),
      library_row<DenseBackwardWeight, "cublas", "cublas_tf32">(dense_tf32_tolerance),
      HILUM_CUDA_ROWS(DenseBackwardWeight, "cuda4_tf32", nullptr,
                      dense_backward_weight_cuda_workspace, dense_tf32_tolerance),
      HILUM_CUDA_ROWS(DenseBackwardWeight, "cuda4_bf16", nullptr,
                      dense_backward_weight_cuda_workspace, dense_bf16_tolerance),
      ref_row<DenseBackwardWeight>(),
  };
  return rows;
}

}  // namespace hilum
