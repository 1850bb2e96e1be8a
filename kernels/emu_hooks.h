// Between the instrumentation of a lesson and emu's scheduler.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hilum::emu {
// Of the CUDA thread that runs; nothing where none does.
void lesson_access(std::uintptr_t instruction, std::uintptr_t address, std::size_t bytes);
void lesson_step(std::uintptr_t at);
}  // namespace hilum::emu
