// Metrics and predictions as people and programs read them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "apps/inference.h"
#include "data/metrics.h"

namespace hilum {

// "101/118 = 85.6 % [78.1, 90.8]"
std::string rate_text(const Rate& rate);

// With the DeLong interval where there are two classes: then both classes' areas are the same one.
std::string macro_auc_text(const Metrics& metrics);

std::string metrics_text(const Metrics& metrics, const std::string& split);
nlohmann::json metrics_json(const Metrics& metrics, const std::string& split);

// Columns split,path,label,group,predicted,logit:<class>…; logits with nine digits, which give the
// same float back.
std::string predictions_csv(const Predictions& predictions, const Dataset& dataset);

}  // namespace hilum
