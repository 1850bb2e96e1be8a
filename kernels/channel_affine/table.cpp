// channel_affine: problem, cost and the table of its rows, best first.
#include "kernels/channel_affine/channel_affine.h"
#include "kernels/channel_affine/ref.h"
#include "kernels/channel_affine/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"

namespace hilum {

std::string ChannelAffineProblem::describe() const {
  std::string text = fmt::format("{}x{}", rows, c);
  if (x_pitch != c) text += fmt::format(" of {}", x_pitch);
  if (y_pitch != c) text += fmt::format(" to {}", y_pitch);
  if (!scaled) text += ", unscaled";
  if (activation != Activation::none) text += fmt::format(", {}", activation_name(activation));
  return text;
}

std::vector<Operand> ChannelAffineInference::operands(const Problem& a) {
  const std::size_t parameters = a.scaled ? a.c : 0;
  return {{"x", (a.rows - 1) * a.x_pitch + a.c},
          {"scale", parameters},
          {"shift", parameters},
          {"y", (a.rows - 1) * a.y_pitch + a.c}};
}

Cost ChannelAffineInference::cost(const Problem& a) {
  const double count = static_cast<double>(a.rows * a.c);
  return {a.scaled ? 2 * count : 0, 8 * count};
}

const Table<ChannelAffineInference>& ChannelAffineInference::table() {
  static const Table<ChannelAffineInference> rows = {
      {"cpu1", Device::cpu, nullptr, channel_affine_inference_cpu1},
      HILUM_CUDA_ROWS(ChannelAffineInference, "cuda1"),
      ref_row<ChannelAffineInference>(),
  };
  return rows;
}

}  // namespace hilum
