// What a kernel does to memory, counted as a GPU would see it: for `hilum kernels run --device emu
// --lesson`. The kernels are compiled a third time for it, into libhilum_lesson.so, with the
// compiler's instrumentation for thread sanitizers, whose calls end here instead: nothing in a
// kernel's source knows of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hilum::emu {

struct LessonCounts {
  std::size_t global_requests = 0;  // a warp's accesses by one instruction
  std::size_t uncoalesced = 0;      // of these, more 32-byte sectors than the bytes need
  std::size_t sectors = 0, least_sectors = 0;
  std::size_t shared_requests = 0;
  std::size_t bank_conflicts = 0;  // extra passes: lanes that want other words of one bank
  std::size_t warp_phases = 0;     // warps, counted between barriers
  std::size_t divergent = 0;       // of these, lanes that went different ways

  void add(const LessonCounts& more);
};

// The accesses of one block between two barriers.
class LessonRecorder {
 public:
  struct Access {
    std::uintptr_t instruction, address;
    std::uint32_t bytes;
    bool shared;
  };
  void begin(std::size_t threads);
  void access(std::size_t thread, const Access& access) {
    lanes_[thread].accesses.push_back(access);
  }
  void step(std::size_t thread, std::uintptr_t at) {
    lanes_[thread].path = (lanes_[thread].path ^ at) * 0x100000001B3ull;
  }
  // At a barrier and at the end of a block: counts what the warps did since, and forgets it.
  void close();
  LessonCounts counts;

 private:
  struct Lane {
    std::vector<Access> accesses;
    std::uint64_t path = 0;
  };
  void close_warp(std::size_t first, std::size_t last);
  void count_request(const std::vector<Access>& lanes);
  std::vector<Lane> lanes_;
};

// By kernel, all that was launched so far.
void lesson_add(const std::string& kernel, const LessonCounts& counts);
std::string lesson_report();

}  // namespace hilum::emu
