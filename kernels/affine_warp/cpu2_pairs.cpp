// affine_warp, CPU, second version: gray and colour without gathers.
//
// cpu1 gathers four words a pixel. A gather is one instruction and yet a load for every lane, and
// on processors that make it of microcode (Zen 4) it takes longer than those loads alone: 20 cycles
// an output pixel went there. But the left and the right neighbour lie side by side: one plain load
// of eight bytes holds both, so two loads a pixel are enough. A piece of an output row is done in
// three passes over small tables that stay in the first cache:
//
//   locate   registers   the place of each pixel's upper and lower pair, and the two fractions
//   fetch    plain loads the two pairs of each pixel
//   blend    registers   pairs to floats, the contract's blend, brightness, normalisation; channels
//                        are put side by side by permutations, not one by one
//
// Where the right neighbour would lie outside, its fraction is 0 and what the pair holds instead
// does not count (with border constant it is masked).
//
// Predicted from counting instructions: 6.5 cycles a pixel, 10000 images of 224x224x3 a second on a
// core of a Zen 4. Measured there, one thread, border nearest, cpu1 in brackets: 7800 (2800) with
// AVX-512, 4700 (2250) with AVX2. Two thirds of the time is `blend`, a fifth the loads of `fetch`:
// images that come from memory had made that a half, until they were fetched ahead.
#ifndef HILUM_ISA
// The contract of affine_warp.h: no product is fused with a sum.
#pragma GCC optimize("fp-contract=off")
#include "kernels/affine_warp/rows.h"
#include "kernels/affine_warp/warp_image.h"
#include "kernels/elementwise.h"
#define HILUM_THIS_FILE "kernels/affine_warp/cpu2_pairs.cpp"

namespace hilum {

namespace {

constexpr std::size_t piece = 256;  // output pixels at a time; whole registers

struct WarpPairs {
  alignas(64) std::int32_t upper[piece], lower[piece];  // where the pairs begin, in bytes
  alignas(64) float across[piece], down[piece];         // fractions
  alignas(64) std::int32_t inside[piece];               // border constant: bits, see below
  alignas(64) std::uint64_t above[piece], below[piece];
};

// A slanting walk through an image in memory waits at every line, in order it does not.
void fetch_ahead(const std::uint8_t* x, std::size_t bytes) {
  constexpr std::size_t line = 64;
  for (std::size_t i = 0; i < bytes; i += line) __builtin_prefetch(x + i);
}

// A call, and no vector code: a compiler that may puts each lane in and out of registers instead.
// Two loads a pixel.
__attribute__((noinline, optimize("no-tree-vectorize"))) void fetch(const std::uint8_t* x,
                                                                    std::size_t count,
                                                                    WarpPairs& p) {
  for (std::size_t i = 0; i < count; ++i) {
    __builtin_memcpy(&p.above[i], x + p.upper[i], sizeof p.above[i]);
    __builtin_memcpy(&p.below[i], x + p.lower[i], sizeof p.below[i]);
  }
}

// The same where some pairs are the last of the image: they are read from `last` on, and shifted
// into place.
void fetch_at_end(const std::uint8_t* x, std::int32_t last, std::size_t count, WarpPairs& p) {
  const auto pair = [&](std::int32_t from) {
    const std::int32_t start = std::min(from, last);
    std::uint64_t bytes;
    __builtin_memcpy(&bytes, x + start, sizeof bytes);
    return bytes >> (8 * (from - start));
  };
  for (std::size_t i = 0; i < count; ++i) {
    p.above[i] = pair(p.upper[i]);
    p.below[i] = pair(p.lower[i]);
  }
}

}  // namespace

}  // namespace hilum

#include "kernels/foreach_isa.h"

namespace hilum {

const char* affine_warp_forward_cpu2_pairs_why_not(const AffineWarpProblem& a) {
  if (a.c != 1 && a.c != 3) return "only gray and colour";
  const std::size_t bytes = a.h * a.w * a.c;
  if (bytes < 8 || bytes > std::numeric_limits<std::int32_t>::max()) {
    return "less than 8 bytes or more than 2 GiB in an image";
  }
  return nullptr;
}

void affine_warp_forward_cpu2_pairs(const Launch&, const AffineWarpProblem& a,
                                    const std::uint8_t* x, const float* matrix, const float* gain,
                                    const float* scale, const float* shift, float* y) {
  HILUM_DISPATCH_ISA(warp_pairs, a, x, matrix, gain, scale, shift, y);
}

}  // namespace hilum

