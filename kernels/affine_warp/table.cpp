// affine_warp: problem, costs and the table of its rows, best first.
// The reference row keeps the contract of affine_warp.h too: no product is fused with a sum.
#pragma GCC optimize("fp-contract=off")
#include <cmath>

#include "kernels/affine_warp/ref.h"
#include "kernels/affine_warp/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

const char* warp_border_name(WarpBorder border) {
  switch (border) {
    case WarpBorder::nearest:
      return "nearest";
    case WarpBorder::reflect:
      return "reflect";
    case WarpBorder::constant:
      return "constant";
  }
  return "?";
}

std::string AffineWarpProblem::describe() const {
  return fmt::format("{}x{}x{}x{} -> {}x{} {}", n, h, w, c, out_h, out_w, warp_border_name(border));
}

void check(const AffineWarpProblem& a) {
  const std::size_t limit = std::size_t{1} << 22;
  if (a.n == 0 || a.c == 0) {
    throw usage_error("affine_warp {}: there are no images or no channels.", a.describe());
  }
  for (const std::size_t side : {a.h, a.w, a.out_h, a.out_w}) {
    if (side == 0 || side > limit) {
      throw usage_error("affine_warp {}: a side has {} pixels. Expected 1 to {}.", a.describe(),
                        side, limit);
    }
  }
  if (!std::isfinite(a.value)) {
    throw usage_error("affine_warp {}: the value of pixels outside, {}, is not finite.",
                      a.describe(), a.value);
  }
}

std::vector<Operand> AffineWarpForward::operands(const Problem& a) {
  return {{"x", a.x_count(), Fill::normal, 256},
          {"matrix", 6 * a.n, Fill::affine},
          {"gain", a.n, Fill::positive},
          {"scale", a.c},
          {"shift", a.c},
          {"y", a.y_count()}};
}
// An output pixel takes 8 operations for its coordinates and about 6 for its fractions; a channel 9
// to blend, 3 for brightness and 2 to normalise.
Cost AffineWarpForward::cost(const Problem& a) {
  const auto pixels = static_cast<double>(a.n * a.out_h * a.out_w);
  return {pixels * (14 + 14 * static_cast<double>(a.c)),
          static_cast<double>(a.x_count()) + 4.0 * static_cast<double>(a.y_count())};
}

const Table<AffineWarpForward>& AffineWarpForward::table() {
  static const Table<AffineWarpForward> rows = {
      {"cpu2_pairs", Device::cpu, affine_warp_forward_cpu2_pairs_why_not,
       affine_warp_forward_cpu2_pairs},
      {"cpu1", Device::cpu, nullptr, affine_warp_forward_cpu1},
      HILUM_CUDA_ROWS(AffineWarpForward, "cuda1"),
      ref_row<AffineWarpForward>(),
  };
  return rows;
}

}  // namespace hilum
