// conv2d, cuDNN: the yardstick on a GPU. Three rows: `cudnn` computes in float throughout,
// `cudnn_tf32` lets tensor cores round the inputs to TF32, `cudnn_bf16` hands over inputs and takes
// results in bf16 (converted on the way in and out) and sums in float. The algorithm is what
// cuDNN's heuristics put first among those that give the same bits every time and stay within the
// workspace; it is not measured, since a measurement would make one run's bits differ from
// another's.
#include "kernels/cudnn.h"

#include <set>

#include "kernels/conv2d/conv2d.h"
#include "kernels/cudnn_convert.h"

namespace hilum {
namespace {

using namespace cudnn;

enum class Precision { fp32, tf32, bf16 };
enum class Which { forward, backward_data, backward_weight };

struct Plan {
  TensorDescriptor x, y;
  FilterDescriptor w;
  ConvolutionDescriptor convolution;
  int algorithm = -1;  // none
  std::size_t workspace = 0;
};

// Takes the first of cuDNN's proposals that will do.
template <class Proposal>
void choose(Plan& plan, const Proposal* proposals, int count, std::size_t limit) {
  for (int i = 0; i < count; ++i) {
    const Proposal& p = proposals[i];
    if (p.status != CUDNN_STATUS_SUCCESS || p.determinism != CUDNN_DETERMINISTIC ||
        p.memory > limit) {
      continue;
    }
    plan.algorithm = static_cast<int>(p.algo);
    plan.workspace = p.memory;
    check(cudnnSetConvolutionMathType(plan.convolution, p.mathType), "choosing the arithmetic");
    return;
  }
}

std::unique_ptr<Plan> make_plan(const Conv2dProblem& a, Precision precision, Which which,
                                std::size_t limit) {
  auto made = std::make_unique<Plan>();
  Plan& plan = *made;
  const cudnnDataType_t type =
      precision == Precision::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
  set_nhwc(plan.x, type, a.n, a.h, a.w, a.c);
  set_nhwc(plan.y, type, a.n, a.p(), a.q(), a.k);
  check(cudnnSetFilter4dDescriptor(plan.w, type, CUDNN_TENSOR_NHWC, to_int(a.k),
                                   to_int(a.c / a.groups), to_int(a.r), to_int(a.s)),
        "describing the filters");
  check(cudnnSetConvolution2dDescriptor(plan.convolution, to_int(a.pad_h), to_int(a.pad_w),
                                        to_int(a.stride_h), to_int(a.stride_w),
                                        to_int(a.dilation_h), to_int(a.dilation_w),
                                        CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
        "describing the convolution");
  check(cudnnSetConvolutionGroupCount(plan.convolution, to_int(a.groups)), "describing the groups");
  check(cudnnSetConvolutionMathType(
            plan.convolution, precision == Precision::fp32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH),
        "choosing the arithmetic");
  int count = 0;
  if (which == Which::forward) {
    cudnnConvolutionFwdAlgoPerf_t proposals[16];
    check(cudnnGetConvolutionForwardAlgorithm_v7(handle(), plan.x, plan.w, plan.convolution, plan.y,
                                                 16, &count, proposals),
          "choosing an algorithm");
    choose(plan, proposals, count, limit);
  } else if (which == Which::backward_data) {
    cudnnConvolutionBwdDataAlgoPerf_t proposals[16];
    check(cudnnGetConvolutionBackwardDataAlgorithm_v7(handle(), plan.w, plan.y, plan.convolution,
                                                      plan.x, 16, &count, proposals),
          "choosing an algorithm");
    choose(plan, proposals, count, limit);
  } else {
    cudnnConvolutionBwdFilterAlgoPerf_t proposals[16];
    check(cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle(), plan.x, plan.y, plan.convolution,
                                                        plan.w, 16, &count, proposals),
          "choosing an algorithm");
    choose(plan, proposals, count, limit);
  }
  return made;
}

using Key = std::vector<std::size_t>;
Key key_of(const Conv2dProblem& a, Precision precision, Which which) {
  return {static_cast<std::size_t>(precision),
          static_cast<std::size_t>(which),
          a.n,
          a.h,
          a.w,
          a.c,
          a.k,
          a.r,
          a.s,
          a.stride_h,
          a.stride_w,
          a.pad_h,
          a.pad_w,
          a.dilation_h,
          a.dilation_w,
          a.groups};
}

// Problems for which memory was too short once.
std::set<Key>& lean_problems() {
  static auto& keys = *new std::set<Key>;
  return keys;
}

Plan& plan_for(const Conv2dProblem& a, Precision precision, Which which) {
  Key key = key_of(a, precision, which);
  const std::size_t limit = lean_problems().contains(key) ? 0 : workspace_limit;
  key.push_back(limit);
  return cached<Plan>(key, [&] { return make_plan(a, precision, which, limit); });
}

// bf16 keeps copies of x, w and y in front of cuDNN's own workspace, each aligned.
std::size_t aligned(std::size_t count) { return (count * 2 + 255) / 256 * 256; }
std::size_t copies(const Conv2dProblem& a) {
  return aligned(a.x_count()) + aligned(a.w_count()) + aligned(a.y_count());
}

void call(const Launch& on, Which which, const Plan& plan, const void* first, const void* second,
          void* result, void* workspace) {
  const cudnnHandle_t with = handle(on);
  switch (which) {
    case Which::forward:  // x, w
      return check(
          cudnnConvolutionForward(with, &one, plan.x, first, plan.w, second, plan.convolution,
                                  static_cast<cudnnConvolutionFwdAlgo_t>(plan.algorithm), workspace,
                                  plan.workspace, &zero, plan.y, result),
          "conv2d.forward");
    case Which::backward_data:  // w, dy
      return check(
          cudnnConvolutionBackwardData(with, &one, plan.w, first, plan.y, second, plan.convolution,
                                       static_cast<cudnnConvolutionBwdDataAlgo_t>(plan.algorithm),
                                       workspace, plan.workspace, &zero, plan.x, result),
          "conv2d.backward_data");
    case Which::backward_weight:  // x, dy
      return check(cudnnConvolutionBackwardFilter(
                       with, &one, plan.x, first, plan.y, second, plan.convolution,
                       static_cast<cudnnConvolutionBwdFilterAlgo_t>(plan.algorithm), workspace,
                       plan.workspace, &zero, plan.w, result),
                   "conv2d.backward_weight");
  }
}

void run(const Launch& on, const Conv2dProblem& a, Precision precision, Which which,
         const float* first, const float* second, float* result) {
  const Plan& plan = plan_for(a, precision, which);
  if (precision != Precision::bf16) {
    return call(on, which, plan, first, second, result, on.workspace);
  }
  const std::size_t counts[3] = {which == Which::backward_data ? a.w_count() : a.x_count(),
                                 which == Which::forward ? a.w_count() : a.y_count(),
                                 which == Which::forward         ? a.y_count()
                                 : which == Which::backward_data ? a.x_count()
                                                                 : a.w_count()};
  std::uint16_t* narrow[3];
  auto* memory = static_cast<unsigned char*>(on.workspace);
  for (int i = 0; i < 3; ++i) {
    narrow[i] = reinterpret_cast<std::uint16_t*>(memory);
    memory += aligned(counts[i]);
  }
  floats_to_bf16(on, counts[0], first, narrow[0]);
  floats_to_bf16(on, counts[1], second, narrow[1]);
  call(on, which, plan, narrow[0], narrow[1], narrow[2], memory);
  bf16_to_floats(on, counts[2], narrow[2], result);
}

const char* why_not(const Conv2dProblem& a, Precision precision, Which which) {
  return plan_for(a, precision, which).algorithm < 0
             ? "cuDNN has no algorithm for it that always gives the same bits"
             : nullptr;
}

std::size_t workspace(const Conv2dProblem& a, Precision precision, Which which) {
  return plan_for(a, precision, which).workspace + (precision == Precision::bf16 ? copies(a) : 0);
}

std::size_t least_workspace(const Conv2dProblem& a, Precision precision, Which which) {
  if (make_plan(a, precision, which, 0)->algorithm >= 0) {
    lean_problems().insert(key_of(a, precision, which));
  }
  return workspace(a, precision, which);
}

}  // namespace
}  // namespace hilum

