// emu's scheduler: fibres, barriers and meetings of a warp, one block at a time on each thread of
// the operating system. See emu.h.
//
// A worker is a fibre that takes CUDA threads from the queue of those that are ready. One that
// never waits costs no switch: the worker goes on with the next. One that waits keeps its worker,
// and another worker (pooled, with its stack) takes over.
//
// Longer than other files, since queue, workers, barriers and meetings are one state machine over
// one block's state, and none of them can be read alone.
#include "kernels/emu.h"

#include <fmt/format.h>

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/device_objects.h"
#include "kernels/emu_shared_range.h"
#include "kernels/error.h"

#ifdef HILUM_EMU_LESSON
#include "kernels/emu_hooks.h"
#include "kernels/emu_lesson.h"
#endif

namespace hilum::emu {

constinit thread_local const Builtins* now = nullptr;

struct Meeting {
  unsigned mask = 0, arrived = 0, left = 0;
  Where where;
  Words words[32];
};

namespace {

namespace context = boost::context;

constexpr std::size_t stack_bytes = 128 * 1024;  // pages are touched only as used
constexpr std::size_t most_threads = 1024, most_shared = 227 * 1024;

std::uint64_t order_seed = [] {
  const char* text = std::getenv("HILUM_EMU_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 0;
}();

std::string text(Where where) {
  std::string_view file = where.file_name();
  return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), where.line());
}

struct Worker {
  context::fiber fibre;  // where it goes on; empty while it runs
  std::size_t thread = 0;
};

struct AsyncCopy {
  void* to;
  const void* from;
  std::size_t bytes, group;
};

struct Thread {
  Builtins builtins;
  std::vector<AsyncCopy> copies;  // on the way, oldest first
  std::size_t group = 0;          // of the next copy
  Worker* worker = nullptr;       // null before it starts
  bool done = false;
  Where waits_at;
};

struct Warp {
  unsigned alive = 0;
  std::vector<Meeting*> open;
};

struct Kernel {
  dim3 grid, block;
  std::size_t shared_bytes;
  void (*thread)(void*);
  void* context;
  const char* name;
  std::uint64_t launch;  // its number
};

// "… [with auto kernel = hilum::{anonymous}::forward; …]" to "forward"
std::string short_name(std::string_view pretty) {
  const std::size_t begin = pretty.find("kernel = ");
  if (begin == std::string_view::npos) return std::string(pretty);
  std::string_view name = pretty.substr(begin + 9);
  name = name.substr(0, name.find_first_of(";]"));
  const std::size_t arguments = name.find('<');
  const std::size_t scope = name.substr(0, arguments).rfind("::");
  return std::string(scope == std::string_view::npos ? name : name.substr(scope + 2));
}

class Machine {
 public:
  // Before a thread of the operating system runs blocks of a kernel: where it has not run any of
  // this launch, nothing in static shared memory is a number, as in dynamic (prepare()).
  void begin(const Kernel& kernel);
  void run_block(const Kernel& kernel, std::size_t block);

  void sync_block(Where where);
  Meeting* meet(unsigned mask, const void* brought, std::size_t bytes, Where where);
  void leave(Meeting* meeting);
  unsigned active_lanes() { return warp().alive; }
  void copy_async(void* to, const void* from, std::size_t bytes) {
    thread().copies.push_back({to, from, bytes, thread().group});
  }
  void copy_async_commit() { ++thread().group; }
  void copy_async_wait(std::size_t newest);
#ifdef HILUM_EMU_LESSON
  void lesson_access(std::uintptr_t instruction, std::uintptr_t address, std::size_t bytes);
  void lesson_step(std::uintptr_t at) {
    if (running_ != &main_) recorder_.step(running_->thread, at);
  }
#endif
  unsigned char* shared() {
    return reinterpret_cast<unsigned char*>(
        (reinterpret_cast<std::uintptr_t>(shared_.data()) + 127) / 128 * 128);
  }

