// First fit with growing together, over addresses that were reserved in one piece.
#include "engine/arena.h"

#include <sys/mman.h>

#include <algorithm>

namespace hilum {
namespace {

constexpr std::size_t most_waiting = std::size_t{16} << 20;  // larger ones leave the caches anyway
constexpr std::size_t step = std::size_t{64} << 20;  // of making addresses usable: whole huge pages

}  // namespace

Arena::Arena(std::size_t reserve) {
  // Without access they count against no limit but that of the addresses (ulimit -v).
  for (reserve = reserve / step * step; reserve >= step; reserve = reserve / 2 / step * step) {
    void* const base =
        ::mmap(nullptr, reserve, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) continue;
    base_ = static_cast<char*>(base);
    reserved_ = reserve;
    return;
  }
}

void Arena::add_hole(std::size_t offset, Hole hole) {
  holes_[offset] = hole;
  if (hole.kept) kept_ += hole.bytes;
}

void Arena::remove_hole(Holes::iterator hole) {
  if (hole->second.kept) kept_ -= hole->second.bytes;
  holes_.erase(hole);
}

bool Arena::make_usable(std::size_t end) {
  if (end > reserved_) return false;
  if (end <= usable_) return true;
  const std::size_t wanted = std::min((end + step - 1) / step * step, reserved_);
  if (::mprotect(base_ + usable_, wanted - usable_, PROT_READ | PROT_WRITE) != 0) return false;
  ::madvise(base_ + usable_, wanted - usable_, MADV_HUGEPAGE);
  usable_ = wanted;
  return true;
}

// Null where no hole is large enough.
void* Arena::take_hole(std::size_t bytes, std::size_t growth) {
  const auto hole = std::find_if(holes_.begin(), holes_.end(),
                                 [=](const auto& entry) { return entry.second.bytes >= bytes; });
  if (hole == holes_.end()) return nullptr;
  const auto [offset, all] = *hole;
  if (!all.kept && bytes > growth) return nullptr;
  remove_hole(hole);
  if (all.bytes > bytes) add_hole(offset + bytes, {all.bytes - bytes, all.kept});
  return base_ + offset;
}

void* Arena::take(std::size_t bytes, std::size_t growth) {
  if (const auto same = waiting_.find(bytes); same != waiting_.end() && !same->second.empty()) {
    const std::size_t offset = same->second.back();
    same->second.pop_back();
    kept_ -= bytes;
    return base_ + offset;
  }
  if (void* const block = take_hole(bytes, growth)) return block;
  open_waiting();
  if (void* const block = take_hole(bytes, growth)) return block;
  // At the frontier, on top of the hole that ends there.
  std::size_t offset = frontier_, more = bytes;
  auto last = holes_.empty() ? holes_.end() : std::prev(holes_.end());
  if (last != holes_.end() && last->first + last->second.bytes != frontier_) last = holes_.end();
  if (last != holes_.end()) {
    offset = last->first;
    if (last->second.kept) more -= last->second.bytes;
  }
  if (more > growth || bytes > reserved_ || !make_usable(offset + bytes)) return nullptr;
  if (last != holes_.end()) remove_hole(last);
  frontier_ = offset + bytes;
  return base_ + offset;
}

// Grows together with the neighbours of its kind.
void Arena::add_grown(std::size_t offset, Hole hole) {
  auto after = holes_.lower_bound(offset);
  if (after != holes_.end() && after->first == offset + hole.bytes &&
      after->second.kept == hole.kept) {
    hole.bytes += after->second.bytes;
    remove_hole(after);
  }
  after = holes_.lower_bound(offset);
  if (after != holes_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second.bytes == offset && before->second.kept == hole.kept) {
      offset = before->first;
      hole.bytes += before->second.bytes;
      remove_hole(before);
    }
  }
  add_hole(offset, hole);
}

void Arena::give(void* block, std::size_t bytes) {
  const auto offset = static_cast<std::size_t>(static_cast<char*>(block) - base_);
  if (bytes > most_waiting) return add_grown(offset, {bytes, true});
  waiting_[bytes].push_back(offset);
  kept_ += bytes;
}

void Arena::open_waiting() {
  for (auto& [bytes, offsets] : std::exchange(waiting_, {})) {
    for (const std::size_t offset : offsets) {
      kept_ -= bytes;
      add_grown(offset, {bytes, true});
    }
  }
}

void Arena::release() {
  open_waiting();
  const Holes before = std::exchange(holes_, {});
  kept_ = 0;
  for (const auto& [offset, hole] : before) {
    if (hole.kept) ::madvise(base_ + offset, hole.bytes, MADV_DONTNEED);
    add_grown(offset, {hole.bytes, false});
  }
  if (holes_.empty()) return;
  const auto last = std::prev(holes_.end());
  if (last->first + last->second.bytes != frontier_) return;
  frontier_ = last->first;
  remove_hole(last);
}

}  // namespace hilum
