// Where the time goes: every kernel call by layer and pass, with GFLOP/s, GB/s and the chosen row.
#pragma once

#include <filesystem>
#include <string>

namespace hilum {

// Collects from construction to destruction (one at a time); nearly free where none lives.
class Profiler {
 public:
  Profiler();
  ~Profiler();
  std::string table() const;  // layer, pass, row, calls, ms, share, GFLOP/s, GB/s, % of roof
  void write_csv(const std::filesystem::path& path) const;
  void write_chrome_trace(const std::filesystem::path& path) const;  // chrome://tracing, Perfetto
};

// Peaks measured here and now (about half a second, once): arithmetic in GFLOP/s, copying in GB/s.
struct Roof {
  double gflops, gigabytes;
  int threads;
};
const Roof& measured_roof();

}  // namespace hilum
