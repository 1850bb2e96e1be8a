// Fills the parameters of a network from a seed.
#pragma once

#include <cstdint>

#include "engine/module.h"

namespace hilum {

// Every layer by its own Init (module.h). The numbers of a parameter depend on the seed and on its
// name alone, so that adding or removing a layer leaves the others' as they were. Weights of rank 2
// and 4 are drawn; "weight" of rank 1 (batch norm) becomes 1; running means 0, variances 1.
//   Glorot and Bengio, AISTATS 2010; He et al., arXiv 1502.01852.
void initialise(Module& module, std::uint64_t seed);

}  // namespace hilum
