// conv2d, CPU 1, im2col: convolution as a matrix product.
//
// Idea: write the R*S*C values that each output pixel reads as one row of a matrix of patches.
// Then, with the filters as a K x (R*S*C) matrix (KRSC is that already),
//
//   forward          y (pixels, K)         = patches (pixels, RSC) * filters^T
//   backward_data    dpatches (pixels, RSC) = dy (pixels, K) * filters, and each row of dpatches is
//                    added to the pixels of dx that its patch came from (col2im)
//   backward_weight  dw (K, RSC)           = dy^T (K, pixels) * patches
//
// and the product is the GEMM of kernels/gemm, which is fast already. Groups are separate products
// on slices of the channels. The matrix is R*S times the input, so only a tile of its rows exists
// at a time. A 1x1 filter without stride and padding needs no matrix at all.
//
// Since ref: the multiply-adds run in register tiles instead of one by one.
//
// Bounds: writing and reading the patches (R*S times the bytes of x), and the packing inside GEMM.
// Measured on 64 -> 64 3x3 at 56, AVX-512, one thread: forward 49 %, dx 51 %, dw 46 % of the
// multiply-add roof.
//
// The bits do not follow the number of threads: GEMM's do not, tiles are of fixed size, and a dx
// pixel is added to by the one thread that has its image.
#include <omp.h>

#include <algorithm>

#include "kernels/conv2d/rows.h"
#include "kernels/gemm/gemm.h"

namespace hilum {
namespace {

struct Im2col {
  const Conv2dProblem& a;
  std::size_t group_c, group_k;
  std::size_t length;  // of a patch: R*S*C/G
  std::size_t pixels;  // of an output image
  std::size_t tile;    // pixels of a tile
  bool identity;       // x itself is the matrix

  // `tile_bytes` is the size of the tile of patches.
  Im2col(const Conv2dProblem& problem, std::size_t tile_bytes)
      : a(problem),
        group_c(a.c / a.groups),
        group_k(a.k / a.groups),
        length(a.r * a.s * group_c),
        pixels(a.p() * a.q()),
        tile(std::clamp<std::size_t>(tile_bytes / (length * sizeof(float)), 14, 1024)),
        identity(a.r == 1 && a.s == 1 && a.stride_h == 1 && a.stride_w == 1 && a.pad_h == 0 &&
                 a.pad_w == 0) {
    tile = std::min(tile, pixels);
  }

  std::size_t tiles() const { return (pixels + tile - 1) / tile; }
  std::size_t patch_floats() const { return (tile * length + 15) / 16 * 16; }

  // Calls visit(offset in the image, offset in the patch) for every tap of an output pixel that
  // lies within the image, and outside(offset in the patch) for the others. An offset stands for
  // the group's channels.
  template <class Visit, class Outside>
  void for_each_tap(std::size_t pixel, Visit visit, Outside outside) const {
    const std::size_t p = pixel / a.q(), q = pixel % a.q();
    for (std::size_t r = 0; r < a.r; ++r) {
      const std::size_t h = p * a.stride_h + r * a.dilation_h - a.pad_h;  // wraps above the image
      for (std::size_t s = 0; s < a.s; ++s) {
        const std::size_t w = q * a.stride_w + s * a.dilation_w - a.pad_w;
        const std::size_t in_patch = (r * a.s + s) * group_c;
        if (h < a.h && w < a.w) {
          visit((h * a.w + w) * a.c, in_patch);
        } else {
          outside(in_patch);
        }
      }
    }
  }

  // The patch of one output pixel of a group: to (R, S, C/G).
  void patch(const float* image, std::size_t group, std::size_t pixel, float* to) const {
    const float* from = image + group * group_c;
    for_each_tap(
        pixel,
        [&](std::size_t in_image, std::size_t in_patch) {
          for (std::size_t c = 0; c < group_c; ++c) to[in_patch + c] = from[in_image + c];
        },
        [&](std::size_t in_patch) {
          for (std::size_t c = 0; c < group_c; ++c) to[in_patch + c] = 0;
        });
  }

