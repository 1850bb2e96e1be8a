// batch_norm, oneDNN: the yardstick.
//
// What differs: it takes and gives the variance where we keep inv_std, so a row converts C numbers
// before or after (backward: variance = 1/inv_std^2 - epsilon, which loses digits where the
// variance is far below epsilon); it keeps no running statistics, so `forward` updates them here.
// The sums of the training passes are split by thread, so their bits follow the number of threads.
#include "kernels/onednn.h"

#include "kernels/batch_norm/rows.h"

#ifdef HILUM_HAVE_ONEDNN

#include <algorithm>
#include <cmath>

namespace hilum {
namespace {

const auto scale_shift =
    dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;

// x as one image of rows x 1 pixels, which is what its NHWC code sees of any batch.
dnnl::memory::desc matrix(const BatchNormProblem& a) {
  return onednn::tensor({1, static_cast<std::int64_t>(a.c), static_cast<std::int64_t>(a.rows), 1},
                        dnnl::memory::format_tag::nhwc);
}
dnnl::memory::desc line(const BatchNormProblem& a) {
  return onednn::tensor({static_cast<std::int64_t>(a.c)}, dnnl::memory::format_tag::a);
}

dnnl::batch_normalization_forward::primitive_desc forward(const BatchNormProblem& a,
                                                          dnnl::prop_kind kind,
                                                          dnnl::normalization_flags flags) {
  return {{kind, matrix(a), a.epsilon, flags}, onednn::engine()};
}

std::string key(const char* pass, const BatchNormProblem& a) {
  return std::string("batch_norm.") + pass + " " + a.describe();
}

// Either backward pass, with the statistics as constants or not.
void backward(const char* pass, const BatchNormProblem& a, dnnl::normalization_flags flags,
              const float* x, const float* gamma, const float* mean, const float* variance,
              const float* dy, float* dx, float* dgamma, float* dbeta) {
  onednn::Primitive& primitive = onednn::cached(key(pass, a), [&] {
    const dnnl::batch_normalization_backward::primitive_desc pd(
        {dnnl::prop_kind::backward, matrix(a), matrix(a), a.epsilon, flags}, onednn::engine(),
        forward(a, dnnl::prop_kind::forward_training, flags));
    onednn::Primitive built{dnnl::batch_normalization_backward(pd)};
    built.input(DNNL_ARG_SRC, matrix(a), matrix(a));
    built.input(DNNL_ARG_SCALE, line(a), line(a));
    built.own(DNNL_ARG_SHIFT, line(a));  // asked for, never read
    built.input(DNNL_ARG_MEAN, line(a), line(a));
    built.input(DNNL_ARG_VARIANCE, line(a), line(a));
    built.input(DNNL_ARG_DIFF_DST, matrix(a), matrix(a));
    built.output(DNNL_ARG_DIFF_SRC, matrix(a), matrix(a));
    built.output(DNNL_ARG_DIFF_SCALE, line(a), line(a));
    built.output(DNNL_ARG_DIFF_SHIFT, line(a), line(a));
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x},
                 {DNNL_ARG_SCALE, gamma},
                 {DNNL_ARG_MEAN, mean},
                 {DNNL_ARG_VARIANCE, variance},
                 {DNNL_ARG_DIFF_DST, dy},
                 {DNNL_ARG_DIFF_SRC, dx},
                 {DNNL_ARG_DIFF_SCALE, dgamma},
                 {DNNL_ARG_DIFF_SHIFT, dbeta}});
}

}  // namespace

std::size_t batch_norm_onednn_workspace(const BatchNormProblem& a) {
  return a.c * sizeof(float);  // the variance
}

