// Where this thread's thread_local variables of this shared object lie: with emu, the static shared
// memory of its kernels.
#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>

namespace hilum::emu {

struct SharedRange {
  void* begin = nullptr;
  std::size_t bytes = 0;
};

inline SharedRange find_shared_range() {
  SharedRange range;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        bool ours = false;
        std::size_t bytes = 0;
        const auto here = reinterpret_cast<std::uintptr_t>(&find_shared_range);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr)& part = info->dlpi_phdr[i];
          if (part.p_type == PT_LOAD) {
            ours = ours || here - (info->dlpi_addr + part.p_vaddr) < part.p_memsz;
          } else if (part.p_type == PT_TLS) {
            bytes = part.p_memsz;
          }
        }
        if (ours) *static_cast<SharedRange*>(result) = {info->dlpi_tls_data, bytes};
        return ours ? 1 : 0;
      },
      &range);
  return range;
}

}  // namespace hilum::emu
