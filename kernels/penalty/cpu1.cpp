// penalty, CPU: one pass over the weights. The sums are taken in double, in chunks of a fixed
// length and in 16 fixed lanes within a chunk (written out, so that the compiler may use registers
// without changing the order); the squares of floats are exact in double. Hence the bits depend
// neither on the threads nor on the instruction set.
// Bound by memory: 4 bytes moved an element forward, 8 backward.
#ifndef HILUM_ISA
#include "kernels/elementwise.h"
#include "kernels/penalty/rows.h"
#define HILUM_THIS_FILE "kernels/penalty/cpu1.cpp"
namespace hilum {
static constexpr std::size_t chunk_length = 8192;
struct PenaltySums {
  double absolute, square;
};
static std::size_t chunks_of(const PenaltyProblem& a) {
  return (a.count + chunk_length - 1) / chunk_length;
}
}  // namespace hilum
#include "kernels/foreach_isa.h"

namespace hilum {
void penalty_forward_cpu1(const Launch& launch, const PenaltyProblem& a, const float* w,
                          float* loss) {
  HILUM_DISPATCH_ISA(penalty_forward, a, w, static_cast<PenaltySums*>(launch.workspace), loss);
}
std::size_t penalty_forward_cpu1_workspace(const PenaltyProblem& a) {
  return chunks_of(a) * sizeof(PenaltySums);
}
void penalty_backward_cpu1(const Launch&, const PenaltyProblem& a, const float* w,
                           const float* dloss, float* dw) {
  HILUM_DISPATCH_ISA(penalty_backward, a, w, dloss, dw);
}
}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

static PenaltySums penalty_sums(const float* w, std::size_t count) {
  double absolute[16] = {}, square[16] = {};
  const std::size_t whole = count / 16 * 16;
  for (std::size_t i = 0; i < whole; i += 16) {
#pragma omp simd
    for (std::size_t lane = 0; lane < 16; ++lane) {
      const double v = w[i + lane];
      absolute[lane] += __builtin_fabs(v);
      square[lane] += v * v;
    }
  }
  for (std::size_t i = whole; i < count; ++i) {
    const double v = w[i];
    absolute[i - whole] += __builtin_fabs(v);
    square[i - whole] += v * v;
  }
  PenaltySums total = {0, 0};
  for (std::size_t lane = 0; lane < 16; ++lane) {
    total.absolute += absolute[lane];
    total.square += square[lane];
  }
  return total;
}

static void penalty_forward(const PenaltyProblem& a, const float* w, PenaltySums* partial,
                            float* loss) {
  const std::size_t chunks = chunks_of(a);
#pragma omp parallel for schedule(static) if (a.count >= parallel_from)
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const std::size_t begin = chunk * chunk_length;
    partial[chunk] = penalty_sums(w + begin, std::min(chunk_length, a.count - begin));
  }
  double absolute = 0, square = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    absolute += partial[chunk].absolute;
    square += partial[chunk].square;
  }
  *loss = static_cast<float>(a.l1 * absolute + a.l2 * square);
}

static void penalty_backward(const PenaltyProblem& a, const float* w, const float* dloss,
                             float* dw) {
  const float slope = *dloss * a.l1, twice = 2 * *dloss * a.l2;
#pragma omp parallel for simd schedule(static) if (parallel : a.count >= parallel_from)
  for (std::size_t i = 0; i < a.count; ++i) {
    const float v = w[i];
    dw[i] = twice * v + (v > 0 ? slope : v < 0 ? -slope : 0.0f);
  }
}

}  // namespace hilum::HILUM_ISA
#endif
