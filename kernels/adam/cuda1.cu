// adam, CUDA: one thread an element, a multiple of a block's threads apart.
//
// step_all updates a whole network in one launch: ResNet-50 has 161 parameters, most of them a few
// hundred numbers, and 161 launches would cost more time than the arithmetic. The parameters are
// cut into chunks of a block; the table that leads from a block to its parameter travels in the
// kernel's own arguments (up to 32 KiB of them since CUDA 12.1, 4 before), so nothing is copied
// beforehand. More parameters than the table holds take another launch.
//
// Bound by: memory, 28 bytes an element.
#include "kernels/adam/adam.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;
constexpr std::size_t chunk = 4 * block;  // elements of a block

// The coefficients as floats, each rounded once.
struct Coefficients {
  float decay, keep, rate, root, epsilon, beta1, rest1, beta2, rest2;
};

Coefficients coefficients(const AdamProblem& a) {
  const AdamCoefficients k = adam_coefficients(a);
  auto rounded = [](double v) { return static_cast<float>(v); };
  return {rounded(k.decay_gradient), rounded(k.keep),    rounded(k.rate),
          rounded(k.root),           rounded(a.epsilon), rounded(a.beta1),
          rounded(1 - a.beta1),      rounded(a.beta2),   rounded(1 - a.beta2)};
}

struct Parameter {
  const float *w, *g, *m, *v;
  float *w_out, *m_out, *v_out;
  std::size_t count;
};

// Fused operations are written out, so that both kernels round alike.
__device__ __forceinline__ void update(const Coefficients& k, const Parameter& p, std::size_t i) {
  const float w = p.w[i];
  const float gradient = __fmaf_rn(k.decay, w, p.g[i]);
  const float first = __fmaf_rn(k.beta1, p.m[i], __fmul_rn(k.rest1, gradient));
  const float second =
      __fmaf_rn(k.beta2, p.v[i], __fmul_rn(__fmul_rn(k.rest2, gradient), gradient));
  const float way = __fmul_rn(k.rate, first) / __fmaf_rn(sqrtf(second), k.root, k.epsilon);
  p.w_out[i] = __fmaf_rn(k.keep, w, -way);
  p.m_out[i] = first;
  p.v_out[i] = second;
}

__global__ void step(Coefficients k, Parameter p) {
  for (std::size_t i = grid_thread(); i < p.count; i += grid_threads()) update(k, p, i);
}

#if defined(CUDART_VERSION) && CUDART_VERSION >= 12010
constexpr std::size_t most_argument_bytes = 32764;
#else
constexpr std::size_t most_argument_bytes = 4096;
#endif

struct ParameterTable {
  static constexpr std::size_t most =
      (most_argument_bytes - sizeof(Coefficients) - 16) / (sizeof(Parameter) + sizeof(unsigned));
  Parameter parameter[most];
  unsigned first_block[most];
  unsigned used;
};

__global__ void step_all(const __grid_constant__ Coefficients k,
                         const __grid_constant__ ParameterTable table) {
  // The last parameter that begins at this block or before: the same for the whole block.
  unsigned low = 0, high = table.used;
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    (table.first_block[middle] <= blockIdx.x ? low : high) = middle;
  }
  const std::size_t begin = (blockIdx.x - table.first_block[low]) * chunk;
  const std::size_t end = min(begin + chunk, table.parameter[low].count);
  for (std::size_t i = begin + threadIdx.x; i < end; i += block) update(k, table.parameter[low], i);
}

}  // namespace

HILUM_CUDA_ROW(AdamStep, adam_step_cuda1);
void adam_step_cuda1(const Launch& on, const AdamProblem& a, const float* w, const float* g,
                     const float* m, const float* v, float* w_out, float* m_out, float* v_out) {
  launch<step>(on, blocks_for(a.count, block), block, 0, coefficients(a),
               Parameter{w, g, m, v, w_out, m_out, v_out, a.count});
}

HILUM_CUDA_ROW(AdamStepAll, adam_step_all_cuda1);
void adam_step_all_cuda1(const Launch& on, const AdamAllProblem& a, const float* const* w,
                         const float* const* g, const float* const* m, const float* const* v,
                         float* const* w_out, float* const* m_out, float* const* v_out) {
  ParameterTable table;
  table.used = 0;
  unsigned blocks = 0;
  for (std::size_t k = 0; k < a.counts.size(); ++k) {
    if (a.counts[k] != 0) {
      table.parameter[table.used] = {w[k],     g[k],     m[k],     v[k],
                                     w_out[k], m_out[k], v_out[k], a.counts[k]};
      table.first_block[table.used++] = blocks;
      blocks += static_cast<unsigned>((a.counts[k] + chunk - 1) / chunk);
    }
    if (table.used == ParameterTable::most || k + 1 == a.counts.size()) {
      launch<step_all>(on, blocks, block, 0, coefficients(a.each), table);
      table.used = blocks = 0;
    }
  }
}

}  // namespace hilum