 private:
  Thread& thread() { return threads_[running_->thread]; }
  Warp& warp() { return warps_[running_->thread / 32]; }
  void prepare(std::size_t block);
  void shuffle(std::span<std::size_t> threads);
  void shuffle_queue();
  void open_barrier();
  void wait(Where where);
  void finish();
  void work();
  bool take_next(std::size_t& next);
  void go_to(std::size_t next);
  void switch_to(Worker& to);
  [[noreturn]] void report_deadlock();
  std::uint64_t random() {  // xorshift64* (Vigna, 2016)
    state_ ^= state_ >> 12, state_ ^= state_ << 25, state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Dull;
  }

  const Kernel* kernel_ = nullptr;
  const SharedRange statics_ = find_shared_range();
  std::uint64_t launch_ = 0;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<unsigned char> shared_;
  std::vector<std::size_t> ready_;  // threads that can go on, from next_ready_
  std::size_t next_ready_ = 0, alive_ = 0, at_barrier_ = 0;
  Where barrier_;
  std::uint64_t state_ = 1;
  std::exception_ptr error_;

  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  std::vector<std::unique_ptr<Meeting>> meetings_;
  std::vector<Meeting*> spare_;
#ifdef HILUM_EMU_LESSON
  LessonRecorder recorder_;
#endif
  Worker main_;
  Worker* running_ = &main_;
  Worker* previous_ = nullptr;
};

void Machine::prepare(std::size_t block) {
  const dim3 size = kernel_->block, grid = kernel_->grid;
  const std::size_t count = std::size_t{size.x} * size.y * size.z;
  threads_.assign(count, {});
  warps_.assign((count + 31) / 32, {});
  const Index place = {static_cast<unsigned>(block % grid.x),
                       static_cast<unsigned>(block / grid.x % grid.y),
                       static_cast<unsigned>(block / grid.x / grid.y)};
  ready_.clear();
  next_ready_ = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Index index = {static_cast<unsigned>(i % size.x),
                         static_cast<unsigned>(i / size.x % size.y),
                         static_cast<unsigned>(i / size.x / size.y)};
    threads_[i].builtins = {index, place, size, grid, static_cast<unsigned>(i % 32)};
    warps_[i / 32].alive |= 1u << i % 32;
    ready_.push_back(i);
  }
  alive_ = count;
  at_barrier_ = 0;
  state_ = (order_seed + 1) * 0x9E3779B97F4A7C15ull ^ (block + 1) * 0xBF58476D1CE4E5B9ull;
  shuffle_queue();
#ifdef HILUM_EMU_LESSON
  recorder_.begin(count);
#endif
  // What a kernel reads before anything was written is not a number.
  shared_.assign(kernel_->shared_bytes + 128, 0xFF);
}

// Fisher and Yates; seed 0 leaves the order.
void Machine::shuffle(std::span<std::size_t> threads) {
  if (order_seed == 0) return;
  for (std::size_t i = threads.size(); i > 1; --i) {
    std::swap(threads[i - 1], threads[(random() >> 32) * i / (1ull << 32)]);
  }
}

