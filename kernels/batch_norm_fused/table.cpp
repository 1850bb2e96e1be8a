// batch_norm_fused: costs and the tables of its rows, best first.
#include "kernels/batch_norm/cuda_workspace.h"
#include "kernels/batch_norm_fused/batch_norm_fused.h"
#include "kernels/batch_norm_fused/ref.h"
#include "kernels/batch_norm_fused/rows.h"
#include "kernels/cuda_rows.h"
#include "kernels/ref_row.h"

namespace hilum {
namespace {
// `trips` through arrays of the size of x, and a handful of lines of C.
Cost fused_cost(const BatchNormFusedProblem& a, double flop, double trips) {
  const auto count = static_cast<double>(a.x_count());
  return {flop * count, 4.0 * (trips * count + 8 * static_cast<double>(a.c))};
}
// As batch_norm's rows cuda3, whose sums these rows take.
std::size_t cuda1_workspace(const BatchNormFusedProblem& a) {
  return batch_norm_cuda3_workspace(a);
}
}  // namespace

std::string BatchNormFusedProblem::describe() const {
  return BatchNormProblem::describe() + (shortcut ? " + shortcut" : "") + (relu ? ", ReLU" : "") +
         (y_row() != c ? ", pitch " + std::to_string(pitch) : "");
}

// Fill::distinct keeps finite differences on one side of the ReLU's kink as well as any filling can
// that goes through a batch norm first.
std::vector<Operand> BatchNormFusedForward::operands(const Problem& a) {
  return {{"x", a.x_count()},      {"gamma", a.c},
          {"beta", a.c},           {"shortcut", a.shortcut_count()},
          {"running_mean", a.c},   {"running_var", a.c, Fill::positive},
          {"y", a.y_count()},      {"mean", a.c},
          {"inv_std", a.c},        {"running_mean_out", a.c},
          {"running_var_out", a.c}};
}
std::vector<Operand> BatchNormFusedBackward::operands(const Problem& a) {
  return {{"x", a.x_count()},
          {"gamma", a.c},
          {"beta", a.c},
          {"mean", a.c},
          {"inv_std", a.c, Fill::positive},
          {"y", a.relu ? a.shortcut_count() : 0, Fill::rectified},
          {"dy", a.y_count()},
          {"dx", a.x_count()},
          {"dshortcut", a.shortcut_count()},
          {"dgamma", a.c},
          {"dbeta", a.c}};
}
std::vector<Operand> BatchNormFusedRebuild::operands(const Problem& a) {
  return {{"x", a.x_count()}, {"gamma", a.c},
          {"beta", a.c},      {"shortcut", a.shortcut_count()},
          {"mean", a.c},      {"inv_std", a.c, Fill::positive},
          {"y", a.y_count()}};
}

// Memory is counted once an array, as everywhere; forward goes over x and backward over x and dy
// twice.
Cost BatchNormFusedForward::cost(const Problem& a) { return fused_cost(a, 8, 2 + a.shortcut); }
Cost BatchNormFusedBackward::cost(const Problem& a) {
  return fused_cost(a, 11, 3 + 2 * a.shortcut);
}
Cost BatchNormFusedRebuild::cost(const Problem& a) { return fused_cost(a, 4, 2 + a.shortcut); }

const Table<BatchNormFusedForward>& BatchNormFusedForward::table() {
  static const Table<BatchNormFusedForward> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_fused_forward_cpu1,
       batch_norm_fused_cpu1_workspace},
      HILUM_CUDA_ROWS(BatchNormFusedForward, "cuda1_warp", nullptr, cuda1_workspace,
                      batch_norm_cuda_tolerance),
      ref_row<BatchNormFusedForward>(),
  };
  return rows;
}

const Table<BatchNormFusedBackward>& BatchNormFusedBackward::table() {
  static const Table<BatchNormFusedBackward> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_fused_backward_cpu1,
       batch_norm_fused_cpu1_workspace},
      HILUM_CUDA_ROWS(BatchNormFusedBackward, "cuda1_warp", nullptr, cuda1_workspace),
      ref_row<BatchNormFusedBackward>(),
  };
  return rows;
}

const Table<BatchNormFusedRebuild>& BatchNormFusedRebuild::table() {
  static const Table<BatchNormFusedRebuild> rows = {
      {"cpu1", Device::cpu, nullptr, batch_norm_fused_rebuild_cpu1,
       batch_norm_fused_cpu1_workspace},
      HILUM_CUDA_ROWS(BatchNormFusedRebuild, "cuda1_warp"),
      ref_row<BatchNormFusedRebuild>(),
  };
  return rows;
}

}  // namespace hilum
