// See fit_pictures.h. Compiled once for every instruction set (kernels/isa.h): a set of 20,000
// images alike as phantoms are has seven million pairs that come here.
#ifndef HILUM_ISA
#include "data/fit_pictures.h"

#include <cmath>

#include "kernels/isa.h"

namespace hilum {

constexpr std::size_t unknowns = 6;

// After two steps at half the size. Pairs that are alike in the end have 0.80 and more there, in
// four real sets and in phantoms; seven of eight that are not have less than 0.7.
constexpr double half_likeness = 0.75;

// What the fit needs of `a` at one size. Planes are side x side; the margin of the first two is 0.
template <std::size_t side>
struct Level {
  alignas(64) float slope[unknowns][side * side];  // of b = gain a + offset, by each unknown
  alignas(64) float fine[side * side];             // detail less its mean, of length 1
  double inverse[unknowns][unknowns];              // of the normal equations
};

struct FittedTo::State {
  Level<survey_side / 2> half;
  Level<survey_side> whole;
};

}  // namespace hilum

#define HILUM_THIS_FILE "data/fit_pictures.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

void prepare(FittedTo::State& state, const std::uint8_t* picture) {
  HILUM_DISPATCH_ISA(prepare, state, picture);
}

double fit(const FittedTo::State& state, const std::uint8_t* picture) {
  HILUM_DISPATCH_ISA(fit, state, picture);
}

}  // namespace

FittedTo::FittedTo() : state_(std::make_unique<State>()) {}
FittedTo::~FittedTo() = default;
void FittedTo::set(const std::uint8_t* picture) { prepare(*state_, picture); }
double FittedTo::likeness(const std::uint8_t* other) const { return fit(*state_, other); }

}  // namespace hilum

#else
namespace hilum::HILUM_ISA {
namespace {

// Sizes that scale with the picture; the margin is what moves out of sight.
constexpr std::size_t margin_of(std::size_t side) { return side / 16; }
constexpr std::size_t reach_of(std::size_t side) {
  return side / 32;
}  // of the mean around a pixel
constexpr double centre_of(std::size_t side) { return static_cast<double>(side - 1) / 2; }

template <class T>
T limited(T x, T low, T high) {
  return x < low ? low : x > high ? high : x;
}

template <std::size_t side>
struct Plane {
  alignas(64) float at[side * side];
};

// The edge goes on outside.
template <std::size_t side>
std::size_t near(std::size_t i, int by) {
  const int to = static_cast<int>(i) + by;
  return to < 0 ? 0 : to >= static_cast<int>(side) ? side - 1 : static_cast<std::size_t>(to);
}

// Sums over 2 reach + 1 rows, weighted, then the same of columns.
template <std::size_t side>
void filter(const Plane<side>& in, const float* weight, int reach, Plane<side>& out) {
  Plane<side> rows;
  for (std::size_t y = 0; y < side; ++y) {
    float* to = &rows.at[y * side];
#pragma omp simd
    for (std::size_t x = 0; x < side; ++x) to[x] = 0;
    for (int k = -reach; k <= reach; ++k) {
      const float* from = &in.at[near<side>(y, k) * side];
      const float w = weight[k + reach];
#pragma omp simd
      for (std::size_t x = 0; x < side; ++x) to[x] += w * from[x];
    }
  }
  const auto r = static_cast<std::size_t>(reach);
  for (std::size_t y = 0; y < side; ++y) {
    const float* from = &rows.at[y * side];
    float* to = &out.at[y * side];
#pragma omp simd
    for (std::size_t x = 0; x < side; ++x) to[x] = 0;
    for (int k = -reach; k <= reach; ++k) {
      const float w = weight[k + reach];
#pragma omp simd
      for (std::size_t x = r; x < side - r; ++x) to[x] += w * from[x + static_cast<std::size_t>(k)];
      for (std::size_t x = 0; x < r; ++x) {
        to[x] += w * from[near<side>(x, k)];
        to[side - 1 - x] += w * from[near<side>(side - 1 - x, k)];
      }
    }
  }
}

// A little blur, for the fitting only: slopes of noise lead nowhere.
template <std::size_t side>
void smooth(const Plane<side>& in, Plane<side>& out) {
  static constexpr float weight[] = {0.25f, 0.5f, 0.25f};
  filter(in, weight, 1, out);
}

template <std::size_t side>
void detail(const Plane<side>& in, Plane<side>& out) {
  constexpr int reach = static_cast<int>(reach_of(side));
  float weight[2 * reach + 1];
  for (float& w : weight) w = 1.0f / static_cast<float>(2 * reach + 1);
  filter(in, weight, reach, out);
#pragma omp simd
  for (std::size_t k = 0; k < side * side; ++k) out.at[k] = in.at[k] - out.at[k];
}

// Where the samples of one axis lie: pixel and fraction.
template <std::size_t side>
struct Axis {
  int low[side];
  float fraction[side];

