// Where the values of a plan lie: in one block of memory in which what is no longer read makes room
// for what comes, and inside of joint tensors where they will be joined, so that concat copies
// nothing.
#pragma once

#include <vector>

#include "engine/plan_fuse.h"

namespace hilum {

// A value of N images: floats from N offset + channel on, a line of channels every `pitch` floats.
struct Place {
  std::size_t offset = 0, channel = 0, pitch = 0;
};

struct MemoryPlan {
  std::vector<Place> places;  // of each value of the graph that an operation makes
  std::size_t floats = 0;     // of the block, an image
};

// Concats are replaced by copies of those parts that cannot be made in place.
MemoryPlan plan_memory(std::vector<PlannedOperation>& operations, const Graph& graph);

}  // namespace hilum
