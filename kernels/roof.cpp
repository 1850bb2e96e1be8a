// The two loops of roof.h.
#ifndef HILUM_ISA
#include "kernels/roof.h"

#include <chrono>
#include <memory>

#include "kernels/device.h"
#include "kernels/device_objects.h"
#define HILUM_THIS_FILE "kernels/roof.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Flop done by one thread.
double fma_loop(std::size_t rounds, float* sink) { HILUM_DISPATCH_ISA(fma_rounds, rounds, sink); }

}  // namespace

double measure_gflops() {
  constexpr std::size_t rounds = 2'000'000;
  double best = 0;
  for (int run = 0; run < 50; ++run) {
    double flop = 0;
    const auto begin = std::chrono::steady_clock::now();
#pragma omp parallel reduction(+ : flop)
    {
      float sink[16];
      flop += fma_loop(rounds, sink);
      volatile float used = sink[0];
      (void)used;
    }
    best = std::max(best, flop * 1e-9 / seconds_since(begin));
  }
  return best;
}

double measure_gigabytes() {
  constexpr std::size_t block = std::size_t{1} << 20, blocks = 96;  // past the private caches
  const std::unique_ptr<char[]> from(new char[block * blocks]), to(new char[block * blocks]);
  double best = 0;
  for (int run = 0; run < 12; ++run) {
    const auto begin = std::chrono::steady_clock::now();
#pragma omp parallel for schedule(static)
    for (std::size_t i = 0; i < blocks; ++i) {
      // The first run touches the pages, each by the thread that will use it.
      if (run == 0) std::memset(from.get() + i * block, static_cast<int>(i), block);
      std::memcpy(to.get() + i * block, from.get() + i * block, block);
    }
    if (run > 0) best = std::max(best, 2.0 * block * blocks * 1e-9 / seconds_since(begin));
  }
  return best;
}

GpuRoof measure_gpu() {
  const auto measure = reinterpret_cast<decltype(&hilum_cuda_roof)>(
      object_function(device_name(Device::cuda), "hilum_cuda_roof"));
  GpuRoof roof{};
  measure(&roof.gflops, &roof.tf32_gflops, &roof.bf16_gflops, &roof.gigabytes);
  return roof;
}

}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

// Twelve chains cover the latency of the multiply-add (4 cycles, 2 a cycle) and fit in 16
// registers.
static double fma_rounds(std::size_t rounds, float* sink) {
  constexpr std::size_t chains = 12;
  const Vec scale = broadcast(0.999f), shift = broadcast(0.001f);
  Vec sum[chains];
  for (std::size_t i = 0; i < chains; ++i) sum[i] = broadcast(static_cast<float>(i));
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < chains; ++i) sum[i] = sum[i] * scale + shift;
  }
  for (std::size_t i = 1; i < chains; ++i) sum[0] += sum[i];
  store(sink, sum[0]);
  return 2.0 * static_cast<double>(rounds * chains * lanes);
}

}  // namespace hilum::HILUM_ISA
#endif