  Axis(double stretch, double shift) {
    constexpr double centre = centre_of(side);
    for (std::size_t i = 0; i < side; ++i) {
      const double u = (static_cast<double>(i) - centre) / centre;
      const double x =
          limited(static_cast<double>(i) + stretch * u + shift, 0.0, static_cast<double>(side - 1));
      const int pixel = static_cast<int>(x), last = static_cast<int>(side) - 2;
      low[i] = pixel < last ? pixel : last;
      fraction[i] = static_cast<float>(x - low[i]);
    }
  }
};

template <std::size_t side>
void warp(const Plane<side>& in, const double* p, Plane<side>& out) {
  const Axis<side> across(p[0], p[1]), down(p[2], p[3]);
  float row[side];
  for (std::size_t y = 0; y < side; ++y) {
    const float* top = &in.at[static_cast<std::size_t>(down.low[y]) * side];
    const float *bottom = top + side, f = down.fraction[y];
#pragma omp simd
    for (std::size_t x = 0; x < side; ++x) row[x] = top[x] + f * (bottom[x] - top[x]);
    float* to = &out.at[y * side];
#pragma omp simd
    for (std::size_t x = 0; x < side; ++x) {
      const int k = across.low[x];
      to[x] = row[k] + across.fraction[x] * (row[k + 1] - row[k]);
    }
  }
}

// Inverse of a symmetric, positive definite matrix by Gauss-Jordan elimination.
void invert(double (&m)[unknowns][unknowns]) {
  for (std::size_t i = 0; i < unknowns; ++i) {
    const double pivot = 1 / m[i][i];
    m[i][i] = 1;
    for (double& value : m[i]) value *= pivot;
    for (std::size_t r = 0; r < unknowns; ++r) {
      if (r == i) continue;
      const double factor = m[r][i];
      m[r][i] = 0;
      for (std::size_t c = 0; c < unknowns; ++c) m[r][c] -= factor * m[i][c];
    }
  }
}

template <std::size_t side>
void inner(const float* x, const float* y, double& sum) {
  float part = 0;
#pragma omp simd reduction(+ : part)
  for (std::size_t k = 0; k < side * side; ++k) part += x[k] * y[k];
  sum = part;
}

// Less the mean inside of the margin, 0 in it; returns the sum of squares.
template <std::size_t side>
double centred(const Plane<side>& in, float* out) {
  constexpr std::size_t margin = margin_of(side), inside = side - 2 * margin;
  float sum = 0;
  for (std::size_t y = margin; y < side - margin; ++y) {
#pragma omp simd reduction(+ : sum)
    for (std::size_t x = margin; x < side - margin; ++x) sum += in.at[y * side + x];
  }
  const float mean = sum / static_cast<float>(inside * inside);
  float squares = 0;
#pragma omp simd
  for (std::size_t k = 0; k < side * side; ++k) out[k] = 0;
  for (std::size_t y = margin; y < side - margin; ++y) {
#pragma omp simd reduction(+ : squares)
    for (std::size_t x = margin; x < side - margin; ++x) {
      const float v = in.at[y * side + x] - mean;
      out[y * side + x] = v;
      squares += v * v;
    }
  }
  return squares;
}

template <std::size_t side>
void prepare_level(Level<side>& level, const Plane<side>& sharp, const Plane<side>& soft) {
  constexpr std::size_t margin = margin_of(side);
  constexpr float centre = centre_of(side);
  centred(soft, level.slope[0]);
  for (std::size_t i = 1; i < unknowns; ++i)
    for (float& value : level.slope[i]) value = 0;
  for (std::size_t y = margin; y < side - margin; ++y) {
    const float v = (static_cast<float>(y) - centre) / centre;
    for (std::size_t x = margin; x < side - margin; ++x) {
      const std::size_t k = y * side + x;
      const float u = (static_cast<float>(x) - centre) / centre;
      const float dx = 0.5f * (soft.at[k + 1] - soft.at[k - 1]);
      const float dy = 0.5f * (soft.at[k + side] - soft.at[k - side]);
      level.slope[1][k] = 1;
      level.slope[2][k] = dx * u, level.slope[3][k] = dx;
      level.slope[4][k] = dy * v, level.slope[5][k] = dy;
    }
  }
  for (std::size_t i = 0; i < unknowns; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      inner<side>(level.slope[i], level.slope[j], level.inverse[i][j]);
      level.inverse[j][i] = level.inverse[i][j];
    }
    level.inverse[i][i] += 1e-3;
  }
  invert(level.inverse);

