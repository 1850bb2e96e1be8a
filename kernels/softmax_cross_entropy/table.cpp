// softmax_cross_entropy: problem, costs and the tables of its rows, best first.
#include "kernels/cuda_rows.h"
#include "kernels/error.h"
#include "kernels/ref_row.h"
#include "kernels/softmax_cross_entropy/ref.h"
#include "kernels/softmax_cross_entropy/rows.h"

namespace hilum {

std::string SoftmaxCrossEntropyProblem::describe() const {
  std::string text = fmt::format("{}x{}", n, c);
  if (weighted) text += " weighted";
  if (label_smoothing != 0) text += fmt::format(" smoothing {}", label_smoothing);
  return text;
}

void check(const SoftmaxCrossEntropyProblem& a) {
  if (a.n == 0 || a.c == 0) {
    throw usage_error("softmax_cross_entropy {}: there are no samples or no classes.",
                      a.describe());
  }
  if (!(a.label_smoothing >= 0 && a.label_smoothing <= 1)) {
    throw usage_error("softmax_cross_entropy {}: label smoothing must lie in [0, 1].",
                      a.describe());
  }
}

void check_labels(const SoftmaxCrossEntropyProblem& a, const std::int32_t* labels) {
  for (std::size_t n = 0; n < a.n; ++n) {
    if (labels[n] < 0 || static_cast<std::size_t>(labels[n]) >= a.c) {
      throw usage_error(
          "softmax_cross_entropy {}: label {} of sample {} is no class. Expected 0 to {}. Give the "
          "network as many outputs as there are classes.",
          a.describe(), labels[n], n, a.c - 1);
    }
  }
}

std::vector<Operand> SoftmaxCrossEntropyForward::operands(const Problem& a) {
  return {{"logits", a.count()},
          {"labels", a.n, Fill::label, a.c},
          {"class_weight", a.weight_count(), Fill::positive},
          {"loss", 1},
          {"probability", a.count()}};
}
std::vector<Operand> SoftmaxCrossEntropyBackward::operands(const Problem& a) {
  return {{"probability", a.count(), Fill::probability, a.c},
          {"labels", a.n, Fill::label, a.c},
          {"class_weight", a.weight_count(), Fill::positive},
          {"dloss", 1},
          {"dlogits", a.count()}};
}
// exp is counted as one operation.
Cost SoftmaxCrossEntropyForward::cost(const Problem& a) {
  return {5.0 * static_cast<double>(a.count()),
          4.0 * static_cast<double>(2 * a.count() + a.n + a.weight_count() + 1)};
}
Cost SoftmaxCrossEntropyBackward::cost(const Problem& a) {
  return {3.0 * static_cast<double>(a.count()),
          4.0 * static_cast<double>(2 * a.count() + a.n + a.weight_count() + 1)};
}

namespace {
const char* too_much_for_a_block(const SoftmaxCrossEntropyProblem& a) {
  return a.count() > 65536 ? "is one block, too few for so many numbers" : nullptr;
}
// The samples' losses, or two sums of weights.
std::size_t a_double_a_sample(const SoftmaxCrossEntropyProblem& a) { return a.n * sizeof(double); }
std::size_t two_doubles(const SoftmaxCrossEntropyProblem&) { return 2 * sizeof(double); }
}  // namespace

const Table<SoftmaxCrossEntropyForward>& SoftmaxCrossEntropyForward::table() {
  static const Table<SoftmaxCrossEntropyForward> rows = {
      {"cpu1", Device::cpu, nullptr, softmax_cross_entropy_forward_cpu1,
       softmax_cross_entropy_forward_cpu1_workspace},
      HILUM_CUDA_ROWS(SoftmaxCrossEntropyForward, "cuda4_fused", too_much_for_a_block),
      HILUM_CUDA_ROWS(SoftmaxCrossEntropyForward, "cuda3_warp", nullptr, a_double_a_sample),
      HILUM_CUDA_ROWS(SoftmaxCrossEntropyForward, "cuda2_tree", nullptr, a_double_a_sample),
      HILUM_CUDA_ROWS(SoftmaxCrossEntropyForward, "cuda1_naive", nullptr, a_double_a_sample),
      ref_row<SoftmaxCrossEntropyForward>(),
  };
  return rows;
}

const Table<SoftmaxCrossEntropyBackward>& SoftmaxCrossEntropyBackward::table() {
  static const Table<SoftmaxCrossEntropyBackward> rows = {
      {"cpu1", Device::cpu, nullptr, softmax_cross_entropy_backward_cpu1},
      HILUM_CUDA_ROWS(SoftmaxCrossEntropyBackward, "cuda3_warp"),
      HILUM_CUDA_ROWS(SoftmaxCrossEntropyBackward, "cuda1_naive", nullptr, two_doubles),
      ref_row<SoftmaxCrossEntropyBackward>(),
  };
  return rows;
}

}  // namespace hilum
