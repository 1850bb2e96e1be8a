// batch_norm_fused, cpu1: batch norm's two sweeps, with everything that follows done in the second.
//
// Idea: batch norm has to go through x twice, and what follows it (addition, ReLU) would go through
// its result again, with nothing to compute. Forward adds and cuts off while it normalises.
// Backward applies the ReLU while it gathers its sums: without a shortcut the sign is that of the
// formula, so dy and x are read twice and dx is written, into dy where it may be; with one the
// masked gradient is what the shortcut gets, so it is written in the first sweep and read in the
// second.
//
// The two sweeps of a pass run in opposite directions, chunk by chunk: the second begins where the
// first ended, in what is still in the cache. Chunks and sums: kernels/batch_norm/cpu1.cpp.
//
// Bound by: memory; large results are written around the caches.
#ifndef HILUM_ISA

#include "kernels/around.h"
#include "kernels/batch_norm/chunks.h"
#include "kernels/batch_norm_fused/rows.h"

#define HILUM_THIS_FILE "kernels/batch_norm_fused/cpu1.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {

// Three partial results a chunk and channel, then three lines of C for the loops over x.
std::size_t batch_norm_fused_cpu1_workspace(const BatchNormFusedProblem& a) {
  return (3 * Chunks(a.rows, a.c).count + 3) * a.c * sizeof(float);
}
void batch_norm_fused_forward_cpu1(const Launch& launch, const BatchNormFusedProblem& a,
                                   const float* x, const float* gamma, const float* beta,
                                   const float* shortcut, const float* running_mean,
                                   const float* running_var, float* y, float* mean, float* inv_std,
                                   float* running_mean_out, float* running_var_out) {
  HILUM_DISPATCH_ISA(batch_norm_fused_forward, a, static_cast<float*>(launch.workspace), x, gamma,
                     beta, shortcut, running_mean, running_var, y, mean, inv_std, running_mean_out,
                     running_var_out);
}
void batch_norm_fused_backward_cpu1(const Launch& launch, const BatchNormFusedProblem& a,
                                    const float* x, const float* gamma, const float* beta,
                                    const float* mean, const float* inv_std, const float* y,
                                    const float* dy, float* dx, float* dshortcut, float* dgamma,
                                    float* dbeta) {
  HILUM_DISPATCH_ISA(batch_norm_fused_backward, a, static_cast<float*>(launch.workspace), x, gamma,
                     beta, mean, inv_std, y, dy, dx, dshortcut, dgamma, dbeta);
}
void batch_norm_fused_rebuild_cpu1(const Launch& launch, const BatchNormFusedProblem& a,
                                   const float* x, const float* gamma, const float* beta,
                                   const float* shortcut, const float* mean, const float* inv_std,
                                   float* y) {
  HILUM_DISPATCH_ISA(batch_norm_fused_rebuild, a, static_cast<float*>(launch.workspace), x, gamma,
                     beta, shortcut, mean, inv_std, y);
}

}  // namespace hilum

#else

#include "kernels/batch_norm/cpu_channels.h"

namespace hilum::HILUM_ISA {
namespace {

// n channels from c on: x minus its mean, and z without the shortcut. scale = gamma * inv_std.
struct Line {
  const float *mean, *scale, *beta;
  Vec deviation(const float* x, std::size_t c, std::size_t n) const __attribute__((always_inline)) {
    return load_first(x + c, n) - load_first(mean + c, n);
  }
  Vec z(Vec deviation, std::size_t c, std::size_t n) const __attribute__((always_inline)) {
    return deviation * load_first(scale + c, n) + load_first(beta + c, n);
  }
};

}  // namespace

// The lines of C that follow the chunks in the workspace; the first is gamma * inv_std.
static float* scale_line(const BatchNormFusedProblem& a, float* workspace, const float* gamma,
                         const float* inv_std) {
  float* const scale = workspace + 3 * Chunks(a.rows, a.c).count * a.c;
  for (std::size_t c = 0; c < a.c; ++c) scale[c] = gamma[c] * inv_std[c];
  return scale;
}

template <bool relu, bool with_shortcut, bool around>
static void normalise_rows(const BatchNormFusedProblem& a, const Line& line, const float* x,
                           const float* shortcut, float* y) {
#pragma omp parallel
  {
    for (auto [m, end] = my_part(a.rows); m < end; ++m) {
      const float *from = x + m * a.c, *more = with_shortcut ? shortcut + m * a.c : nullptr;
      float* to = y + m * a.y_row();
      for_channels(
          a.c, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
            Vec z = line.z(line.deviation(from, c, n), c, n);
            if (with_shortcut) z += load_first(more + c, n);
            if (relu) z = z <= Vec{} ? Vec{} : z;
            if (around) {
              store_around(to + c, z);
            } else {
              store_first(to + c, z, n);
            }
          });
    }
    if (around) finish_around();
  }
}

template <bool relu, bool with_shortcut>
static void normalise(const BatchNormFusedProblem& a, const Line& line, const float* x,
                      const float* shortcut, float* y) {
  const bool around = y != x && y != shortcut && goes_around(y, a.rows * a.y_row(), a.y_row(), a.c);
  around ? normalise_rows<relu, with_shortcut, true>(a, line, x, shortcut, y)
         : normalise_rows<relu, with_shortcut, false>(a, line, x, shortcut, y);
}

