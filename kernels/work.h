// Which thread does which items of a loop inside a parallel region.
//
// What a thread has read or written stays in the caches near its core, and the next kernel wants it
// again. So every loop over a batch gives thread t of T the t-th of T equal parts of it, in every
// kernel: OpenMP's static schedule where all items cost the same, else Work, whose threads start
// with their own part and then help others with the ends of theirs. Cores that share no cache gain
// most: two of them trained DenseNet-121 in 1.95 s a step with dynamic schedules, and on some
// machines the system moves a process between such cores and others every few seconds.
#pragma once

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace hilum {

// The items of the calling thread, as the static schedule gives them.
struct Part {
  std::size_t begin, end;
};
Part my_part(std::size_t items);

class Work {
 public:
  explicit Work(std::size_t items);  // before the region; at most 2^32 - 1
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  // The calling thread's next item, each of them once over all threads; false when all are taken.
  bool next(std::size_t& item);

 private:
  // Begin in the upper half, end in the lower, so that one step takes from either side.
  struct alignas(64) Left {
    std::atomic<std::uint64_t> range;
  };
  bool take(Left& left, bool from_end, std::size_t& item);

  std::size_t parts_;
  std::unique_ptr<Left[]> left_;
};

// Cuts the threads of a region into teams, one for each share of the work, or gives a thread
// several shares where there are fewer threads. The threads of a team wait for nobody else.
class Teams {
 public:
  explicit Teams(std::size_t shares) : shares_(shares) {}  // before the region
  // Of the calling thread: its team's shares, its part of what its team does together, and
  // waiting until the whole team is here. All threads of the region call join() first.
  void join();
  Part shares() const;
  Part part(std::size_t items) const;
  void wait();

 private:
  std::size_t team_of(std::size_t thread) const;
  std::size_t shares_, threads_ = 0, teams_ = 0;
  std::vector<std::optional<std::barrier<>>> barriers_;
};

}  // namespace hilum
