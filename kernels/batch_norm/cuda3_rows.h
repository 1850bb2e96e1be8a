// batch_norm, CUDA: sums over the rows by warps, for the rows cuda3 of batch_norm (whose head has
// the idea) and those of batch_norm_fused. A gatherer says what a thread takes from its rows;
// states then meet by shuffles, in shared memory, and level by level until one line of C is left.
#pragma once

#include "kernels/batch_norm/cuda_common.h"

namespace hilum {
namespace {

constexpr unsigned block = 256, width = 8, warps = block / 32, lines = block / width;
constexpr std::size_t group = batch_norm_cuda3_group;  // rows of a block: 32 a thread

using Sums = BatchNormSums;

struct Moments {
  float count, mean, squares;
};

__device__ Moments merge(Moments a, Moments b) {
  const float count = a.count + b.count, apart = b.mean - a.mean;
  const float share = count > 0 ? b.count / count : 0;
  return {count, a.mean + apart * share, a.squares + b.squares + apart * apart * a.count * share};
}
__device__ Sums merge(Sums a, Sums b) { return a + b; }

__device__ Moments from_lane(Moments a, int bits) {
  constexpr unsigned all = 0xFFFFFFFF;
  return {__shfl_xor_sync(all, a.count, bits), __shfl_xor_sync(all, a.mean, bits),
          __shfl_xor_sync(all, a.squares, bits)};
}
__device__ Sums from_lane(Sums a, int bits) {
  constexpr unsigned all = 0xFFFFFFFF;
  return {__shfl_xor_sync(all, a.plain, bits), __shfl_xor_sync(all, a.weighted, bits)};
}

// What a thread gathers: rows first, first + 32, … before end of channel c.
struct Values {
  using State = Moments;
  const float* x;
  std::size_t channels;
  __device__ Moments operator()(std::size_t first, std::size_t end, std::size_t c) const {
    constexpr unsigned batch = 8;
    const float pivot = x[c];
    Moments sum = {};
    for (std::size_t m = first; m < end; m += batch * lines) {
      float value[batch], total = 0, squares = 0;
      const std::size_t left = (end - m + lines - 1) / lines, count = left < batch ? left : batch;
#pragma unroll
      for (unsigned i = 0; i < batch; ++i) {
        value[i] = i < count ? x[(m + i * lines) * channels + c] - pivot : 0;
      }
#pragma unroll
      for (unsigned i = 0; i < batch; ++i) total += value[i];
      const float mean = total / static_cast<float>(count);
#pragma unroll
      for (unsigned i = 0; i < batch; ++i) {
        const float apart = value[i] - mean;
        squares += i < count ? apart * apart : 0;
      }
      sum = merge(sum, {static_cast<float>(count), mean, squares});
    }
    return sum;
  }
};
// Of lines that a level before has left.
template <class Of>
struct Parts {
  using State = Of;
  const State* in;
  std::size_t channels;
  __device__ State operator()(std::size_t first, std::size_t end, std::size_t c) const {
    State sum = {};
    for (std::size_t m = first; m < end; m += lines) sum = merge(sum, in[m * channels + c]);
    return sum;
  }
};

// [rows, channels] -> [rows / 1024, channels]; block b takes 8 channels of 1024 rows.
template <class Gather>
__global__ void gather_rows(std::size_t rows, std::size_t channels, Gather gather,
                            typename Gather::State* out) {
  using State = typename Gather::State;
  __shared__ State part[warps][width];
  const std::size_t across = (channels + width - 1) / width;
  const unsigned tx = threadIdx.x % width, ty = threadIdx.x / width, warp = threadIdx.x / 32;
  for (std::size_t b = blockIdx.x; b < across * groups_of(rows, group); b += gridDim.x) {
    const std::size_t k = b / across, c = b % across * width + tx;
    State sum = {};
    if (c < channels) sum = gather(k * group + ty, min((k + 1) * group, rows), c);
    sum = merge(sum, from_lane(sum, 8));
    sum = merge(sum, from_lane(sum, 16));
    if (threadIdx.x % 32 < width) part[warp][tx] = sum;
    __syncthreads();
    if (warp == 0 && threadIdx.x < width && c < channels) {
      for (unsigned i = 1; i < warps; ++i) sum = merge(sum, part[i][tx]);
      out[k * channels + c] = sum;
    }
    __syncthreads();  // before the next round writes
  }
}

template <class Gather>
void level(const Launch& on, std::size_t rows, std::size_t channels, Gather gather,
           typename Gather::State* out) {
  const std::size_t blocks = (channels + width - 1) / width * groups_of(rows, group);
  launch<gather_rows<Gather>>(on, blocks_for(blocks, 1), block, 0, rows, channels, gather, out);
}

// One line of C states, in the buffer.
template <class Gather, class State = typename Gather::State>
const State* all_rows(const Launch& on, const BatchNormProblem& a, Gather gather, State* buffer) {
  return reduce_to_one_line(
      a.rows, a.c, group, buffer, [&](State* out) { level(on, a.rows, a.c, gather, out); },
      [&](std::size_t rows, const State* in, State* out) {
        level(on, rows, a.c, Parts<State>{in, a.c}, out);
      });
}

__global__ void store_statistics(BatchNormProblem a, BatchNormTraining o, const Moments* moments,
                                 float* center, float* scale) {
  for (std::size_t c = grid_thread(); c < a.c; c += grid_threads()) {
    center[c] = moments[c].mean;
    scale[c] = batch_norm_finish(a, o, c, moments[c].mean, moments[c].squares);
  }
}

// The statistics of the batch into o's outputs; center and scale as batch_norm_normalise() wants
// them are the first two lines of the workspace, the tree is behind them.
void statistics(const Launch& on, const BatchNormProblem& a, const BatchNormTraining& o,
                float* center, float* scale) {
  const Moments* moments =
      all_rows(on, a, Values{o.x, a.c}, reinterpret_cast<Moments*>(scale + a.c));
  launch<store_statistics>(on, blocks_for(a.c, block), block, 0, a, o, moments, center, scale);
}

// dgamma and dbeta from what `gather` takes of each row; `buffer` is for the tree.
template <class Gather>
void parameter_gradients(const Launch& on, const BatchNormProblem& a, const Gather& gather,
                         const float* inv_std, float* dgamma, float* dbeta, float* buffer) {
  const Sums* sums = all_rows(on, a, gather, reinterpret_cast<Sums*>(buffer));
  launch<batch_norm_parameter_gradients>(on, blocks_for(a.c, block), block, 0, a.c, sums, inv_std,
                                         dgamma, dbeta);
}

}  // namespace
}  // namespace hilum
