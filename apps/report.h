// Metrics and predictions as people and programs read them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/evaluation.h"

namespace hilum {

// "101/118 = 85.6 % [78.1, 90.8]"
std::string rate_text(const Rate& rate);

// With the DeLong interval where there are two classes: then both classes' areas are the same one.
std::string macro_auc_text(const Metrics& metrics);

// "0.871 [0.806, 0.936]"; "-" where there is none.
std::string interval_text(const Interval& interval);

// "T = 1.43, fitted on val (118 images)", and whether that is a bound.
std::string temperature_text(const Evaluation& evaluation);

std::string metrics_text(const Evaluation& evaluation);
nlohmann::json metrics_json(const Evaluation& evaluation);

}  // namespace hilum
