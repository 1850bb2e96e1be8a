// Which vector instructions the CPU has, asked once at run time, and how one source file becomes a
// function for each of them.
//
// A kernel file includes its standard headers first, then "kernels/foreach_isa.h" which includes
// the file again once for every instruction set, under `#pragma GCC target`, with
//   HILUM_ISA    the namespace: avx512, avx2 or portable
//   HILUM_LANES  floats in a register: 16, 8 or 4
// Inside, kernels/simd.h gives Vec, a register of HILUM_LANES floats. Nothing that the linker could
// merge with code for older CPUs (standard templates) may be defined inside, so standard headers
// always come before. What the file itself defines inside is static or in a namespace without
// a name: two files' avx512::Tile would otherwise be one to the linker, and it keeps either.
//
//   #ifndef HILUM_ISA
//   #include "kernels/relu/relu.h"                     // first pass: headers, once
//   #define HILUM_THIS_FILE "kernels/relu/cpu1.cpp"
//   #include "kernels/foreach_isa.h"
//   namespace hilum { void relu_forward_cpu1(...) { HILUM_DISPATCH_ISA(relu_forward, ...); } }
//   #else
//   namespace hilum::HILUM_ISA { void relu_forward(...) { ... } }
//   #endif
#pragma once

namespace hilum {

enum class Isa { portable, avx2, avx512 };

// The best that this CPU runs, lowered by HILUM_ISA=portable|avx2|avx512 in the environment or by
// set_isa(). Asking for more than the CPU has is a device error.
Isa isa();
Isa best_isa();
void set_isa(Isa isa);
const char* isa_name(Isa isa);

}  // namespace hilum

// Calls the variant of `function` for the instruction set in use.
#define HILUM_DISPATCH_ISA(function, ...)   \
  switch (::hilum::isa()) {                 \
    case ::hilum::Isa::avx512:              \
      return avx512::function(__VA_ARGS__); \
    case ::hilum::Isa::avx2:                \
      return avx2::function(__VA_ARGS__);   \
    case ::hilum::Isa::portable:            \
      break;                                \
  }                                         \
  return portable::function(__VA_ARGS__)
