// conv2d: the transforms of Winograd F(4x4, 3x3) and the places of its tiles, shared by its rows.
// The letters are those of the formula at the top of cpu3_winograd.cpp. Included once an
// instruction set (see isa.h), so there is no include guard; without a name in each file, so that
// the linker does not merge what was compiled for different CPUs.

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

// The place of a tile: its image and first output pixel. An image has tiles_h x tiles_w of them.
struct TilePlace {
  std::size_t n, p, q;
  TilePlace(std::size_t tiles_h, std::size_t tiles_w, std::size_t tile)
      : n(tile / (tiles_h * tiles_w)), p(tile / tiles_w % tiles_h * 4), q(tile % tiles_w * 4) {}
};

// Where the channels of a side x side square of pixels stand, the first at (h0, w0); `zeros` for
// pixels outside of the image.
void find_pixels(const float* image, std::size_t h, std::size_t w, std::size_t channels,
                 std::ptrdiff_t h0, std::ptrdiff_t w0, std::size_t side, const float* zeros,
                 const float** pixel) {
  for (std::size_t e = 0; e < side * side; ++e) {
    const std::ptrdiff_t i = h0 + static_cast<std::ptrdiff_t>(e / side);
    const std::ptrdiff_t j = w0 + static_cast<std::ptrdiff_t>(e % side);
    const bool inside = i >= 0 && j >= 0 && i < static_cast<std::ptrdiff_t>(h) &&
                        j < static_cast<std::ptrdiff_t>(w);
    pixel[e] =
        inside ? image + (static_cast<std::size_t>(i) * w + static_cast<std::size_t>(j)) * channels
               : zeros;
  }
}

// B^T d B of the 6x6 pixels from (h0, w0) on, whose other pixels are zeros: to 36 lines of
// channels, `step` apart, each filled up to whole vectors.
void transform_input(const float* image, std::size_t h, std::size_t w, std::size_t channels,
                     std::ptrdiff_t h0, std::ptrdiff_t w0, const float* zeros, float* to,
                     std::size_t step) {
  const float* pixel[36];
  find_pixels(image, h, w, channels, h0, w0, 6, zeros, pixel);
  for (std::size_t c = 0; c < channels; c += lanes) {
    const std::size_t count = channels - c < lanes ? channels - c : lanes;
    Vec d[36], half[36];  // (6, 6) of one vector of channels
    for (std::size_t e = 0; e < 36; ++e) d[e] = load_first(pixel[e] + c, count);
    for (std::size_t j = 0; j < 6; ++j) input_transform(d + j, 6, half + j, 6);
    for (std::size_t i = 0; i < 6; ++i) input_transform(half + 6 * i, 1, d + 6 * i, 1);
    for (std::size_t e = 0; e < 36; ++e) store(to + e * step + c, d[e]);
  }
}

}  // namespace
}  // namespace hilum::HILUM_ISA
