// conv2d, pass inference, cuBLASLt: a 1x1 convolution of stride 1 is one product of matrices, and
// this library's products end as ours do: the bias is added, and what is negative cut off, while
// the sums are still in registers. The yardstick for 1x1 layers of a trained network. Two rows:
// `cublaslt` computes in float throughout, `cublaslt_tf32` lets tensor cores round the inputs to
// TF32.
//
// cuBLASLt thinks in columns, so our y (pixels, K) is to it D (K, pixels):
//   D = activation(W^T X + residual + bias)
#include "kernels/cublas.h"

#include <cublasLt.h>

#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "kernels/conv2d/inference.h"

namespace hilum {
namespace {

using cublas::check;

cublasLtHandle_t handle() {
  static const cublasLtHandle_t one = [] {
    cublasLtHandle_t made = nullptr;
    check(cublasLtCreate(&made), "starting cuBLASLt");
    return made;
  }();
  return one;
}

// A description of the library's, destroyed with its holder.
template <class Handle, cublasStatus_t (*destroy)(Handle)>
struct Destroy {
  void operator()(Handle handle) const { destroy(handle); }
};
template <class Handle, cublasStatus_t (*destroy)(Handle)>
using Held = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<Handle, destroy>>;
using Layout = Held<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Operation = Held<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Preference = Held<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

// rows x columns floats, columns `step` apart.
Layout layout(std::size_t rows, std::size_t columns, std::size_t step) {
  cublasLtMatrixLayout_t made = nullptr;
  check(cublasLtMatrixLayoutCreate(&made, CUDA_R_32F, rows, columns, static_cast<int64_t>(step)),
        "describing a matrix");
  return Layout(made);
}

template <class T>
void set(const Operation& operation, cublasLtMatmulDescAttributes_t what, const T& value) {
  check(cublasLtMatmulDescSetAttribute(operation.get(), what, &value, sizeof value),
        "describing a product");
}
template <class T>
void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t what, const T& value) {
  check(cublasLtMatmulPreferenceSetAttribute(preference.get(), what, &value, sizeof value),
        "saying what is wanted of a product");
}

struct Plan {
  Layout w, x, residual, y;
  Operation operation;
  cublasLtMatmulAlgo_t algorithm;
};

// Bytes, 256 at most, that the address is a multiple of.
std::uint32_t alignment(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  return address % 256 == 0 ? 256 : static_cast<std::uint32_t>(address & -address);
}

// The heuristic's first choice among those that need no workspace and add in one order.
std::unique_ptr<Plan> make_plan(const Conv2dInferenceProblem& a, bool tf32,
                                const std::uint32_t (&aligned)[4]) {
  auto plan = std::make_unique<Plan>();
  const std::size_t c = a.conv.c, k = a.conv.k, pixels = a.pixels();
  plan->w = layout(c, k, c), plan->x = layout(c, pixels, c);
  plan->residual = layout(k, pixels, a.residual ? k : a.pitch);
  plan->y = layout(k, pixels, a.pitch);
  cublasLtMatmulDesc_t operation = nullptr;
  check(cublasLtMatmulDescCreate(
            &operation, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "describing a product");
  plan->operation.reset(operation);
  set(plan->operation, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  set(plan->operation, CUBLASLT_MATMUL_DESC_EPILOGUE,
      a.activation == Activation::relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS);

  cublasLtMatmulPreference_t made = nullptr;
  check(cublasLtMatmulPreferenceCreate(&made), "saying what is wanted of a product");
  const Preference preference(made);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{0});
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, aligned[0]);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, aligned[1]);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, aligned[2]);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, aligned[3]);
  cublasLtMatmulHeuristicResult_t found;
  int count = 0;
  check(cublasLtMatmulAlgoGetHeuristic(handle(), plan->operation.get(), plan->w.get(),
                                       plan->x.get(), plan->residual.get(), plan->y.get(),
                                       preference.get(), 1, &found, &count),
        "choosing an algorithm");
  check(count == 0 ? CUBLAS_STATUS_NOT_SUPPORTED : found.state, "choosing an algorithm");
  plan->algorithm = found.algo;
  return plan;
}

void run(const Launch& on, const Conv2dInferenceProblem& a, bool tf32, const float* x,
         const float* w, const float* bias, const float* residual, float* y) {
  const void* c = a.residual ? residual : y;  // not read where it counts nothing
  const std::uint32_t aligned[4] = {alignment(w), alignment(x), alignment(c), alignment(y)};
  using Key = std::tuple<std::size_t, std::size_t, std::size_t, std::size_t, bool, Activation, bool,
                         std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;
  static std::map<Key, std::unique_ptr<Plan>> plans;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Plan>& plan =
      plans[{a.pixels(), a.conv.c, a.conv.k, a.pitch, a.residual, a.activation, tf32, aligned[0],
             aligned[1], aligned[2], aligned[3]}];
  if (plan == nullptr) plan = make_plan(a, tf32, aligned);
  set(plan->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  const float one = 1, part = a.residual ? 1 : 0;
  check(cublasLtMatmul(handle(), plan->operation.get(), &one, w, plan->w.get(), x, plan->x.get(),
                       &part, c, plan->residual.get(), y, plan->y.get(), &plan->algorithm, nullptr,
                       0, static_cast<cudaStream_t>(on.stream)),
        "a product with its ending");
}

const char* why_not(const Conv2dInferenceProblem& a) {
  const Conv2dProblem& z = a.conv;
  if (z.groups != 1) return "runs one group only";
  if (z.r != 1 || z.s != 1) return "runs 1x1 filters only";
  if (z.stride_h != 1 || z.stride_w != 1 || z.pad_h != 0 || z.pad_w != 0) {
    return "runs stride 1 without padding only";
  }
  if (a.activation == Activation::relu6) return "ends with ReLU or nothing";
  return nullptr;
}

}  // namespace
}  // namespace hilum

using namespace hilum;

#define HILUM_CUBLASLT_ROW(row, tf32)                                                          \
  HILUM_EXPORT const char* conv2d_inference_##row##_why_not(const Conv2dInferenceProblem& a) { \
    return why_not(a);                                                                         \
  }                                                                                            \
  HILUM_EXPORT void conv2d_inference_##row(const Launch& on, const Conv2dInferenceProblem& a,  \
                                           const float* x, const float* w, const float* bias,  \
                                           const float* residual, float* y) {                  \
    run(on, a, tf32, x, w, bias, residual, y);                                                 \
  }

HILUM_CUBLASLT_ROW(cublaslt, false)
HILUM_CUBLASLT_ROW(cublaslt_tf32, true)
