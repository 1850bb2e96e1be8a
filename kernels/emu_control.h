// What the program asks of the shared object of device emu beside its rows.
#pragma once

#include <cstdint>

// The order of fibres from now on; 0 is the natural one.
extern "C" __attribute__((visibility("default"))) void hilum_emu_set_seed(std::uint64_t seed);
