// A random search over what matters most at small data (learning rate, weight decay, batch size,
// strength of augmentation), judged on validation images. The test images are not in the manifest
// that it sees, so it cannot choose on them.
#pragma once

#include <string>
#include <vector>

#include "apps/compare_plan.h"

namespace hilum {

// `n` settings, the same for every network: the first is the one given, the others are drawn by
// seed: rate and decay log-uniform in [1e-4, 3e-3] and [1e-6, 1e-2] (no decay in a quarter), batch
// 8 to 64, augmentation in the proportions rotation 15, shift 0.1, zoom 0.15, brightness 0.15 times
// a strength in [0, 1]; no flip, which would move the heart.
std::vector<TrainArguments> draw_settings(std::size_t n, const TrainArguments& given,
                                          std::uint64_t seed);

// "lr 0.00031, weight-decay 0, batch-size 16, augment none"
std::string setting_text(const TrainArguments& setting);

}  // namespace hilum
