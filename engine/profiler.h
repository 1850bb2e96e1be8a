// Where the time goes: every kernel call by layer and pass, with GFLOP/s, GB/s and the chosen row.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace hilum {

// Collects from construction to destruction (one at a time; a second is a usage error); where none
// lives a kernel call pays one branch.
class Profiler {
 public:
  Profiler();
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  // What was collected, slowest first: calls of one layer, operation, pass, problem and row
  // together.
  struct Line {
    std::string layer, op, pass, problem, row;  // layer "" is outside of any module
    std::size_t calls = 0;
    double seconds = 0, flop = 0, bytes = 0;
    double gflops() const { return flop * 1e-9 / seconds; }
    double gigabytes() const { return bytes * 1e-9 / seconds; }
    // Of the lower of the two roofs at this operation's intensity.
    double share_of_roof() const;
  };
  std::vector<Line> lines() const;

  // layer, operation, problem, row, calls, ms, share, GFLOP/s, GB/s, % of roof
  std::string table() const;
  void write_csv(const std::filesystem::path& path) const;
  // For chrome://tracing and Perfetto. The first million calls.
  void write_chrome_trace(const std::filesystem::path& path) const;

 private:
  struct Record;
  std::unique_ptr<Record> record_;
};

// Peaks measured here and now (about half a second, once): arithmetic in GFLOP/s, copying in GB/s.
struct Roof {
  double gflops, gigabytes;
  int threads;
};
const Roof& measured_roof();

}  // namespace hilum
