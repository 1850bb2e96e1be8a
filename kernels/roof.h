// The two roofs that a kernel can reach on this machine, measured: arithmetic from registers, and
// copying in memory (Williams, Waterman and Patterson, "Roofline", CACM 2009).
#pragma once

namespace hilum {

// Fused multiply-adds (2 flop each) on independent registers, all threads, in GFLOP/s, for the
// instruction set in use. The best of several short runs: about 0.2 s.
double measure_gflops();

// Reading and writing large arrays, all threads, in GB/s: bytes read plus bytes written. The best
// of several runs: about 0.3 s, most of it for fresh memory.
double measure_gigabytes();

// The same of the GPU, in float and of its tensor cores. Takes about a tenth of a second and 2 GiB.
struct GpuRoof {
  double gflops, tf32_gflops, bf16_gflops, gigabytes;
};
GpuRoof measure_gpu();

}  // namespace hilum