static void batch_norm_fused_rebuild(const BatchNormFusedProblem& a, float* workspace,
                                     const float* x, const float* gamma, const float* beta,
                                     const float* shortcut, const float* mean, const float* inv_std,
                                     float* y) {
  const Line line{mean, scale_line(a, workspace, gamma, inv_std), beta};
  if (a.shortcut) {
    a.relu ? normalise<true, true>(a, line, x, shortcut, y)
           : normalise<false, true>(a, line, x, shortcut, y);
  } else {
    a.relu ? normalise<true, false>(a, line, x, shortcut, y)
           : normalise<false, false>(a, line, x, shortcut, y);
  }
}

static void batch_norm_fused_forward(const BatchNormFusedProblem& a, float* workspace,
                                     const float* x, const float* gamma, const float* beta,
                                     const float* shortcut, const float* running_mean,
                                     const float* running_var, float* y, float* mean,
                                     float* inv_std, float* running_mean_out,
                                     float* running_var_out) {
  batch_norm_statistics(a, workspace, x, running_mean, running_var, mean, inv_std, running_mean_out,
                        running_var_out, [](std::size_t, double, double) {});
  batch_norm_fused_rebuild(a, workspace, x, gamma, beta, shortcut, mean, inv_std, y);
}

// The sums over g and g * deviation; writes g where there is a shortcut to give it to.
template <bool relu, bool with_shortcut>
static void gradient_sums(const BatchNormFusedProblem& a, const Chunks& chunks, const Line& line,
                          const float* x, const float* y, const float* dy, float* dshortcut,
                          float* plain, float* weighted) {
#pragma omp parallel
  for (auto [lowest, k] = my_part(chunks.count); k-- > lowest;) {
    const std::size_t first = chunks.begin(k);
    two_sums_of_rows(
        chunks.length(k), a.c, plain + k * a.c, weighted + k * a.c,
        [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const std::size_t row = (first + m) * a.c;
          const Vec deviation = line.deviation(x + row, c, n);
          Vec g = load_first(dy + (first + m) * a.y_row() + c, n);
          if (relu) {
            const Vec sign = with_shortcut ? load_first(y + row + c, n) : line.z(deviation, c, n);
            g = sign > Vec{} ? g : Vec{};
          }
          if (with_shortcut) store_first(dshortcut + row + c, g, n);
          return TwoSums{g, g * deviation};
        });
  }
}

// dx = scale * (g - plain - deviation * slope), g being masked here where `relu`.
template <bool relu>
static void input_gradient(const BatchNormFusedProblem& a, const Line& line, const float* plain,
                           const float* slope, const float* x, const float* dy, float* dx) {
#pragma omp parallel for schedule(static)
  for (std::size_t m = 0; m < a.rows; ++m) {
    for_channels(
        a.c, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec deviation = line.deviation(x + m * a.c, c, n);
          Vec g = load_first(dy + m * a.y_row() + c, n);
          if (relu) g = line.z(deviation, c, n) > Vec{} ? g : Vec{};
          const Vec centered = g - load_first(plain + c, n);
          store_first(
              dx + m * a.c + c,
              load_first(line.scale + c, n) * (centered - deviation * load_first(slope + c, n)), n);
        });
  }
}

static void batch_norm_fused_backward(const BatchNormFusedProblem& a, float* workspace,
                                      const float* x, const float* gamma, const float* beta,
                                      const float* mean, const float* inv_std, const float* y,
                                      const float* dy, float* dx, float* dshortcut, float* dgamma,
                                      float* dbeta) {
  const Chunks chunks(a.rows, a.c);
  float* const sums = workspace;  // chunks x C, like the next one
  float* const weighted = sums + chunks.count * a.c;
  const Line line{mean, scale_line(a, workspace, gamma, inv_std), beta};
  auto first_sweep = a.shortcut
                         ? (a.relu ? gradient_sums<true, true> : gradient_sums<false, true>)
                         : (a.relu ? gradient_sums<true, false> : gradient_sums<false, false>);
  first_sweep(a, chunks, line, x, y, dy, dshortcut, sums, weighted);
  batch_norm_parameter_gradients(chunks, a.c, sums, weighted, inv_std, dgamma, dbeta);
  float* const plain = workspace + (3 * chunks.count + 1) * a.c;
  float* const slope = plain + a.c;
  const auto rows = static_cast<float>(a.rows);
  for (std::size_t c = 0; c < a.c; ++c) {
    plain[c] = dbeta[c] / rows;
    slope[c] = inv_std[c] * (dgamma[c] / rows);
  }
  if (a.shortcut) {
    input_gradient<false>(a, line, plain, slope, x, dshortcut, dx);
  } else {
    a.relu ? input_gradient<true>(a, line, plain, slope, x, dy, dx)
           : input_gradient<false>(a, line, plain, slope, x, dy, dx);
  }
}

}  // namespace hilum::HILUM_ISA
#endif