  // The filters of a group as the matrix (K/G, length).
  MatrixView filters(const float* w, std::size_t group) const {
    return {w + group * group_k * length, length, 1};
  }
};

constexpr std::size_t tile_bytes = 512 * 1024;          // of a thread: a quarter of a large L2
constexpr std::size_t shared_tile_bytes = 4096 * 1024;  // of all threads together

std::size_t threads_now() { return static_cast<std::size_t>(omp_get_max_threads()); }
std::size_t this_thread() { return static_cast<std::size_t>(omp_get_thread_num()); }

// Bytes that a thread brings: its tile of patches and what its GEMM (m, n, k) wants.
std::size_t thread_bytes(const Im2col& b, std::size_t m, std::size_t n, std::size_t k) {
  return b.patch_floats() * sizeof(float) + (gemm_workspace_one_thread(m, n, k) + 63) / 64 * 64;
}

}  // namespace

std::size_t conv2d_forward_cpu1_workspace(const Conv2dProblem& a) {
  const Im2col b(a, tile_bytes);
  return threads_now() * thread_bytes(b, b.tile, b.group_k, b.length);
}

void conv2d_forward_cpu1(const Launch& launch, const Conv2dProblem& a, const float* x,
                         const float* w, float* y) {
  const Im2col b(a, tile_bytes);
  const std::size_t bytes = thread_bytes(b, b.tile, b.group_k, b.length);
  const std::size_t items = a.n * b.tiles() * a.groups;
#pragma omp parallel for schedule(dynamic)
  for (std::size_t item = 0; item < items; ++item) {
    const std::size_t group = item % a.groups, n = item / a.groups / b.tiles();
    const std::size_t first = item / a.groups % b.tiles() * b.tile;
    const std::size_t count = std::min(b.tile, b.pixels - first);
    char* memory = static_cast<char*>(launch.workspace) + this_thread() * bytes;
    float* patches = reinterpret_cast<float*>(memory);  // (count, length)
    const float* image = x + n * a.h * a.w * a.c;
    MatrixView matrix = {patches, b.length, 1};
    if (b.identity) {
      matrix = {image + first * a.c + group * b.group_c, a.c, 1};
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        b.patch(image, group, first + i, patches + i * b.length);
      }
    }
    gemm_one_thread({count, b.group_k, b.length, matrix, b.filters(w, group).transposed(),
                     y + (n * b.pixels + first) * a.k + group * b.group_k, a.k},
                    patches + b.patch_floats());
  }
}

std::size_t conv2d_backward_data_cpu1_workspace(const Conv2dProblem& a) {
  const Im2col b(a, tile_bytes);
  return threads_now() * thread_bytes(b, b.tile, b.length, b.group_k);
}

void conv2d_backward_data_cpu1(const Launch& launch, const Conv2dProblem& a, const float* w,
                               const float* dy, float* dx) {
  const Im2col b(a, tile_bytes);
  const std::size_t bytes = thread_bytes(b, b.tile, b.length, b.group_k);
#pragma omp parallel for schedule(dynamic)
  for (std::size_t item = 0; item < a.n * a.groups; ++item) {
    const std::size_t group = item % a.groups, n = item / a.groups;
    char* memory = static_cast<char*>(launch.workspace) + this_thread() * bytes;
    float* patches = reinterpret_cast<float*>(memory);  // (count, length)
    float* image = dx + n * a.h * a.w * a.c + group * b.group_c;
    for (std::size_t pixel = 0; pixel < a.h * a.w; ++pixel) {
      std::fill_n(image + pixel * a.c, b.group_c, 0.0f);
    }
    for (std::size_t first = 0; first < b.pixels; first += b.tile) {
      const std::size_t count = std::min(b.tile, b.pixels - first);
      const MatrixView gradient = {dy + (n * b.pixels + first) * a.k + group * b.group_k, a.k, 1};
      gemm_one_thread(
          {count, b.length, b.group_k, gradient, b.filters(w, group), patches, b.length},
          patches + b.patch_floats());
      for (std::size_t i = 0; i < count; ++i) {
        const float* patch = patches + i * b.length;
        b.for_each_tap(
            first + i,
            [&](std::size_t in_image, std::size_t in_patch) {
              for (std::size_t c = 0; c < b.group_c; ++c) {
                image[in_image + c] += patch[in_patch + c];
              }
            },
            [](std::size_t) {});
      }
    }
  }
}

std::size_t conv2d_backward_weight_cpu1_workspace(const Conv2dProblem& a) {
  const Im2col b(a, shared_tile_bytes);
  return b.patch_floats() * sizeof(float) + gemm_workspace(b.group_k, b.length, b.tile);
}

void conv2d_backward_weight_cpu1(const Launch& launch, const Conv2dProblem& a, const float* x,
                                 const float* dy, float* dw) {
  const Im2col b(a, shared_tile_bytes);
  float* patches = static_cast<float*>(launch.workspace);  // (count, length)
  for (std::size_t group = 0; group < a.groups; ++group) {
    for (std::size_t n = 0; n < a.n; ++n) {
      const float* image = x + n * a.h * a.w * a.c;
      for (std::size_t first = 0; first < b.pixels; first += b.tile) {
        const std::size_t count = std::min(b.tile, b.pixels - first);
        MatrixView matrix = {patches, b.length, 1};
        if (b.identity) {
          matrix = {image + first * a.c + group * b.group_c, a.c, 1};
        } else {
#pragma omp parallel for schedule(static)
          for (std::size_t i = 0; i < count; ++i) {
            b.patch(image, group, first + i, patches + i * b.length);
          }
        }
        const MatrixView gradient = {dy + (n * b.pixels + first) * a.k + group * b.group_k, a.k, 1};
        gemm({b.group_k, b.length, count, gradient.transposed(), matrix,
              dw + group * b.group_k * b.length, b.length, n != 0 || first != 0},
             patches + b.patch_floats());
      }
    }
  }
}

}  // namespace hilum
