// The caching allocator of allocator.h: an arena for large blocks of the CPU, free lists by size
// class for the others, under one lock.
#include "engine/allocator.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/arena.h"
#include "kernels/device.h"
#include "kernels/dispatch.h"
#include "kernels/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#endif

namespace hilum {
namespace {

constexpr std::size_t small_alignment = 64;
constexpr std::size_t page = 4096;
constexpr std::size_t large = std::size_t{1} << 20;

std::size_t machine_memory() {
  std::size_t bytes = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
                      static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  // Inside a container the control group may allow less; "max" does not parse and changes nothing.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::size_t allowed = 0;
    if (file >> allowed && allowed > 0) bytes = std::min(bytes, allowed);
  }
  return bytes;
}

struct Pool {
  explicit Pool(Device device) : device(device) {
    statistics.limit = device == Device::cuda ? device_memory(device) : machine_memory();
    // Twice the memory: what is free lies in pieces.
    if (device != Device::cuda) arena.emplace(2 * machine_memory());
    set_large_workspaces(allocate, deallocate);
  }

  const Device device;  // cpu or cuda
  std::mutex mutex;
  std::optional<Arena> arena;                                // large blocks of the CPU
  std::unordered_map<std::size_t, std::vector<void*>> free;  // all others, by size class
  MemoryStatistics statistics;

  bool from_arena(std::size_t bytes) const { return arena && bytes >= large; }

  // A block of a size class; null where there is none for at most `growth` bytes more.
  void* take(std::size_t bytes, std::size_t growth) {
    if (from_arena(bytes)) return arena->take(bytes, growth);
    if (auto kept = free.find(bytes); kept != free.end() && !kept->second.empty()) {
      void* block = kept->second.back();
      kept->second.pop_back();
      kept_in_lists -= bytes;
      return block;
    }
    return bytes <= growth ? system_allocate(bytes) : nullptr;
  }

  void give(void* block, std::size_t bytes) {
    if (from_arena(bytes)) return arena->give(block, bytes);
    free[bytes].push_back(block);
    kept_in_lists += bytes;
  }

  std::size_t kept() const { return kept_in_lists + (arena ? arena->kept() : 0); }

  // What may still be taken from the system.
  std::size_t growth() const {
    const std::size_t taken = statistics.in_use + kept();
    return taken < statistics.limit ? statistics.limit - taken : 0;
  }

  void give_back_kept() {
    for (auto& [bytes, blocks] : free) {
      for (void* block : blocks) {
        if (device == Device::cuda) {
          device_free(device, block);
          continue;
        }
        ASAN_UNPOISON_MEMORY_REGION(block, bytes);
        std::free(block);
      }
    }
    free.clear();
    kept_in_lists = 0;
    if (arena) arena->release();
  }

 private:
  std::size_t kept_in_lists = 0;

  void* system_allocate(std::size_t bytes) const {
    if (device == Device::cuda) return device_allocate(device, bytes);
    void* block = nullptr;
    return ::posix_memalign(&block, small_alignment, bytes) == 0 ? block : nullptr;
  }
};

// Never destroyed: tensors in static storage may be freed after main() has ended.
Pool& pool(Device device) {
  static Pool* const host = new Pool(Device::cpu);
  if (device != Device::cuda) return *host;
  static Pool* const gpu = new Pool(Device::cuda);
  return *gpu;
}

// Under AddressSanitizer memory that nobody owns is poisoned.
void poison(const Pool& p, void* begin, std::size_t bytes) {
  if (p.device != Device::cuda) ASAN_POISON_MEMORY_REGION(begin, bytes);
}
void unpoison(const Pool& p, void* begin, std::size_t bytes) {
  if (p.device != Device::cuda) ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
}

constexpr double mib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

std::size_t size_class(std::size_t bytes) {
  if (bytes <= small_alignment) return small_alignment;
  // Above half of the range nothing can be had anyway; rounding up would overflow.
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) return bytes;
  const std::size_t eighth = std::bit_floor(bytes - 1) / 8;
  const std::size_t step = bytes >= large ? page : std::max(small_alignment, eighth);
  return (bytes + step - 1) / step * step;
}

void* allocate(std::size_t bytes, Device device) {
  if (bytes == 0) return nullptr;
  const std::size_t rounded = size_class(bytes);
  Pool& p = pool(device);
  const std::lock_guard lock(p.mutex);
  MemoryStatistics& s = p.statistics;
  void* block = p.take(rounded, p.growth());
  if (block == nullptr && p.kept() > 0) {
    p.give_back_kept();
    block = p.take(rounded, p.growth());
  }
  if (block == nullptr) {
    throw device_error(
        "memory of device {}: {} bytes ({:.1f} MiB) cannot be had: {:.1f} MiB in use, {:.1f} MiB "
        "at "
        "the peak, limit {:.1f} MiB. Lower the batch size or the image size.",
        device_name(p.device), bytes, mib(bytes), mib(s.in_use), mib(s.peak), mib(s.limit));
  }
  s.in_use += rounded;
  s.peak = std::max(s.peak, s.in_use);
  unpoison(p, block, bytes);
  poison(p, static_cast<char*>(block) + bytes, rounded - bytes);
  return block;
}

void deallocate(void* block, std::size_t bytes, Device device) noexcept {
  if (block == nullptr) return;
  const std::size_t rounded = size_class(bytes);
  Pool& p = pool(device);
  const std::lock_guard lock(p.mutex);
  poison(p, block, rounded);
  p.give(block, rounded);
  p.statistics.in_use -= rounded;
}

MemoryStatistics memory_statistics(Device device) {
  Pool& p = pool(device);
  const std::lock_guard lock(p.mutex);
  MemoryStatistics now = p.statistics;
  now.kept = p.kept();
  return now;
}

void reset_peak_memory(Device device) {
  const std::lock_guard lock(pool(device).mutex);
  pool(device).statistics.peak = pool(device).statistics.in_use;
}

void set_memory_limit(std::size_t bytes, Device device) {
  const std::lock_guard lock(pool(device).mutex);
  pool(device).statistics.limit = bytes;
}

void release_kept_memory(Device device) {
  const std::lock_guard lock(pool(device).mutex);
  pool(device).give_back_kept();
}

}  // namespace hilum
