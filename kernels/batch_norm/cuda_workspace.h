// batch_norm, CUDA: what the rows' sums need of memory and what they cannot run, for table.cpp and
// the kernels alike.
#pragma once

#include <cstddef>

#include "kernels/batch_norm/batch_norm.h"

namespace hilum {

// How many rows become one at each level of a version's tree.
inline constexpr std::size_t batch_norm_cuda1_group = 32, batch_norm_cuda2_group = 256,
                             batch_norm_cuda3_group = 1024;

constexpr std::size_t groups_of(std::size_t rows, std::size_t group) {
  return (rows + group - 1) / group;
}

// Two lines of C floats, then the first two levels of the tree; later levels take turns in them.
template <std::size_t group, std::size_t state_bytes>
std::size_t batch_norm_tree_workspace(const BatchNormProblem& a) {
  const std::size_t first = groups_of(a.rows, group), second = groups_of(first, group);
  return (2 * sizeof(float) + (first + second) * state_bytes) * a.c;
}

// Of a count with its moments.
inline constexpr auto batch_norm_cuda3_workspace =
    batch_norm_tree_workspace<batch_norm_cuda3_group, 12>;

// The forward rows add deviations from a channel's first number, which of normal numbers is up to
// four times their mean size: terms of five times the size. Each thread adds about 32 of them one
// after another, half an eps of random sign at a time: 5 x sqrt(32) / 2 = 14.
inline constexpr double batch_norm_cuda_tolerance = 16;

// cuda4: the slab of 8 channels and all rows in shared memory, of which every GPU since Ampere
// gives a block 99 KiB: 16 images of 14 x 14 pixels fit. Backward keeps x and dy.
inline constexpr std::size_t batch_norm_cuda4_channels = 8, batch_norm_cuda4_bytes = 98 * 1024;
template <std::size_t slabs>
const char* batch_norm_cuda4_why_not(const BatchNormProblem& a) {
  return a.rows > batch_norm_cuda4_bytes / (slabs * batch_norm_cuda4_channels * sizeof(float))
             ? "keeps all rows of eight channels in shared memory, and there are too many"
             : nullptr;
}

}  // namespace hilum