// Even seeds mix all threads of the block. Odd seeds take a warp at a time, and a warp whose lanes
// have met goes on before all others: it runs ahead to the next barrier, over what those behind
// have not read yet.
void Machine::shuffle_queue() {
  shuffle(ready_);
  if (order_seed % 2 == 0) return;
  const std::uint64_t salt = random();
  auto rank = [&](std::size_t i) { return (i / 32 + 1) * 0x9E3779B97F4A7C15ull ^ salt; };
  std::stable_sort(ready_.begin(), ready_.end(),
                   [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
}

void Machine::run_block(const Kernel& kernel, std::size_t block) {
  kernel_ = &kernel;
  prepare(block);
  std::size_t next = 0;
  take_next(next);
  go_to(next);
  now = nullptr;
#ifdef HILUM_EMU_LESSON
  recorder_.close();
  lesson_add(short_name(kernel.name), std::exchange(recorder_.counts, {}));
#endif
  if (error_ == nullptr && alive_ == 0) return;
  std::exception_ptr error = std::exchange(error_, nullptr);
  if (error == nullptr) {
    try {
      report_deadlock();
    } catch (...) {
      error = std::current_exception();
    }
  }
  // Workers in the middle of a thread are unwound with their stacks.
  idle_.clear();
  workers_.clear();
  meetings_.clear();
  spare_.clear();
  std::rethrow_exception(error);
}

bool Machine::take_next(std::size_t& next) {
  if (next_ready_ == ready_.size()) return false;
  next = ready_[next_ready_++];
  return true;
}

// Gives the processor to the worker of that thread, to an idle one where it has not started.
void Machine::go_to(std::size_t next) {
  Thread& thread = threads_[next];
  now = &thread.builtins;
  if (thread.worker == nullptr) {
    if (idle_.empty()) {
      workers_.push_back(std::make_unique<Worker>());
      idle_.push_back(workers_.back().get());
      idle_.back()->fibre =
          context::fiber(std::allocator_arg, context::protected_fixedsize_stack(stack_bytes),
                         [this](context::fiber&& from) {
                           previous_->fibre = std::move(from);
                           work();
                           return context::fiber();
                         });
    }
    thread.worker = idle_.back();
    idle_.pop_back();
    thread.worker->thread = next;
  }
  if (thread.worker != running_) switch_to(*thread.worker);
}

void Machine::switch_to(Worker& to) {
  previous_ = running_;
  running_ = &to;
  context::fiber from = std::move(to.fibre).resume();
  previous_->fibre = std::move(from);
}

// A worker's life: threads one after another, for ever.
void Machine::work() {
  while (true) {
    try {
      kernel_->thread(kernel_->context);
    } catch (const context::detail::forced_unwind&) {
      throw;
    } catch (...) {
      error_ = std::current_exception();
    }
    if (error_ != nullptr) switch_to(main_);  // and is unwound there
    finish();
    std::size_t next;
    if (!take_next(next)) {
      idle_.push_back(running_);
      switch_to(main_);
    } else if (threads_[next].worker == nullptr) {
      threads_[next].worker = running_;
      running_->thread = next;
      now = &threads_[next].builtins;
    } else {
      idle_.push_back(running_);
      go_to(next);
    }
  }
}

void Machine::finish() {
  thread().done = true;
  thread().worker = nullptr;
  warp().alive &= ~(1u << running_->thread % 32);
  --alive_;
  if (alive_ != 0 && at_barrier_ == alive_) open_barrier();
}

void Machine::wait(Where where) {
  thread().waits_at = where;
  std::size_t next;
  if (take_next(next)) {
    go_to(next);
  } else {
    switch_to(main_);  // nobody can go on
  }
}

#ifdef HILUM_EMU_LESSON
// Left out: what is no memory of the kernel's, that is stacks, arguments, and emu's own.
void Machine::lesson_access(std::uintptr_t instruction, std::uintptr_t address, std::size_t bytes) {
  if (running_ == &main_) return;
  const auto within = [address](const void* begin, std::size_t size) {
    return address - reinterpret_cast<std::uintptr_t>(begin) < size;
  };
  const auto near = [address](const void* place) {
    const auto middle = reinterpret_cast<std::uintptr_t>(place);
    return address > middle - stack_bytes && address < middle + stack_bytes;
  };
  if (near(__builtin_frame_address(0)) || near(kernel_->context) || within(&now, sizeof now) ||
      within(threads_.data(), threads_.size() * sizeof(Thread)) || within(this, sizeof *this)) {
    return;
  }
  const bool is_shared =
      within(shared_.data(), shared_.size()) || within(statics_.begin, statics_.bytes);
  recorder_.access(running_->thread,
                   {instruction, address, static_cast<std::uint32_t>(bytes), is_shared});
}
#endif

void Machine::open_barrier() {
#ifdef HILUM_EMU_LESSON
  recorder_.close();
#endif
  at_barrier_ = 0;
  ready_.clear();
  next_ready_ = 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    if (!threads_[i].done) ready_.push_back(i);
  }
  shuffle_queue();
}

void Machine::sync_block(Where where) {
  if (at_barrier_ != 0 && (barrier_.line() != where.line() ||
                           std::string_view(barrier_.file_name()) != where.file_name())) {
    throw device_error(
        "kernel {}: threads of one block wait at different barriers, {} and {}. Every thread must "
        "reach the same __syncthreads().",
        short_name(kernel_->name), text(barrier_), text(where));
  }
  barrier_ = where;
  ++at_barrier_;
  if (at_barrier_ == alive_) open_barrier();
  wait(where);
}

Meeting* Machine::meet(unsigned mask, const void* brought, std::size_t bytes, Where where) {
  const unsigned lane = static_cast<unsigned>(running_->thread % 32), own = 1u << lane;
  if ((mask & own) == 0) {
    throw device_error("kernel {}: lane {} calls a warp function at {} whose mask {:#x} lacks it.",
                       short_name(kernel_->name), lane, text(where), mask);
  }
  const std::size_t left_in_block = threads_.size() - running_->thread / 32 * 32;
  if (left_in_block < 32) mask &= (1u << left_in_block) - 1;  // a block's last, ragged warp
  Meeting* meeting = nullptr;
  for (Meeting* open : warp().open) {
    if (open->mask == mask && (open->arrived & own) == 0) meeting = open;
  }
  if (meeting == nullptr) {
    if (spare_.empty()) {
      meetings_.push_back(std::make_unique<Meeting>());
      spare_.push_back(meetings_.back().get());
    }
    meeting = spare_.back();
    spare_.pop_back();
    meeting->mask = mask, meeting->arrived = meeting->left = 0, meeting->where = where;
    if (bytes != 0) std::memset(meeting->words, 0xFF, sizeof meeting->words);
    warp().open.push_back(meeting);
  }
  if (bytes != 0) std::memcpy(&meeting->words[lane], brought, bytes);
  meeting->arrived |= own;
  if (meeting->arrived == mask) {
    std::erase(warp().open, meeting);
    if (next_ready_ == ready_.size()) ready_.clear(), next_ready_ = 0;
    std::size_t lanes[32], count = 0;
    for (unsigned i = 0; i < 32; ++i) {
      if (mask >> i & 1) lanes[count++] = running_->thread / 32 * 32 + i;
    }
    shuffle({lanes, count});
    const std::size_t at = order_seed % 2 == 1 ? next_ready_ : ready_.size();
    ready_.insert(ready_.begin() + static_cast<std::ptrdiff_t>(at), lanes, lanes + count);
  }
  wait(where);
  return meeting;
}

void Machine::leave(Meeting* meeting) {
  meeting->left |= 1u << running_->thread % 32;
  if (meeting->left == meeting->mask) spare_.push_back(meeting);
}

void Machine::copy_async_wait(std::size_t newest) {
  std::vector<AsyncCopy>& copies = thread().copies;
  const std::size_t group = thread().group;
  auto copy = copies.begin();
  for (; copy != copies.end() && copy->group + newest < group; ++copy) {
    if (copy->from != nullptr) {
      std::memcpy(copy->to, copy->from, copy->bytes);
    } else {
      std::memset(copy->to, 0, copy->bytes);
    }
  }
  copies.erase(copies.begin(), copy);
}

void Machine::report_deadlock() {
  std::string places;
  for (const Thread& thread : threads_) {
    if (thread.done) continue;
    const std::string place = text(thread.waits_at);
    if (places.find(place) == std::string::npos) places += (places.empty() ? "" : ", ") + place;
  }
  throw device_error(
      "kernel {}: {} of {} threads wait for ever, at {}; the others have returned or wait "
      "elsewhere. "
      "Every thread of a block must reach a __syncthreads(), every lane of the mask a warp "
      "function.",
      short_name(kernel_->name), alive_, threads_.size(), places);
}

// One a thread of the operating system, kept until the program ends: its stacks are used again.
constinit thread_local Machine* own = nullptr;
Machine& machine() {
  if (own == nullptr) own = new Machine;
  return *own;
}

void Machine::begin(const Kernel& kernel) {
  if (kernel.launch == launch_) return;
  launch_ = kernel.launch;
#ifdef HILUM_EMU_ALONE
  if (statics_.bytes != 0) std::memset(statics_.begin, 0xFF, statics_.bytes);
  now = nullptr, own = this;  // all that is thread_local here and no kernel's
#endif
}

}  // namespace

