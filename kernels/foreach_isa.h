// Includes HILUM_THIS_FILE once for every instruction set; see isa.h. No include guard: each kernel
// file uses it once. On other processors than x86-64 only the portable variant is compiled, and the
// names of the others lead to it.
#include "kernels/isa.h"
#include "kernels/simd_headers.h"

#if defined(__x86_64__)

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define HILUM_ISA avx512
#define HILUM_LANES 16
#include "kernels/simd.h"
#include HILUM_THIS_FILE
#undef HILUM_ISA
#undef HILUM_LANES
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define HILUM_ISA avx2
#define HILUM_LANES 8
#include "kernels/simd.h"
#include HILUM_THIS_FILE
#undef HILUM_ISA
#undef HILUM_LANES
#pragma GCC pop_options

#endif

#define HILUM_ISA portable
#define HILUM_LANES 4
#include "kernels/simd.h"
#include HILUM_THIS_FILE
#undef HILUM_ISA
#undef HILUM_LANES

#if !defined(__x86_64__)
namespace hilum {
namespace avx512 = portable;
namespace avx2 = portable;
}  // namespace hilum
#endif