void batch_norm_forward_onednn(const Launch& launch, const BatchNormProblem& a, const float* x,
                               const float* gamma, const float* beta, const float* running_mean,
                               const float* running_var, float* y, float* mean, float* inv_std,
                               float* running_mean_out, float* running_var_out) {
  onednn::Primitive& primitive = onednn::cached(key("forward", a), [&] {
    onednn::Primitive built{dnnl::batch_normalization_forward(
        forward(a, dnnl::prop_kind::forward_training, scale_shift))};
    built.input(DNNL_ARG_SRC, matrix(a), matrix(a));
    built.input(DNNL_ARG_SCALE, line(a), line(a));
    built.input(DNNL_ARG_SHIFT, line(a), line(a));
    built.output(DNNL_ARG_DST, matrix(a), matrix(a));
    built.output(DNNL_ARG_MEAN, line(a), line(a));
    built.output(DNNL_ARG_VARIANCE, line(a), line(a));
    return built;
  });
  auto* variance = static_cast<float*>(launch.workspace);
  primitive.run({{DNNL_ARG_SRC, x},
                 {DNNL_ARG_SCALE, gamma},
                 {DNNL_ARG_SHIFT, beta},
                 {DNNL_ARG_DST, y},
                 {DNNL_ARG_MEAN, mean},
                 {DNNL_ARG_VARIANCE, variance}});
  const auto rows = static_cast<float>(a.rows);
  const float unbiased = rows / std::max(rows - 1, 1.0f), weight = a.momentum;
  for (std::size_t c = 0; c < a.c; ++c) {
    inv_std[c] = 1 / std::sqrt(variance[c] + a.epsilon);
    running_mean_out[c] = (1 - weight) * running_mean[c] + weight * mean[c];
    running_var_out[c] = (1 - weight) * running_var[c] + weight * (variance[c] * unbiased);
  }
}

void batch_norm_backward_onednn(const Launch& launch, const BatchNormProblem& a, const float* x,
                                const float* gamma, const float* mean, const float* inv_std,
                                const float* dy, float* dx, float* dgamma, float* dbeta) {
  auto* variance = static_cast<float*>(launch.workspace);
  for (std::size_t c = 0; c < a.c; ++c) {
    variance[c] = std::max(1 / (inv_std[c] * inv_std[c]) - a.epsilon, 0.0f);
  }
  backward("backward", a, scale_shift, x, gamma, mean, variance, dy, dx, dgamma, dbeta);
}

void batch_norm_inference_onednn(const Launch&, const BatchNormProblem& a, const float* x,
                                 const float* gamma, const float* beta, const float* running_mean,
                                 const float* running_var, float* y) {
  onednn::Primitive& primitive = onednn::cached(key("inference", a), [&] {
    onednn::Primitive built{dnnl::batch_normalization_forward(
        forward(a, dnnl::prop_kind::forward_inference,
                scale_shift | dnnl::normalization_flags::use_global_stats))};
    built.input(DNNL_ARG_SRC, matrix(a), matrix(a));
    built.input(DNNL_ARG_SCALE, line(a), line(a));
    built.input(DNNL_ARG_SHIFT, line(a), line(a));
    built.input(DNNL_ARG_MEAN, line(a), line(a));
    built.input(DNNL_ARG_VARIANCE, line(a), line(a));
    built.output(DNNL_ARG_DST, matrix(a), matrix(a));
    return built;
  });
  primitive.run({{DNNL_ARG_SRC, x},
                 {DNNL_ARG_SCALE, gamma},
                 {DNNL_ARG_SHIFT, beta},
                 {DNNL_ARG_MEAN, running_mean},
                 {DNNL_ARG_VARIANCE, running_var},
                 {DNNL_ARG_DST, y}});
}

void batch_norm_inference_backward_onednn(const Launch&, const BatchNormProblem& a, const float* x,
                                          const float* gamma, const float* running_mean,
                                          const float* running_var, const float* dy, float* dx,
                                          float* dgamma, float* dbeta) {
  backward("inference_backward", a, scale_shift | dnnl::normalization_flags::use_global_stats, x,
           gamma, running_mean, running_var, dy, dx, dgamma, dbeta);
}

}  // namespace hilum

#endif