using namespace hilum;

#define HILUM_CUDNN_ROW(pass, row, precision)                                                \
  HILUM_EXPORT void conv2d_##pass##_##row(const Launch& on, const Conv2dProblem& a,          \
                                          const float* first, const float* second,           \
                                          float* result) {                                   \
    run(on, a, Precision::precision, Which::pass, first, second, result);                    \
  }                                                                                          \
  HILUM_EXPORT const char* conv2d_##pass##_##row##_why_not(const Conv2dProblem& a) {         \
    return why_not(a, Precision::precision, Which::pass);                                    \
  }                                                                                          \
  HILUM_EXPORT std::size_t conv2d_##pass##_##row##_workspace(const Conv2dProblem& a) {       \
    return workspace(a, Precision::precision, Which::pass);                                  \
  }                                                                                          \
  HILUM_EXPORT std::size_t conv2d_##pass##_##row##_least_workspace(const Conv2dProblem& a) { \
    return least_workspace(a, Precision::precision, Which::pass);                            \
  }

HILUM_CUDNN_ROW(forward, cudnn, fp32)
HILUM_CUDNN_ROW(forward, cudnn_tf32, tf32)
HILUM_CUDNN_ROW(forward, cudnn_bf16, bf16)
HILUM_CUDNN_ROW(backward_data, cudnn, fp32)
HILUM_CUDNN_ROW(backward_data, cudnn_tf32, tf32)
HILUM_CUDNN_ROW(backward_data, cudnn_bf16, bf16)
HILUM_CUDNN_ROW(backward_weight, cudnn, fp32)
HILUM_CUDNN_ROW(backward_weight, cudnn_tf32, tf32)
HILUM_CUDNN_ROW(backward_weight, cudnn_bf16, bf16)
