#include "kernels/work.h"

#include <omp.h>

#include <algorithm>

namespace hilum {
namespace {

// What the static schedule does: the first `items % parts` parts have one item more.
Part part_of(std::size_t items, std::size_t number, std::size_t parts) {
  const std::size_t length = items / parts, longer = items % parts;
  const std::size_t begin = number * length + std::min(number, longer);
  return {begin, begin + length + (number < longer ? 1 : 0)};
}

constexpr std::uint64_t pack(std::uint64_t begin, std::uint64_t end) { return begin << 32 | end; }

std::size_t this_thread() { return static_cast<std::size_t>(omp_get_thread_num()); }

}  // namespace

Part my_part(std::size_t items) {
  return part_of(items, this_thread(), static_cast<std::size_t>(omp_get_num_threads()));
}

Work::Work(std::size_t items)
    : parts_(static_cast<std::size_t>(omp_get_max_threads())),
      left_(std::make_unique<Left[]>(parts_)) {
  for (std::size_t i = 0; i < parts_; ++i) {
    const Part part = part_of(items, i, parts_);
    left_[i].range.store(pack(part.begin, part.end), std::memory_order_relaxed);
  }
}

bool Work::take(Left& left, bool from_end, std::size_t& item) {
  std::uint64_t range = left.range.load(std::memory_order_relaxed);
  while (true) {
    const std::uint64_t begin = range >> 32, end = range & 0xffffffffu;
    if (begin >= end) return false;
    const std::uint64_t rest = from_end ? pack(begin, end - 1) : pack(begin + 1, end);
    if (left.range.compare_exchange_weak(range, rest, std::memory_order_relaxed)) {
      item = from_end ? end - 1 : begin;
      return true;
    }
  }
}

bool Work::next(std::size_t& item) {
  const std::size_t own = this_thread() % parts_;
  if (take(left_[own], false, item)) return true;
  for (std::size_t i = 1; i < parts_; ++i) {
    if (take(left_[(own + i) % parts_], true, item)) return true;
  }
  return false;
}

void Teams::join() {
#pragma omp single
  {
    threads_ = static_cast<std::size_t>(omp_get_num_threads());
    teams_ = std::min(threads_, shares_);
    barriers_ = std::vector<std::optional<std::barrier<>>>(teams_);
    for (std::size_t team = 0; team < teams_; ++team) {
      const Part members = part_of(threads_, team, teams_);
      barriers_[team].emplace(static_cast<std::ptrdiff_t>(members.end - members.begin));
    }
  }
}

std::size_t Teams::team_of(std::size_t thread) const {
  std::size_t team = 0;
  while (part_of(threads_, team, teams_).end <= thread) ++team;
  return team;
}

Part Teams::shares() const { return part_of(shares_, team_of(this_thread()), teams_); }

Part Teams::part(std::size_t items) const {
  const Part members = part_of(threads_, team_of(this_thread()), teams_);
  return part_of(items, this_thread() - members.begin, members.end - members.begin);
}

void Teams::wait() { barriers_[team_of(this_thread())]->arrive_and_wait(); }

}  // namespace hilum
