// Which rows a test may call with memory of the host: those of the CPU, and of device emu where it
// is in this build.
#pragma once

#include "kernels/dispatch.h"
#include "kernels/isa.h"

namespace hilum::test {

template <class Pass>
bool takes_host_memory(const Row<Pass>& row) {
  return row.device != Device::cuda && row.run != nullptr && why_missing(row.device) == nullptr;
}

// Instruction sets of this machine make a difference for rows of the CPU alone.
template <class Pass>
bool makes_a_difference(const Row<Pass>& row, Isa candidate) {
  return candidate == best_isa() || (candidate < best_isa() && row.device == Device::cpu);
}

}  // namespace hilum::test