#else
#include "kernels/affine_warp/warp_simd.h"

namespace hilum::HILUM_ISA {

using VecUint = std::uint32_t __attribute__((vector_size(HILUM_LANES * 4)));

// Bits of WarpPairs::inside, for the pixels whose value is not the border's. `clamped`: the left
// pixel is outside, and the pair begins with the right one.
constexpr std::int32_t left = 1, right = 2, top = 4, bottom = 8, clamped = 16;

static inline __attribute__((always_inline)) VecInt load_ints(const void* p) {
  VecInt v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline __attribute__((always_inline)) void store_ints(void* p, VecInt v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// Lane i is f(i).
template <class F>
static inline __attribute__((always_inline)) VecInt lanes_of(F f) {
  VecInt v = {};
  for (std::size_t lane = 0; lane < lanes; ++lane) v[lane] = static_cast<std::int32_t>(f(lane));
  return v;
}

// `count` output pixels of row oy from ox on. Says whether a pair begins behind byte `last`.
template <int C, bool constant>
static bool locate(const AffineWarpProblem& a, const float* m, std::size_t oy, std::size_t ox,
                   std::size_t count, std::int32_t last, WarpPairs& p) {
  const float row = static_cast<float>(oy) + 0.5f;
  const float u0 = m[1] * row + m[2], v0 = m[4] * row + m[5];
  const auto width = static_cast<std::int32_t>(a.w), height = static_cast<std::int32_t>(a.h);
  const Vec lane_centre = to_float(lanes_of([](std::size_t lane) { return lane; })) + 0.5f;
  VecInt behind = {};
  for (std::size_t i = 0; i < count; i += lanes) {
    const Vec column = lane_centre + static_cast<float>(ox + i);
    const Place across = place(m[0] * column + u0, width, a.border);
    const Place down = place(m[3] * column + v0, height, a.border);
    const VecInt upper = (down.first * width + across.first) * C;
    const VecInt lower = (down.second * width + across.first) * C;  // row 0 where it is outside
    store_ints(p.upper + i, upper);
    store_ints(p.lower + i, lower);
    behind |= (upper > last) | (lower > last);
    store(p.across + i, across.fraction);
    store(p.down + i, down.fraction);
    if (constant) {
      const VecInt same = across.first == across.second;
      store_ints(p.inside + i, (across.first_in & left) | (across.second_in & right) |
                                   (down.first_in & top) | (down.second_in & bottom) |
                                   (same & clamped));
    }
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    if (behind[lane] != 0) return true;
  }
  return false;
}

// The bytes of `lanes` pairs: low the first four of each, high the others.
struct Bytes {
  VecInt low, high;

  template <int byte>
  Vec value() const {
    const auto word = (VecUint)(byte < 4 ? low : high);
    return to_float((VecInt)((word >> (byte % 4 * 8)) & 255u));
  }
};
static inline __attribute__((always_inline)) Bytes bytes_of(const std::uint64_t* pairs) {
  const VecInt first = load_ints(pairs), second = load_ints(pairs + lanes / 2);
  const VecInt even = lanes_of([](std::size_t lane) { return 2 * lane; });
  return {__builtin_shuffle(first, second, even), __builtin_shuffle(first, second, even + 1)};
}

// One channel of `lanes` output pixels.
template <int C, int channel, bool constant>
static inline __attribute__((always_inline)) Vec blend(const AffineWarpProblem& a,
                                                       const WarpImage& image, const Bytes& above,
                                                       const Bytes& below, Vec across, Vec down,
                                                       VecInt inside) {
  Vec p00 = above.value<channel>(), p01 = above.value<C + channel>();
  Vec p10 = below.value<channel>(), p11 = below.value<C + channel>();
  if (constant) {
    const auto is = [&](int bits) { return (inside & bits) == bits; };
    p01 = is(clamped) ? p00 : p01, p11 = is(clamped) ? p10 : p11;
    const Vec outside = broadcast(a.value);
    p00 = is(left | top) ? p00 : outside, p01 = is(right | top) ? p01 : outside;
    p10 = is(left | bottom) ? p10 : outside, p11 = is(right | bottom) ? p11 : outside;
  }
  const Vec upper = p00 + across * (p01 - p00);
  const Vec lower = p10 + across * (p11 - p10);
  const Vec sample = upper + down * (lower - upper);
  const Vec bright = min(max(image.gain * sample, Vec{}), broadcast(255.0f));
  return bright * image.scale[channel] + image.shift[channel];
}

// The first `count` pixels of red, green and blue, side by side: register q of the three holds the
// values 3 px + channel from q x lanes on.
static inline __attribute__((always_inline)) void store_colours(float* y, Vec red, Vec green,
                                                                Vec blue, std::size_t count) {
#pragma GCC unroll 3
  for (std::size_t q = 0; q < 3; ++q) {
    const VecInt red_green = lanes_of([q](std::size_t lane) {
      const std::size_t value = q * lanes + lane;
      return value % 3 * lanes % (2 * lanes) + value / 3;
    });
    const VecInt with_blue = lanes_of([q](std::size_t lane) {
      const std::size_t value = q * lanes + lane;
      return value % 3 == 2 ? lanes + value / 3 : lane;
    });
    const Vec mixed = __builtin_shuffle(__builtin_shuffle(red, green, red_green), blue, with_blue);
    if (3 * count > q * lanes) {
      store_first(y + q * lanes, mixed, std::min(lanes, 3 * count - q * lanes));
    }
  }
}

template <int C, bool constant>
static void blend_piece(const AffineWarpProblem& a, const WarpImage& image, const WarpPairs& p,
                        std::size_t count, float* y) {
  for (std::size_t i = 0; i < count; i += lanes, y += lanes * C) {
    const Bytes above = bytes_of(p.above + i), below = bytes_of(p.below + i);
    const Vec across = load(p.across + i), down = load(p.down + i);
    const VecInt inside = constant ? load_ints(p.inside + i) : VecInt{};
    const std::size_t now = std::min(lanes, count - i);
    const Vec first = blend<C, 0, constant>(a, image, above, below, across, down, inside);
    if constexpr (C == 1) {
      store_first(y, first, now);
    } else {
      const Vec second = blend<C, 1, constant>(a, image, above, below, across, down, inside);
      const Vec third = blend<C, 2, constant>(a, image, above, below, across, down, inside);
      store_colours(y, first, second, third, now);
    }
  }
}

template <int C, bool constant>
static void pairs_row(const AffineWarpProblem& a, const WarpImage& image, std::size_t oy) {
  WarpPairs p;
  const auto last = static_cast<std::int32_t>(a.h * a.w * C - 8);
  for (std::size_t ox = 0; ox < a.out_w; ox += piece) {
    const std::size_t count = std::min(piece, a.out_w - ox);
    const std::size_t whole = (count + lanes - 1) / lanes * lanes;
    if (locate<C, constant>(a, image.matrix, oy, ox, count, last, p)) {
      fetch_at_end(image.x, last, whole, p);
    } else {
      fetch(image.x, whole, p);
    }
    blend_piece<C, constant>(a, image, p, count, image.y + (oy * a.out_w + ox) * C);
  }
}

template <int C>
static void warp_pairs_of(const AffineWarpProblem& a, const std::uint8_t* x, const float* matrix,
                          const float* gain, const float* scale, const float* shift, float* y) {
#pragma omp parallel for collapse(2) schedule(static) if (a.y_count() >= parallel_from)
  for (std::size_t n = 0; n < a.n; ++n)
    for (std::size_t oy = 0; oy < a.out_h; ++oy) {
      const WarpImage image = warp_image(a, n, x, matrix, gain, scale, shift, y);
      if (oy == 0) fetch_ahead(image.x, a.h * a.w * C);
      if (is_identity(a, image.matrix)) {
        identity_row<C>(a, image, oy);
      } else if (a.border == WarpBorder::constant) {
        pairs_row<C, true>(a, image, oy);
      } else {
        pairs_row<C, false>(a, image, oy);
      }
    }
}

static void warp_pairs(const AffineWarpProblem& a, const std::uint8_t* x, const float* matrix,
                       const float* gain, const float* scale, const float* shift, float* y) {
  a.c == 1 ? warp_pairs_of<1>(a, x, matrix, gain, scale, shift, y)
           : warp_pairs_of<3>(a, x, matrix, gain, scale, shift, y);
}

}  // namespace hilum::HILUM_ISA
#endif
