// hilum kernels layers: every convolution layer of the networks beside the library's rows.
#pragma once

#include <string>
#include <vector>

#include "apps/session.h"

namespace hilum {

struct KernelLayersFlags {
  std::vector<std::string> nets;  // none: all that it knows
  std::size_t turns = 7;
  std::string out;  // path without a suffix; empty: to stdout only
};

int time_layers(const KernelLayersFlags& flags, const Session& session);

}  // namespace hilum
