// Fits one small picture to another. Written out:
//
//   a(x, y)  ~  gain b(x + p0 u + p1, y + p2 v + p3) + offset        u, v: x, y from -1 to 1
//
// Each step makes this linear in the six unknowns and solves the least squares.
#include <algorithm>
#include <array>
#include <cmath>

#include "data/near_duplicates.h"

namespace hilum {
namespace {

constexpr std::size_t side = survey_side, margin = 4;
constexpr float centre = (side - 1) / 2.0f;
using Plane = std::array<float, side * side>;

// Mean of the (2 reach + 1)^2 pixels around, the edge going on outside; two passes.
Plane box_mean(const Plane& in, int reach) {
  const auto at = [](int i) { return std::clamp<int>(i, 0, side - 1); };
  const float share = 1.0f / static_cast<float>(2 * reach + 1);
  Plane rows, out;
  for (int y = 0; y < static_cast<int>(side); ++y) {
    for (int x = 0; x < static_cast<int>(side); ++x) {
      float sum = 0;
      for (int k = -reach; k <= reach; ++k) sum += in[y * side + at(x + k)];
      rows[y * side + x] = sum * share;
    }
  }
  for (int y = 0; y < static_cast<int>(side); ++y) {
    for (int x = 0; x < static_cast<int>(side); ++x) {
      float sum = 0;
      for (int k = -reach; k <= reach; ++k) sum += rows[at(y + k) * side + x];
      out[y * side + x] = sum * share;
    }
  }
  return out;
}

// A little blur, (1 2 1) / 4 each way, for the fitting only: slopes of noise lead nowhere.
Plane smooth(const Plane& in) {
  Plane out;
  const auto at = [](std::size_t i, int k) {
    return static_cast<std::size_t>(std::clamp<int>(static_cast<int>(i) + k, 0, side - 1));
  };
  Plane rows;
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x)
      rows[y * side + x] = 0.25f * in[y * side + at(x, -1)] + 0.5f * in[y * side + x] +
                           0.25f * in[y * side + at(x, 1)];
  for (std::size_t y = 0; y < side; ++y)
    for (std::size_t x = 0; x < side; ++x)
      out[y * side + x] = 0.25f * rows[at(y, -1) * side + x] + 0.5f * rows[y * side + x] +
                          0.25f * rows[at(y, 1) * side + x];
  return out;
}

// Where the samples of one axis lie: pixel and fraction.
struct Axis {
  std::array<std::size_t, side> low;
  std::array<float, side> fraction;

  Axis(double stretch, double shift) {
    for (std::size_t i = 0; i < side; ++i) {
      const double u = (static_cast<double>(i) - centre) / centre;
      const double x = std::clamp(static_cast<double>(i) + stretch * u + shift, 0.0,
                                  static_cast<double>(side - 1));
      low[i] = std::min<std::size_t>(static_cast<std::size_t>(x), side - 2);
      fraction[i] = static_cast<float>(x - static_cast<double>(low[i]));
    }
  }
};

Plane warp(const Plane& in, const std::array<double, 4>& p) {
  const Axis across(p[0], p[1]), down(p[2], p[3]);
  Plane out;
  for (std::size_t y = 0; y < side; ++y) {
    const float* top = &in[down.low[y] * side];
    const float *bottom = top + side, fy = down.fraction[y];
    for (std::size_t x = 0; x < side; ++x) {
      const std::size_t k = across.low[x];
      const float fx = across.fraction[x];
      const float high = top[k] + fx * (top[k + 1] - top[k]);
      const float deep = bottom[k] + fx * (bottom[k + 1] - bottom[k]);
      out[y * side + x] = high + fy * (deep - high);
    }
  }
  return out;
}

// Solves the 6 x 6 system by Gaussian elimination; the matrix is symmetric and positive definite.
std::array<double, 6> solve(std::array<std::array<double, 7>, 6> m) {
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t r = i + 1; r < 6; ++r) {
      const double factor = m[r][i] / m[i][i];
      for (std::size_t c = i; c < 7; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  std::array<double, 6> s = {};
  for (std::size_t i = 6; i-- > 0;) {
    s[i] = m[i][6];
    for (std::size_t c = i + 1; c < 6; ++c) s[i] -= m[i][c] * s[c];
    s[i] /= m[i][i];
  }
  return s;
}

// One Gauss-Newton step: changes p, returns the largest change.
double improve(const Plane& a, const Plane& b, std::array<double, 4>& p) {
  const Plane w = warp(b, p);
  std::array<std::array<float, 7>, 6> part;
  std::array<std::array<double, 7>, 6> sums = {};
  for (std::size_t y = margin; y < side - margin; ++y) {
    for (auto& row : part) row.fill(0);
    const float v = (static_cast<float>(y) - centre) / centre;
    for (std::size_t x = margin; x < side - margin; ++x) {
      const std::size_t k = y * side + x;
      const float u = (static_cast<float>(x) - centre) / centre;
      const float dx = 0.5f * (w[k + 1] - w[k - 1]), dy = 0.5f * (w[k + side] - w[k - side]);
      const float column[7] = {w[k], 1, dx * u, dx, dy * v, dy, a[k]};
      for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t j = i; j < 7; ++j) part[i][j] += column[i] * column[j];
    }
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = i; j < 7; ++j) sums[i][j] += part[i][j];
  }
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < i; ++j) sums[i][j] = sums[j][i];
    sums[i][i] += 1e-3;
  }
  const std::array<double, 6> s = solve(sums);
  const double gain = std::abs(s[0]) > 0.1 ? s[0] : 1;
  double largest = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double change = std::clamp(s[2 + i] / gain, -1.0, 1.0);
    largest = std::max(largest, std::abs(change));
    p[i] = std::clamp(p[i] + change, -4.0, 4.0);
  }
  return largest;
}

Plane detail(const Plane& in) {
  Plane out = box_mean(in, 2);
  for (std::size_t k = 0; k < out.size(); ++k) out[k] = in[k] - out[k];
  return out;
}

double correlation(const Plane& a, const Plane& b) {
  double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0, n = 0;
  for (std::size_t y = margin; y < side - margin; ++y) {
    for (std::size_t x = margin; x < side - margin; ++x) {
      const double va = a[y * side + x], vb = b[y * side + x];
      sa += va, sb += vb, aa += va * va, bb += vb * vb, ab += va * vb, n += 1;
    }
  }
  const double spread = (aa - sa * sa / n) * (bb - sb * sb / n);
  return spread > 1e-6 ? (ab - sa * sb / n) / std::sqrt(spread) : 0;
}

}  // namespace

double fitted_likeness(const std::uint8_t* a, const std::uint8_t* b) {
  Plane first, second;
  std::copy_n(a, side * side, first.begin());
  std::copy_n(b, side * side, second.begin());
  const Plane soft_first = smooth(first), soft_second = smooth(second), fine = detail(first);
  std::array<double, 4> p = {};
  const auto likeness = [&] { return correlation(fine, detail(warp(second, p))); };
  for (int step = 0; step < 12; ++step) {
    if (improve(soft_first, soft_second, p) < 0.005) break;
    // After three steps a picture that fits is past 0.7; most that came here never are.
    if (step == 2) {
      const double now = likeness();
      if (now < 0.6) return now;
    }
  }
  return likeness();
}

}  // namespace hilum