  Plane<side> fine;
  detail(sharp, fine);
  const double squares = centred(fine, level.fine);
  const auto scale = static_cast<float>(squares > 1e-6 ? 1 / std::sqrt(squares) : 0);
  for (float& value : level.fine) value *= scale;
}

// One step: changes p, returns the largest change in pixels.
template <std::size_t side>
double improve(const Level<side>& level, const Plane<side>& b, double* p) {
  constexpr double centre = centre_of(side), pixel = static_cast<double>(side) / survey_side;
  Plane<side> warped;
  warp(b, p, warped);
  double right[unknowns], s[unknowns] = {};
  for (std::size_t i = 0; i < unknowns; ++i) inner<side>(level.slope[i], warped.at, right[i]);
  for (std::size_t i = 0; i < unknowns; ++i)
    for (std::size_t j = 0; j < unknowns; ++j) s[i] += level.inverse[i][j] * right[j];
  const double gain = std::fabs(s[0]) > 0.1 ? s[0] : 1;
  double largest = 0;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    // b warped by p is a moved by (stretch, shift), so p follows the inverse of that movement.
    const double stretch = limited(s[2 + 2 * axis] / gain, -pixel, pixel) / centre;
    const double shift = limited(s[3 + 2 * axis] / gain, -pixel, pixel) / centre;
    double *own = p + 2 * axis, before[2] = {own[0], own[1]};
    own[0] = ((1 + own[0] / centre) / (1 + stretch) - 1) * centre;
    own[1] = own[1] - (1 + own[0] / centre) * shift * centre;
    for (std::size_t i = 0; i < 2; ++i) {
      own[i] = limited(own[i], -4 * pixel, 4 * pixel);
      const double change = std::fabs(own[i] - before[i]);
      largest = change > largest ? change : largest;
    }
  }
  return largest;
}

template <std::size_t side>
double likeness(const Level<side>& level, const Plane<side>& b, const double* p) {
  Plane<side> warped, fine, inside;
  warp(b, p, warped);
  detail(warped, fine);
  const double squares = centred(fine, inside.at);
  double product;
  inner<side>(level.fine, inside.at, product);
  return squares > 1e-6 ? product / std::sqrt(squares) : 0;
}

void read(const std::uint8_t* picture, Plane<survey_side>& whole) {
#pragma omp simd
  for (std::size_t k = 0; k < survey_side * survey_side; ++k) whole.at[k] = picture[k];
}

void read_half(const std::uint8_t* picture, Plane<survey_side / 2>& half) {
  constexpr std::size_t side = survey_side / 2;
  for (std::size_t y = 0; y < side; ++y) {
    const std::uint8_t *top = &picture[4 * y * side], *bottom = top + 2 * side;
    int sum[2 * side];
#pragma omp simd
    for (std::size_t x = 0; x < 2 * side; ++x) sum[x] = top[x] + bottom[x];
#pragma omp simd
    for (std::size_t x = 0; x < side; ++x)
      half.at[y * side + x] = 0.25f * static_cast<float>(sum[2 * x] + sum[2 * x + 1]);
  }
}

// Gauss-Newton until it stands still.
template <std::size_t side>
void improve_all(const Level<side>& level, const Plane<side>& b, int most, double* p) {
  for (int step = 0; step < most; ++step)
    if (improve(level, b, p) < 0.005 * static_cast<double>(side) / survey_side) break;
}

}  // namespace

void prepare(FittedTo::State& state, const std::uint8_t* picture) {
  Plane<survey_side> whole, soft;
  Plane<survey_side / 2> half;
  read_half(picture, half);
  read(picture, whole);
  smooth(whole, soft);
  prepare_level(state.half, half, half);  // a mean of four is soft already
  prepare_level(state.whole, whole, soft);
}

double fit(const FittedTo::State& state, const std::uint8_t* picture) {
  Plane<survey_side / 2> half;
  read_half(picture, half);
  double p[4] = {};
  improve_all(state.half, half, 2, p);
  const double now = likeness(state.half, half, p);
  if (now < half_likeness) return now;
  for (double& value : p) value *= 2;
  Plane<survey_side> whole, soft;
  read(picture, whole);
  smooth(whole, soft);
  improve_all(state.whole, soft, 12, p);
  return likeness(state.whole, whole, p);
}

}  // namespace hilum::HILUM_ISA
#endif
