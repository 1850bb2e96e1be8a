// Requests of a warp from the accesses of its lanes; see emu_lesson.h.
//
// The n-th time that a lane comes by an instruction belongs to the same request as the n-th time of
// its neighbours. Global memory moves in sectors of 32 bytes. Shared memory has 32 banks of 4
// bytes: lanes that want different words of one bank wait for each other; 8 and 16 bytes a lane are
// served to a half and a quarter of the warp at a time.
#include "kernels/emu_lesson.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>

namespace hilum::emu {

void LessonCounts::add(const LessonCounts& more) {
  global_requests += more.global_requests, uncoalesced += more.uncoalesced;
  sectors += more.sectors, least_sectors += more.least_sectors;
  shared_requests += more.shared_requests, bank_conflicts += more.bank_conflicts;
  warp_phases += more.warp_phases, divergent += more.divergent;
}

void LessonRecorder::begin(std::size_t threads) { lanes_.assign(threads, {}); }

void LessonRecorder::close() {
  for (std::size_t first = 0; first < lanes_.size(); first += 32) {
    close_warp(first, std::min(first + 32, lanes_.size()));
  }
  for (Lane& lane : lanes_) lane = {};
}

void LessonRecorder::close_warp(std::size_t first, std::size_t last) {
  std::map<std::pair<std::uintptr_t, std::size_t>, std::vector<Access>> requests;
  std::set<std::uint64_t> paths;
  for (std::size_t i = first; i < last; ++i) {
    std::map<std::uintptr_t, std::size_t> times;
    for (const Access& access : lanes_[i].accesses) {
      requests[{access.instruction, times[access.instruction]++}].push_back(access);
    }
    paths.insert(lanes_[i].path);
  }
  if (paths.size() == 1 && *paths.begin() == 0) return;  // all have returned before
  ++counts.warp_phases;
  counts.divergent += paths.size() > 1;
  for (const auto& [key, lanes] : requests) count_request(lanes);
}

void LessonRecorder::count_request(const std::vector<Access>& lanes) {
  const std::size_t bytes = lanes[0].bytes;
  if (!lanes[0].shared) {
    std::set<std::uintptr_t> touched, sectors;
    for (const Access& access : lanes) {
      touched.insert(access.address);
      for (std::uintptr_t at = access.address / 32; at <= (access.address + bytes - 1) / 32; ++at) {
        sectors.insert(at);
      }
    }
    const std::size_t least = (touched.size() * bytes + 31) / 32;
    ++counts.global_requests;
    counts.sectors += sectors.size();
    counts.least_sectors += least;
    counts.uncoalesced += sectors.size() > least + 1;  // one more where the row is not aligned
    return;
  }
  ++counts.shared_requests;
  const std::size_t together = bytes <= 4 ? 32 : 128 / bytes;
  for (std::size_t begin = 0; begin < lanes.size(); begin += together) {
    std::map<std::uintptr_t, std::set<std::uintptr_t>> words;  // by bank
    std::size_t passes = 1;
    for (std::size_t i = begin; i < std::min(begin + together, lanes.size()); ++i) {
      for (std::uintptr_t at = lanes[i].address / 4; at <= (lanes[i].address + bytes - 1) / 4;
           ++at) {
        words[at % 32].insert(at);
        passes = std::max(passes, words[at % 32].size());
      }
    }
    counts.bank_conflicts += passes - 1;
  }
}

namespace {
std::mutex report_mutex;
std::map<std::string, LessonCounts>& report() {
  static auto& kernels = *new std::map<std::string, LessonCounts>;
  return kernels;
}
}  // namespace

void lesson_add(const std::string& kernel, const LessonCounts& counts) {
  const std::lock_guard lock(report_mutex);
  report()[kernel].add(counts);
}

std::string lesson_report() {
  const std::lock_guard lock(report_mutex);
  std::string text = fmt::format("{:<28}{:>12}{:>12}{:>14}{:>12}{:>12}{:>12}{:>12}\n", "kernel",
                                 "global", "uncoalesced", "sectors/least", "shared", "conflicts",
                                 "warp phases", "divergent");
  for (const auto& [kernel, c] : report()) {
    text +=
        fmt::format("{:<28}{:>12}{:>12}{:>14}{:>12}{:>12}{:>12}{:>12}\n", kernel, c.global_requests,
                    c.uncoalesced, fmt::format("{}/{}", c.sectors, c.least_sectors),
                    c.shared_requests, c.bank_conflicts, c.warp_phases, c.divergent);
  }
  return text;
}

}  // namespace hilum::emu
