// conv2d, CUDA: the matrices of a product, as kernels read and write them. A source knows where the
// piece of 16 bytes at (row, depth) stands in memory, or that it is zero: a plain matrix here, and
// in cuda4_operands.h the matrices of a convolution that exist nowhere. The place is worked out in
// two parts, so that a thread keeps what does not change from stage to stage:
//
//   Row row(int r)      Depth depth(int d, int end)
//   bool inside(Row, Depth)     no: zeros, and at() points where nothing may be read
//   const T* at(Row, Depth)
//
// `select(batch)` goes to one of several matrices, and `along_depth` says which way the pieces lie.
// T is float, or std::uint16_t for bf16.
#pragma once

#include "kernels/conv2d/cuda_plan.h"
#include "kernels/tensor_core.h"

namespace hilum {
namespace {

// n / divisor for n < 2^31 without a division. (Granlund and Montgomery, "Division by Invariant
// Integers using Multiplication", 1994.)
struct FastDivide {
  unsigned multiplier, shift;
  explicit FastDivide(int by) {
    const std::uint64_t divisor = by < 1 ? 1 : static_cast<std::uint64_t>(by);
    shift = 0;
    while ((std::uint64_t{1} << shift) < divisor) ++shift;
    multiplier = static_cast<unsigned>(
        (std::uint64_t{1} << 32) * ((std::uint64_t{1} << shift) - divisor) / divisor + 1);
  }
  __device__ __forceinline__ int operator()(int n) const {
    const unsigned u = static_cast<unsigned>(n);
    return static_cast<int>((__umulhi(u, multiplier) + u) >> shift);
  }
};

// Element (r, d) of matrix `batch` at data[batch * batch_step + r * row_step + d].
template <class T>
struct Matrix {
  using Element = T;
  struct Row {
    const T* begin;
    bool inside;
  };
  struct Depth {
    int place;
    bool inside;
  };
  static constexpr bool along_depth = true;
  const T* data;
  int rows;
  std::size_t row_step, batch_step = 0;

  __device__ void select(int batch) { data += static_cast<std::size_t>(batch) * batch_step; }
  __device__ Row row(int r) const {
    const bool inside = r < rows;
    return {data + static_cast<std::size_t>(inside ? r : 0) * row_step, inside};
  }
  __device__ Depth depth(int d, int end) const { return {d, d < end}; }
  __device__ bool inside(const Row& row, const Depth& depth) const {
    return row.inside && depth.inside;
  }
  __device__ const T* at(const Row& row, const Depth& depth) const {
    return row.begin + depth.place;
  }
};

// Which pieces of a tile of `rows` x `depth` a thread brings, and where they stand. Neighbours in a
// warp take neighbours in memory.
template <class Source, int rows, int depth, int threads>
class Pieces {
 public:
  using T = typename Source::Element;
  static constexpr int vector = 16 / static_cast<int>(sizeof(T));
  static constexpr int count = rows * depth / vector / threads;
  static constexpr int per_line = (Source::along_depth ? depth : rows) / vector;
  static_assert(rows * depth % (vector * threads) == 0 && threads % per_line == 0);

  __device__ Pieces(const Source& source, int first_row) {
    for (int i = 0; i < held; ++i) held_[i] = source.row(first_row + row_of(i));
  }
  // use(i, row in the tile, depth in the tile, address, may it be read?) for each piece of this
  // thread.
  template <class Use>
  __device__ __forceinline__ void visit(const Source& source, int first, int end, Use use) const {
    typename Source::Depth depth_part = source.depth(first + depth_of(0), end);
#pragma unroll
    for (int i = 0; i < count; ++i) {
      if (!Source::along_depth && i > 0) depth_part = source.depth(first + depth_of(i), end);
      const typename Source::Row& row_part = held_[Source::along_depth ? i : 0];
      use(i, row_of(i), depth_of(i), source.at(row_part, depth_part),
          source.inside(row_part, depth_part));
    }
  }

 private:
  // Pieces along the depth all start at one depth, pieces along the rows all at one row.
  static constexpr int held = Source::along_depth ? count : 1;
  __device__ static int line_of(int i) {
    return (static_cast<int>(threadIdx.x) + i * threads) / per_line;
  }
  __device__ static int offset() { return static_cast<int>(threadIdx.x) % per_line * vector; }
  __device__ static int row_of(int i) { return Source::along_depth ? line_of(i) : offset(); }
  __device__ static int depth_of(int i) { return Source::along_depth ? offset() : line_of(i); }

  typename Source::Row held_[held];
};

// Where results go has rows that all begin at multiples of grain() floats of memory.
//
// Results, one matrix for each blockIdx.z: where slices wait to be added, and a batch's output.
struct Matrices {
  float* data;
  int m, n;
  __device__ int grain() const { return n; }
  __device__ float* row(int z, int r) const {
    return data + (static_cast<std::size_t>(z) * static_cast<std::size_t>(m) +
                   static_cast<std::size_t>(r)) *
                      static_cast<std::size_t>(n);
  }
};

// What becomes of the sum at (m, n) on its way to memory: nothing, unless `out` has an ending.
template <class Out>
__device__ __forceinline__ float finished(const Out& out, int m, int n, float sum) {
  if constexpr (requires { out.finish(m, n, sum); }) return out.finish(m, n, sum);
  return sum;
}

// Slices where there are any, else `out`. Decided by the kernel and not by its type: that would be
// twice the kernels, which differ after their last multiply-add only.
template <class Out>
struct SlicesOr {
  Out out;
  Matrices slices;  // no data: none

