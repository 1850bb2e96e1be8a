// The roofs of a GPU: multiply-adds on independent registers in float and on tensor cores, and
// copying in memory. Each kernel is its own proof that the arithmetic is done: what it sums is
// written where the compiler cannot know that nobody reads.
#include <algorithm>

#include "kernels/device_objects.h"
#include "kernels/tensor_core.h"

namespace hilum {
namespace {

constexpr int rounds = 2048, chains = 8;
constexpr unsigned block = 256, blocks = 132 * 16;  // several times what fits on any GPU

__global__ void multiply_add(float a, float b, float* out) {
  float sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = static_cast<float>(threadIdx.x + i);
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < chains; ++i) sum[i] = fmaf(sum[i], a, b);
  }
  float all = 0;
  for (int i = 0; i < chains; ++i) all += sum[i];
  if (all == 1) out[0] = all;
}

template <bool bf16>
__global__ void tensor_product(std::uint32_t bits, float* out) {
  const std::uint32_t a[4] = {bits, bits, bits, bits}, b[2] = {bits, bits};
  float sum[chains][4] = {};
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < chains; ++i) {
      if constexpr (bf16) {
        mma_bf16(sum[i], a, b);
      } else {
        mma_tf32(sum[i], a, b);
      }
    }
  }
  float all = 0;
  for (int i = 0; i < chains; ++i) all += sum[i][0] + sum[i][1] + sum[i][2] + sum[i][3];
  if (all == 1) out[0] = all;
}

__global__ void copy(std::size_t count, const float4* from, float4* to) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) to[i] = from[i];
}

// The best of a few runs.
template <class Work>
double best_seconds(Work work) {
  double best = 1e9;
  for (int i = 0; i < 6; ++i) {
    best = std::min(
        best, hilum_cuda_seconds([](void* context) { (*static_cast<Work*>(context))(); }, &work));
  }
  return best;
}

}  // namespace
}  // namespace hilum

using namespace hilum;

void hilum_cuda_roof(double* gflops, double* tf32, double* bf16, double* gigabytes) {
  Launch on;
  on.stream = hilum_cuda_stream();
  constexpr std::size_t bytes = std::size_t{1} << 30;
  auto* memory = static_cast<float*>(hilum_cuda_allocate(2 * bytes));
  check_cuda(memory ? cudaSuccess : cudaErrorMemoryAllocation, "2 GiB to measure the roof");
  // A warp's product is 16 x 8 x depth multiply-adds.
  const double threads = static_cast<double>(blocks) * block, calls = 1e-9 * rounds * chains;
  *gflops = 2 * threads * calls / best_seconds([&] {
              launch<multiply_add>(on, blocks, block, 0, 0.999f, 0.001f, memory);
            });
  *tf32 = 2 * threads / 32 * (16 * 8 * 8) * calls /
          best_seconds([&] { launch<tensor_product<false>>(on, blocks, block, 0, 0u, memory); });
  *bf16 = 2 * threads / 32 * (16 * 8 * 16) * calls /
          best_seconds([&] { launch<tensor_product<true>>(on, blocks, block, 0, 0u, memory); });
  auto* from = reinterpret_cast<float4*>(memory);
  *gigabytes = 2e-9 * bytes / best_seconds([&] {
                 launch<copy>(on, blocks * 4, block, 0, bytes / sizeof(float4), from,
                              from + bytes / sizeof(float4));
               });
  hilum_cuda_free(memory);
}
