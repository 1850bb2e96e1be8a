// batch_norm_fused, CUDA: batch norm's cuda3, with everything that follows done in its second trip.
//
// Idea: the sums over the rows are those of kernels/batch_norm/cuda3_rows.h. The trip that
// normalises also adds the shortcut and cuts off, so the addition and the ReLU cost no trip of
// their own. Backward applies the ReLU while it gathers the sums: without a shortcut the sign is
// that of the formula; with one the masked gradient is what the shortcut gets, so it is written by
// the thread that has it at hand, and read again for dx. Forward and rebuild are one kernel, fed
// with the mean that forward has stored, hence the same bits.
//
// Bound by: memory. Forward reads x twice and writes y: 12 bytes an element, 16 with a shortcut;
// batch_norm, add and relu one after another move 32.
#include "kernels/batch_norm/cuda3_rows.h"
#include "kernels/batch_norm_fused/batch_norm_fused.h"

namespace hilum {
namespace {

using Problem = BatchNormFusedProblem;

// What is known of a channel. One multiply-add, so that z has one sign in every kernel.
struct Channel {
  float mean, scale, beta;
  __device__ float z(float deviation) const { return fmaf(deviation, scale, beta); }
};
struct Channels {
  const float *gamma, *beta, *mean, *inv_std;
  __device__ Channel operator[](std::size_t c) const {
    return {mean[c], gamma[c] * inv_std[c], beta[c]};
  }
};

// Of y and dy, element i of x.
__device__ std::size_t pitched(const Problem& a, std::size_t i, std::size_t c) {
  return a.y_row() == a.c ? i : i / a.c * a.y_row() + c;
}

__global__ void normalise(Problem a, Channels of, const float* x, const float* shortcut, float* y) {
  for_each_of_channel(a.rows, a.c, [&](std::size_t c) {
    return [&, c, channel = of[c]](std::size_t i) {
      float z = channel.z(x[i] - channel.mean);
      if (a.shortcut) z += shortcut[i];
      y[pitched(a, i, c)] = a.relu && z <= 0 ? 0 : z;
    };
  });
}

// The sums over g and g (x - mean), g being dy behind the ReLU; writes g where there is a shortcut
// to give it to.
struct MaskedGradients {
  using State = Sums;
  Problem a;
  Channels of;
  const float *x, *y, *dy;
  float* dshortcut;
  __device__ Sums operator()(std::size_t first, std::size_t end, std::size_t c) const {
    const Channel channel = of[c];
    Sums sum = {};
    for (std::size_t m = first; m < end; m += lines) {
      const std::size_t i = m * a.c + c;
      const float deviation = x[i] - channel.mean;
      float g = dy[m * a.y_row() + c];
      if (a.relu && !((a.shortcut ? y[i] : channel.z(deviation)) > 0)) g = 0;
      if (a.shortcut) dshortcut[i] = g;
      sum = sum + Sums{g, g * deviation};
    }
    return sum;
  }
};

// dx = scale (g - dbeta / rows - (x - mean) inv_std dgamma / rows); dy is g already where there is
// a shortcut.
__global__ void input_gradient(Problem a, Channels of, const float* x, const float* dy, float* dx,
                               const float* dgamma, const float* dbeta) {
  const auto rows = static_cast<float>(a.rows);
  const bool mask = a.relu && !a.shortcut;
  for_each_of_channel(a.rows, a.c, [&](std::size_t c) {
    return [=, channel = of[c], plain = dbeta[c] / rows,
            slope = of.inv_std[c] * (dgamma[c] / rows)](std::size_t i) {
      const float deviation = x[i] - channel.mean;
      const float g = mask && !(channel.z(deviation) > 0) ? 0 : dy[pitched(a, i, c)];
      dx[i] = channel.scale * (g - plain - deviation * slope);
    };
  });
}

}  // namespace

HILUM_CUDA_ROW(BatchNormFusedRebuild, batch_norm_fused_rebuild_cuda1_warp);
void batch_norm_fused_rebuild_cuda1_warp(const Launch& on, const BatchNormFusedProblem& a,
                                         const float* x, const float* gamma, const float* beta,
                                         const float* shortcut, const float* mean,
                                         const float* inv_std, float* y) {
  launch<normalise>(on, blocks_for_channels(a, block), block, 0, a,
                    Channels{gamma, beta, mean, inv_std}, x, shortcut, y);
}

HILUM_CUDA_ROW(BatchNormFusedForward, batch_norm_fused_forward_cuda1_warp);
void batch_norm_fused_forward_cuda1_warp(const Launch& on, const BatchNormFusedProblem& a,
                                         const float* x, const float* gamma, const float* beta,
                                         const float* shortcut, const float* running_mean,
                                         const float* running_var, float* y, float* mean,
                                         float* inv_std, float* running_mean_out,
                                         float* running_var_out) {
  const BatchNormTraining o = {x, gamma, beta,    running_mean,     running_var,
                               y, mean,  inv_std, running_mean_out, running_var_out};
  float* const lines_of_c = static_cast<float*>(on.workspace);
  statistics(on, a, o, lines_of_c, lines_of_c + a.c);
  batch_norm_fused_rebuild_cuda1_warp(on, a, x, gamma, beta, shortcut, mean, inv_std, y);
}

HILUM_CUDA_ROW(BatchNormFusedBackward, batch_norm_fused_backward_cuda1_warp);
void batch_norm_fused_backward_cuda1_warp(const Launch& on, const BatchNormFusedProblem& a,
                                          const float* x, const float* gamma, const float* beta,
                                          const float* mean, const float* inv_std, const float* y,
                                          const float* dy, float* dx, float* dshortcut,
                                          float* dgamma, float* dbeta) {
  const Channels of = {gamma, beta, mean, inv_std};
  parameter_gradients(on, a, MaskedGradients{a, of, x, y, dy, dshortcut}, inv_std, dgamma, dbeta,
                      static_cast<float*>(on.workspace));
  launch<input_gradient>(on, blocks_for_channels(a, block), block, 0, a, of, x,
                         a.shortcut ? dshortcut : dy, dx, dgamma, dbeta);
}

}  // namespace hilum
