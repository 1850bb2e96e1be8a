// How fast images get to a network, step by step: which part of it a training would wait for.
#pragma once

#include <string>
#include <vector>

#include "data/loader.h"

namespace hilum {

struct InputStage {
  std::string name;
  double images_per_second = 0;
  bool one_core = true;  // in a second of one thread's work; else in a second of the whole loader's
};

// Takes each step of preparing `which` for at least `seconds`: decoding; decoding and resizing;
// normalising what is decoded already; augmenting and normalising it; and the loader as it is set
// up, its first epoch (from files) and a later one (from what it kept).
std::vector<InputStage> measure_input(const Dataset& dataset, const std::vector<std::size_t>& which,
                                      const LoaderOptions& options, double seconds);

}  // namespace hilum
