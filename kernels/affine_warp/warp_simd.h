// affine_warp: what the CPU rows share in registers; included like simd.h, in each instruction
// set's pass and after it. No include guard.

namespace hilum::HILUM_ISA {

static inline __attribute__((always_inline)) Vec to_float(VecInt v) {
  return __builtin_convertvector(v, Vec);
}
// Towards zero.
static inline __attribute__((always_inline)) VecInt to_int(Vec v) {
  return __builtin_convertvector(v, VecInt);
}
static inline __attribute__((always_inline)) Vec floor(Vec v) {
  const Vec towards_zero = to_float(to_int(v));
  return towards_zero > v ? towards_zero - 1.0f : towards_zero;
}

// See warp_place in ref.h. The pixels are always inside; `first_in` and `second_in` (all ones or
// zero) say whether they were asked for.
struct Place {
  VecInt first, second, first_in, second_in;
  Vec fraction;
};

static inline __attribute__((always_inline)) Place place(Vec u, std::int32_t size,
                                                         WarpBorder border) {
  const auto length = static_cast<float>(size);
  if (border == WarpBorder::constant) {
    const Vec s = min(max(u - 0.5f, broadcast(-1.0f)), broadcast(length));
    const Vec i = floor(s);
    const VecInt first = to_int(i), second = first + 1, last = VecInt{} + (size - 1);
    const VecInt first_in = (first >= 0) & (first <= last), second_in = second <= last;
    return {first_in ? first : VecInt{}, second_in ? second : VecInt{}, first_in, second_in, s - i};
  }
  if (border == WarpBorder::reflect) {
    const float twice = length + length;
    const Vec turns = min(max(u / twice, broadcast(-0x1p30f)), broadcast(0x1p30f));
    u = u - twice * floor(turns);
    u = min(u, twice - u);
  }
  const Vec s = min(max(u - 0.5f, Vec{}), broadcast(length - 1.0f));
  const VecInt first = to_int(s);
  const VecInt second = first < size - 1 ? first + 1 : first;
  return {first, second, VecInt{} - 1, VecInt{} - 1, s - to_float(first)};
}

// One row where the matrix is the identity: sample = x.
template <int C>
static void identity_row(const AffineWarpProblem& a, const WarpImage& image, std::size_t oy) {
  // Scale and shift of lanes pixels, channels interleaved.
  float scale[lanes * C], shift[lanes * C];
  for (std::size_t i = 0; i < lanes * C; ++i) {
    scale[i] = image.scale[i % C];
    shift[i] = image.shift[i % C];
  }
  const std::size_t count = a.w * C;
  const std::uint8_t* x = image.x + oy * count;
  float* y = image.y + oy * count;
  for (std::size_t begin = 0; begin < count; begin += lanes * C) {
    const std::size_t block = std::min(lanes * C, count - begin);
#pragma omp simd
    for (std::size_t i = 0; i < block; ++i) {
      const float sample = x[begin + i];
      const float bright = image.gain * sample;
      const float above = bright > 0.0f ? bright : 0.0f;
      y[begin + i] = (above < 255.0f ? above : 255.0f) * scale[i] + shift[i];
    }
  }
}

}  // namespace hilum::HILUM_ISA
