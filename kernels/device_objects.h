// What the program asks of the devices' shared objects beside their rows: declared once, for both
// sides. Errors come as exceptions of error.h.
#pragma once

#include <cstddef>
#include <cstdint>

#define HILUM_EXPORT extern "C" __attribute__((visibility("default")))

// libhilum_cuda.so
HILUM_EXPORT const char* hilum_cuda_probe();  // null: there is a GPU; else why not
HILUM_EXPORT void hilum_cuda_select(int ordinal);
HILUM_EXPORT const char* hilum_cuda_name();
HILUM_EXPORT void* hilum_cuda_allocate(std::size_t bytes);  // null: out of memory
HILUM_EXPORT void hilum_cuda_free(void* block);
HILUM_EXPORT std::size_t hilum_cuda_memory();
HILUM_EXPORT void hilum_cuda_copy(int way, void* to, const void* from, std::size_t bytes);
HILUM_EXPORT void* hilum_cuda_stream();
HILUM_EXPORT void hilum_cuda_synchronise();
HILUM_EXPORT double hilum_cuda_seconds(void (*work)(void*), void* context);
HILUM_EXPORT void hilum_cuda_roof(double* gflops, double* tf32, double* bf16, double* gigabytes);

// libhilum_emu.so: the order of fibres from now on; 0 is the natural one.
HILUM_EXPORT void hilum_emu_set_seed(std::uint64_t seed);
// libhilum_lesson.so, which is libhilum_emu.so that counts: a table of what its kernels did so far.
HILUM_EXPORT const char* hilum_emu_lesson();
