// conv2d: the one-dimensional transforms of Winograd F(4x4, 3x3), shared by its rows. The letters
// are those of the formula at the top of cpu3_winograd.cpp. Included once an instruction set (see
// isa.h), so there is no include guard; without a name in each file, so that the linker does not
// merge what was compiled for different CPUs.

namespace hilum::HILUM_ISA {
namespace {

// One dimension of each transform, on `count` vectors that are `step` apart. The letters are those
// of the formula at the top.

// B^T d: 6 -> 6
inline __attribute__((always_inline)) void input_transform(const Vec* d, std::size_t step, Vec* t,
                                                           std::size_t t_step) {
  const Vec d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step],
            d5 = d[5 * step];
  const Vec even1 = d4 - 4 * d2, odd1 = d3 - 4 * d1;
  const Vec even2 = d4 - d2, odd2 = 2 * (d3 - d1);
  t[0] = 4 * d0 - 5 * d2 + d4;
  t[t_step] = even1 + odd1;
  t[2 * t_step] = even1 - odd1;
  t[3 * t_step] = even2 + odd2;
  t[4 * t_step] = even2 - odd2;
  t[5 * t_step] = 4 * d1 - 5 * d3 + d5;
}

// G g: 3 -> 6
inline __attribute__((always_inline)) void filter_transform(const Vec* g, std::size_t step, Vec* t,
                                                            std::size_t t_step) {
  const Vec g0 = g[0], g1 = g[step], g2 = g[2 * step];
  const Vec even1 = (g0 + g2) * (-1.0f / 6), odd1 = g1 * (-1.0f / 6);
  const Vec even2 = g0 * (1.0f / 24) + g2 * (1.0f / 6), odd2 = g1 * (1.0f / 12);
  t[0] = g0 * 0.25f;
  t[t_step] = even1 + odd1;
  t[2 * t_step] = even1 - odd1;
  t[3 * t_step] = even2 + odd2;
  t[4 * t_step] = even2 - odd2;
  t[5 * t_step] = g2;
}

// A^T m: 6 -> 4
inline __attribute__((always_inline)) void output_transform(const Vec* m, std::size_t step, Vec* t,
                                                            std::size_t t_step) {
  const Vec m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step],
            m5 = m[5 * step];
  const Vec even1 = m1 + m2, odd1 = m1 - m2, even2 = m3 + m4, odd2 = m3 - m4;
  t[0] = m0 + even1 + even2;
  t[t_step] = odd1 + 2 * odd2;
  t[2 * t_step] = even1 + 4 * even2;
  t[3 * t_step] = odd1 + 8 * odd2 + m5;
}

// G^T m: 6 -> 3
inline __attribute__((always_inline)) void filter_transform_transposed(const Vec* m,
                                                                       std::size_t step, Vec* t,
                                                                       std::size_t t_step) {
  const Vec m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step],
            m5 = m[5 * step];
  const Vec even1 = (m1 + m2) * (-1.0f / 6), even2 = m3 + m4;
  t[0] = m0 * 0.25f + even1 + even2 * (1.0f / 24);
  t[t_step] = (m2 - m1) * (1.0f / 6) + (m3 - m4) * (1.0f / 12);
  t[2 * t_step] = even1 + even2 * (1.0f / 6) + m5;
}

// A y: 4 -> 6
inline __attribute__((always_inline)) void output_transform_transposed(const Vec* y,
                                                                       std::size_t step, Vec* t,
                                                                       std::size_t t_step) {
  const Vec y0 = y[0], y1 = y[step], y2 = y[2 * step], y3 = y[3 * step];
  const Vec even1 = y0 + y2, odd1 = y1 + y3, even2 = y0 + 4 * y2, odd2 = 2 * y1 + 8 * y3;
  t[0] = y0;
  t[t_step] = even1 + odd1;
  t[2 * t_step] = even1 - odd1;
  t[3 * t_step] = even2 + odd2;
  t[4 * t_step] = even2 - odd2;
  t[5 * t_step] = y3;
}

}  // namespace
}  // namespace hilum::HILUM_ISA
