// exp for registers; included like simd.h, in each instruction set's pass and after it. No include
// guard.
//
// x = n ln 2 + r with n whole and |r| <= ln(2)/2, so exp(x) = 2^n exp(r). ln 2 is taken off in two
// parts, the first so short that n times it is exact (Cody and Waite, 1980). exp(r) is its Taylor
// polynomial of degree 7, whose rest is below 6e-9. 2^n is built in the exponent bits in two
// halves, so that results up to infinity and down through the denormals come out right. Error at
// most 2 units in the last place; exp(0) is exactly 1; NaN stays NaN.

namespace hilum::HILUM_ISA {

static inline __attribute__((always_inline)) Vec exp(Vec x) {
  // Beyond these the result is 0 or infinity. The order of operands lets a NaN through.
  x = min(broadcast(89.0f), max(broadcast(-104.0f), x));
  // Adding 1.5 x 2^23 rounds to a whole number, which then stands in the low bits.
  const Vec magic = broadcast(0x1.8p23f);
  const Vec shifted = x * 1.44269504f + magic;
  const Vec n = shifted - magic;
  const VecInt whole = (VecInt)shifted - (VecInt)magic;
  Vec r = x - n * 0x1.63p-1f;
  r = r - n * -2.12194440e-4f;
  Vec p = broadcast(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const VecInt half = whole >> 1;
  return p * (Vec)((half + 127) << 23) * (Vec)((whole - half + 127) << 23);
}

}  // namespace hilum::HILUM_ISA
