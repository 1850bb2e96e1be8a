// The temperature of an evaluation, where validation images fix it and where they do not.
#include "apps/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/report.h"
#include "kernels/philox.h"

namespace hilum::test {
namespace {

// n images of two classes whose true log-odds are z; the network says scale z.
PredictionTable table_of_scale(std::size_t n, double scale, bool no_mistake) {
  const Philox random{5};
  PredictionTable table;
  table.classes = {"covid", "normal"};
  for (std::size_t i = 0; i < n; ++i) {
    const double z = 2 * random.normal(2 * i);
    const bool normal = no_mistake ? z > 0 : random.uniform(2 * i + 1) < 1 / (1 + std::exp(-z));
    table.rows.push_back({"val", std::to_string(i), ""});
    table.labels.push_back(normal ? 1 : 0);
    table.logits.insert(table.logits.end(), {0.f, static_cast<float>(scale * z)});
  }
  return table;
}

Evaluation evaluated(const PredictionTable& val) {
  return evaluate_table(table_of_scale(40, 1, false), "test", &val);
}

TEST(Temperature, IsBoundedWhereValidationDoesNotFixIt) {
  const Evaluation fixed = evaluated(table_of_scale(4000, 3, false));
  EXPECT_NEAR(fixed.temperature, 3, 0.3);
  EXPECT_FALSE(fixed.bounded);
  EXPECT_NE(temperature_text(fixed).find("fitted on val (4000 images)"), std::string::npos);
  EXPECT_EQ(temperature_text(fixed).find("bound"), std::string::npos);
  // Without a mistake the likelihood grows towards T = 0, which would call every image certain.
  const Evaluation sure = evaluated(table_of_scale(12, 1, true));
  EXPECT_EQ(sure.temperature, 1 / most_temperature);
  EXPECT_TRUE(sure.bounded);
  EXPECT_NE(temperature_text(sure).find("(12 images); at its bound"), std::string::npos)
      << temperature_text(sure);
  EXPECT_EQ(evaluated(table_of_scale(4000, 60, false)).temperature, most_temperature);
}

}  // namespace
}  // namespace hilum::test