void run_grid(dim3 grid, dim3 block, std::size_t shared_bytes, void (*thread)(void*), void* context,
              const char* name) {
  static std::atomic<std::uint64_t> launches = 0;
  const Kernel kernel = {grid, block, shared_bytes, thread, context, name, ++launches};
  const std::size_t blocks = std::size_t{grid.x} * grid.y * grid.z;
  const std::size_t threads = std::size_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > most_threads || shared_bytes > most_shared) {
    throw device_error(
        "kernel {}: {} threads a block and {} bytes of shared memory. Expected 1 to {} and at most "
        "{}.",
        short_name(name), threads, shared_bytes, most_threads, most_shared);
  }
  std::exception_ptr error;
  std::atomic<bool> failed = false;
#pragma omp parallel for schedule(dynamic) if (blocks > 1)
  for (std::size_t i = 0; i < blocks; ++i) {
    if (failed) continue;
    try {
      machine().begin(kernel);
      machine().run_block(kernel, i);
    } catch (...) {
#pragma omp critical(hilum_emu_error)
      if (error == nullptr) error = std::current_exception();
      failed = true;
    }
  }
  if (error != nullptr) std::rethrow_exception(error);
}

unsigned char* dynamic_shared() { return machine().shared(); }
void sync_block(Where where) { machine().sync_block(where); }
Meeting* meet(unsigned mask, const void* brought, std::size_t bytes, Where where) {
  return machine().meet(mask, brought, bytes, where);
}
const Words& brought_by(const Meeting* meeting, unsigned lane) { return meeting->words[lane]; }
void leave(Meeting* meeting) { machine().leave(meeting); }
unsigned active_lanes() { return machine().active_lanes(); }
void copy_async(void* to, const void* from, std::size_t bytes) {
  machine().copy_async(to, from, bytes);
}
void copy_async_commit() { machine().copy_async_commit(); }
void copy_async_wait(std::size_t newest) { machine().copy_async_wait(newest); }

#ifdef HILUM_EMU_LESSON
void lesson_access(std::uintptr_t instruction, std::uintptr_t address, std::size_t bytes) {
  if (now != nullptr) machine().lesson_access(instruction, address, bytes);
}
void lesson_step(std::uintptr_t at) {
  if (now != nullptr) machine().lesson_step(at);
}
#endif

unsigned ballot(unsigned mask, bool vote, Where where) {
  Meeting* meeting = meet(mask, &vote, sizeof vote, where);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((meeting->arrived >> lane & 1) && (meeting->words[lane].word[0] & 0xFF) == 1) {
      votes |= 1u << lane;
    }
  }
  leave(meeting);
  return votes;
}

}  // namespace hilum::emu

void hilum_emu_set_seed(std::uint64_t seed) { hilum::emu::order_seed = seed; }

#ifdef HILUM_EMU_LESSON
const char* hilum_emu_lesson() {
  static std::string text;
  text = hilum::emu::lesson_report();
  return text.c_str();
}
#endif
