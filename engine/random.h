// Where the engine's random numbers come from: streams of kernels/philox.h, named so that nothing
// depends on the order in which they are drawn.
#pragma once

#include <cstdint>
#include <string>

namespace hilum {

// Set before every training step: a Dropout layer draws its mask from (seed, its path, step), so a
// run that is resumed in mid-epoch sees the masks of the uninterrupted one.
void set_dropout_state(std::uint64_t seed, std::uint64_t step);

// The seed that the layer of this path gives to dropout() at this step.
std::uint64_t dropout_seed(const std::string& path);

}  // namespace hilum
