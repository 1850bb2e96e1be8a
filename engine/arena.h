// One stretch of addresses from which the large blocks of the CPU are cut. A block that was given
// back serves the next request for as many bytes: whatever it holds of it in its cache, each thread
// will write again the part that it wrote before (kernels/work.h). Otherwise the first hole that is
// large enough serves; before memory is taken for more, blocks that lie in wait become holes, which
// grow together. Lists by size,
// which do for small blocks, would keep a block of every size that a training step ever asked for;
// here the memory of a step is little more than what it has in use at its peak. Addresses are
// reserved once; memory is taken as the frontier moves up. Not for several threads at once.
#pragma once

#include <cstddef>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hilum {

class Arena {
 public:
  explicit Arena(std::size_t reserve);  // bytes of addresses, fewer where the system gives no more
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Bytes are multiples of 4096, and so are addresses. Null where no more than `growth` bytes may
  // be taken from the system and that does not do. A block is given back whole.
  void* take(std::size_t bytes, std::size_t growth);
  void give(void* block, std::size_t bytes);
  std::size_t kept() const { return kept_; }  // bytes in holes that take memory all the same
  void release();                             // gives the holes' memory back to the system

 private:
  struct Hole {
    std::size_t bytes;
    bool kept;  // takes memory
  };
  using Holes = std::map<std::size_t, Hole>;  // by offset
  void* take_hole(std::size_t bytes, std::size_t growth);
  void open_waiting();
  void add_hole(std::size_t offset, Hole hole);
  void add_grown(std::size_t offset, Hole hole);
  void remove_hole(Holes::iterator hole);
  bool make_usable(std::size_t end);

  char* base_ = nullptr;
  std::size_t reserved_ = 0, usable_ = 0;  // bytes of addresses; of those that may be touched
  std::size_t frontier_ = 0;               // nothing above was handed out since release()
  std::size_t kept_ = 0;
  Holes holes_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> waiting_;  // offsets, by bytes
};

}  // namespace hilum
