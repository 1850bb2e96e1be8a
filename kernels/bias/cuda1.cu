// bias, CUDA. Forward: one thread an element. Backward: the rows are cut into chunks; a block sums
// one chunk of 32 channels, 8 rows at a time, so that a warp reads 32 neighbours in memory; the
// chunks' sums are then added, always in the same order. Bound by memory: 8 bytes moved an element
// forward, 4 backward.
#include "kernels/bias/bias.h"
#include "kernels/bias/rows.h"
#include "kernels/cuda.h"

namespace hilum {
namespace {

constexpr unsigned block = 256;
constexpr unsigned tile = 32, depth = 8;  // channels and rows that a block works on at once

__global__ void forward(std::size_t count, std::size_t channels, const float* x, const float* b,
                        float* y) {
  for (std::size_t i = grid_thread(); i < count; i += grid_threads()) {
    y[i] = x[i] + b[divide(i, channels).remainder];
  }
}

// sums: chunks x channels
__global__ void sum_chunks(std::size_t rows, std::size_t channels, std::size_t chunks,
                           const float* dy, float* sums) {
  __shared__ float partial[depth][tile];
  const std::size_t tiles = (channels + tile - 1) / tile;
  const std::size_t chunk = blockIdx.x / tiles, per_chunk = (rows + chunks - 1) / chunks;
  const std::size_t channel = blockIdx.x % tiles * tile + threadIdx.x;
  const std::size_t end = min(rows, (chunk + 1) * per_chunk);
  float sum = 0;
  if (channel < channels) {
    for (std::size_t row = chunk * per_chunk + threadIdx.y; row < end; row += depth) {
      sum += dy[row * channels + channel];
    }
  }
  partial[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || channel >= channels) return;
  for (unsigned i = 1; i < depth; ++i) sum += partial[i][threadIdx.x];
  sums[chunk * channels + channel] = sum;
}

__global__ void add_chunks(std::size_t channels, std::size_t chunks, const float* sums, float* db) {
  for (std::size_t c = grid_thread(); c < channels; c += grid_threads()) {
    float sum = 0;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) sum += sums[chunk * channels + c];
    db[c] = sum;
  }
}

}  // namespace

HILUM_CUDA_ROW(BiasForward, bias_forward_cuda1);
void bias_forward_cuda1(const Launch& on, const BiasProblem& a, const float* x, const float* b,
                        float* y) {
  launch<forward>(on, blocks_for(a.count(), block), block, 0, a.count(), a.c, x, b, y);
}

HILUM_CUDA_ROW(BiasBackward, bias_backward_cuda1);
void bias_backward_cuda1(const Launch& on, const BiasProblem& a, const float* dy, float* db) {
  const std::size_t chunks = bias_cuda1_chunks(a);
  float* sums = static_cast<float*>(on.workspace);
  const auto tiles = static_cast<unsigned>((a.c + tile - 1) / tile);
  launch<sum_chunks>(on, tiles * static_cast<unsigned>(chunks), dim3(tile, depth), 0, a.rows, a.c,
                     chunks, dy, sums);
  launch<add_chunks>(on, blocks_for(a.c, block), block, 0, a.c, chunks, sums, db);
}

}  // namespace hilum
