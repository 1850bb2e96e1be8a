// Memory for tensors. Fresh pages are slow to touch the first time (an order of magnitude slower
// than memory in use), and a training step asks for the same sizes again and again, so freed blocks
// are kept and handed out again: small ones by size class, large ones of the CPU by the first hole
// that is large enough (arena.h). Large workspaces of kernels come from here as well.
#pragma once

#include <cstddef>

#include "kernels/row.h"

namespace hilum {

// Bytes aligned to 64; blocks of 1 MiB and more are aligned to 4096 and asked to lie in huge pages.
// The content is not initialised. Zero bytes give null. Throws a device error that names the
// bytes wanted, in use and at the peak where the limit or the system refuses, after the kept blocks
// have been given back. May be called from any thread. Device emu uses the memory of the CPU. On
// device cuda a freed block is handed on at once: its next user comes later in the same stream.
void* allocate(std::size_t bytes, Device device = Device::cpu);
void deallocate(void* block, std::size_t bytes, Device device = Device::cpu) noexcept;

struct MemoryStatistics {
  std::size_t in_use = 0;  // bytes handed out, rounded up to their size class
  std::size_t peak = 0;    // the most that was ever in use, since reset_peak_memory()
  std::size_t kept = 0;    // freed and kept for the next call
  std::size_t limit = 0;   // in use + kept never pass this
};
MemoryStatistics memory_statistics(Device device = Device::cpu);
void reset_peak_memory(Device device = Device::cpu);

// Default: the memory of the machine or of its control group, whichever is less; that of the GPU.
void set_memory_limit(std::size_t bytes, Device device = Device::cpu);

// Gives the kept blocks back to the system.
void release_kept_memory(Device device = Device::cpu);

// The bytes that a request really takes: multiples of 64, eight classes to each doubling, so that
// at most an eighth is wasted; from 1 MiB on multiples of 4096.
std::size_t size_class(std::size_t bytes);

}  // namespace hilum
