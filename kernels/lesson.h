// Lessons of device emu: what kernels do to memory, counted as a GPU would see it.
#pragma once

#include <string>

namespace hilum {

// From now on rows of device emu come from libhilum_lesson.so, which counts. To be called before
// the first of them runs. A device error where that is not in this build.
void begin_lesson();

// A table by kernel: global requests, those that are not coalesced, bank conflicts, warps whose
// lanes went different ways.
std::string lesson_text();

}  // namespace hilum
