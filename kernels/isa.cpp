// Asks the processor once; see isa.h.
#include "kernels/isa.h"

#include <cstdlib>
#include <string_view>

#include "kernels/error.h"

namespace hilum {

Isa best_isa() {
#if defined(__x86_64__)
  static const Isa best = [] {
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl");
    return avx512 ? Isa::avx512 : avx2 ? Isa::avx2 : Isa::portable;
  }();
  return best;
#else
  return Isa::portable;
#endif
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    case Isa::portable:
      return "portable";
  }
  return "?";
}

namespace {

void check_available(Isa wanted) {
  if (wanted > best_isa()) {
    throw device_error(
        "instruction set '{}': this CPU has no more than '{}'. Ask for that or less.",
        isa_name(wanted), isa_name(best_isa()));
  }
}

Isa initial_isa() {
  const char* environment = std::getenv("HILUM_ISA");
  if (environment == nullptr) return best_isa();
  for (Isa candidate : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (std::string_view(environment) == isa_name(candidate)) {
      check_available(candidate);
      return candidate;
    }
  }
  throw usage_error("HILUM_ISA='{}': unknown instruction set. Expected portable, avx2 or avx512.",
                    environment);
}

Isa& current() {
  static Isa now = initial_isa();
  return now;
}

}  // namespace

Isa isa() { return current(); }

void set_isa(Isa wanted) {
  check_available(wanted);
  current() = wanted;
}

}  // namespace hilum