  __device__ bool sliced() const { return slices.data != nullptr; }
  __device__ int grain() const { return sliced() ? slices.grain() : out.grain(); }
  __device__ float* row(int z, int r) const { return sliced() ? slices.row(z, r) : out.row(z, r); }
  __device__ float finish(int m, int n, float sum) const {
    return sliced() ? sum : finished(out, m, n, sum);
  }
};

// `count` results of row m side by side from column n on, to `row`, which is out.row(.., m): one
// access where all rows are so aligned.
template <int count, class Out>
__device__ __forceinline__ void store_run(const Out& out, float* row, int m, int n, int columns,
                                          const float* sums) {
  if (n >= columns) return;
  if ((columns | out.grain()) % count != 0) {
    for (int i = 0; i < count && n + i < columns; ++i)
      row[n + i] = finished(out, m, n + i, sums[i]);
    return;
  }
  float v[count];
#pragma unroll
  for (int i = 0; i < count; ++i) v[i] = finished(out, m, n + i, sums[i]);
  if constexpr (count == 4) {
    *reinterpret_cast<float4*>(row + n) = make_float4(v[0], v[1], v[2], v[3]);
  } else {
    static_assert(count == 2);
    *reinterpret_cast<float2*>(row + n) = make_float2(v[0], v[1]);
  }
}

// Adds the slices of a product in order and writes the sums where they belong.
template <class Out>
__global__ void add_slices(const float* slices, Cut cut, Out out) {
  const std::size_t size = static_cast<std::size_t>(cut.m) * static_cast<std::size_t>(cut.n);
  for (std::size_t i = grid_thread(); i < size; i += grid_threads()) {
    float sum = slices[i];
    for (int slice = 1; slice < cut.slices; ++slice) {
      sum += slices[static_cast<std::size_t>(slice) * size + i];
    }
    const Division place = divide(i, static_cast<std::size_t>(cut.n));
    const int m = static_cast<int>(place.quotient), n = static_cast<int>(place.remainder);
    float* const to = out.at(m, n);
    if (to != nullptr) *to = finished(out, m, n, sum);
  }
}

__device__ __forceinline__ float4 packed_piece(const float (&v)[4]) {
  return make_float4(v[0], v[1], v[2], v[3]);
}
__device__ __forceinline__ uint4 packed_piece(const float (&v)[8]) {
  return make_uint4(pack_bf16(v[0], v[1]), pack_bf16(v[2], v[3]), pack_bf16(v[4], v[5]),
                    pack_bf16(v[6], v[7]));
}

// Rows of `from` floats to rows of `to` elements: rounded where those are bf16, zeros behind. A
// thread writes a piece of 16 bytes.
template <class T>
__global__ void pack_rows(std::size_t rows, unsigned from, unsigned to, const float* in, T* out) {
  constexpr unsigned vector = 16 / sizeof(T);
  const unsigned pieces = to / vector;
  for (std::size_t i = grid_thread(); i < rows * pieces; i += grid_threads()) {
    const Division place = divide(i, pieces);
    const unsigned column = static_cast<unsigned>(place.remainder) * vector;
    const float* begin = in + place.quotient * from + column;
    float v[vector];
    if (from % 4 == 0 && column + vector <= from) {
#pragma unroll
      for (unsigned e = 0; e < vector; e += 4) {
        const float4 four = *reinterpret_cast<const float4*>(begin + e);
        v[e] = four.x, v[e + 1] = four.y, v[e + 2] = four.z, v[e + 3] = four.w;
      }
    } else {
#pragma unroll
      for (unsigned e = 0; e < vector; ++e) v[e] = column + e < from ? begin[e] : 0;
    }
    auto piece = packed_piece(v);
    reinterpret_cast<decltype(piece)*>(out)[i] = piece;
  }
}

// Gives out a launch's workspace, piece by piece, each aligned to 64 bytes.
class Workspace {
 public:
  explicit Workspace(const Launch& on) : next_(static_cast<char*>(on.workspace)) {}
  template <class T>
  T* take(std::size_t count) {
    T* piece = reinterpret_cast<T*>(next_);
    next_ += ceil_to(count * sizeof(T), 64);
    return piece;
  }

 private:
  char* next_;
};

// The matrix as the products want it, see packed_bytes(); its rows then have
// ceil_to(columns, vector) elements.
template <class T>
const T* packed(const Launch& on, Workspace& memory, std::size_t rows, std::size_t columns,
                const float* in) {
  constexpr std::size_t vector = 16 / sizeof(T);
  if constexpr (std::is_same_v<T, float>) {
    if (columns % vector == 0) return in;
  }
  const std::size_t wide = ceil_to(columns, vector);
  T* out = memory.take<T>(rows * wide);
  launch<pack_rows<T>>(on, blocks_for(rows * wide / vector, 256), 256, 0, rows,
                       static_cast<unsigned>(columns), static_cast<unsigned>(wide), in, out);
  return out;
}

}  // namespace
}  // namespace hilum
