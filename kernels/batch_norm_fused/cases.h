// batch_norm_fused: the problems that every row is tested on and timed on.
#pragma once

#include "kernels/batch_norm_fused/batch_norm_fused.h"
#include "kernels/case.h"

namespace hilum {

inline std::vector<Case<BatchNormFusedProblem>> cases(const BatchNormFusedProblem*) {
  return {
      {"one channel", {{2 * 7 * 7, 1}}},
      {"7x7", {{3 * 7 * 7, 17}}},
      {"7x7 shortcut", {{3 * 7 * 7, 17}, true, true}},
      {"14x14 plain", {{2 * 14 * 14, 33}, false, false}},
      {"14x14 shortcut, no ReLU", {{2 * 14 * 14, 33}, false, true}},
      {"many channels", {{11, 130}}},
      {"many channels, shortcut", {{11, 130}, true, true}},
      {"more than one chunk", {{4 * 14 * 14, 64}, true, true}},
      {"other constants", {{5 * 7 * 9, 20, 1e-3f, 0.25f}}},
      {"a part of wider rows", {{3 * 7 * 7, 17}, true, false, 50}},
      {"a part of wider rows, many channels", {{2 * 5 * 7, 96}, true, false, 160}},
      // Layers of the networks, timed only.
      {"resnet stem", {{16 * 112 * 112, 64}}, Use::bench},
      {"resnet at 56", {{16 * 56 * 56, 64}}, Use::bench},
      {"resnet at 56, shortcut", {{16 * 56 * 56, 256}, true, true}, Use::bench},
      {"resnet at 14", {{16 * 14 * 14, 256}}, Use::bench},
      {"resnet at 14, shortcut", {{16 * 14 * 14, 1024}, true, true}, Use::bench},
      {"resnet at 7", {{16 * 7 * 7, 512}}, Use::bench},
      {"densenet at 28, a part", {{16 * 28 * 28, 128}, true, false, 512}, Use::bench},
  };
}

}  // namespace hilum
