// The oracle's own gradients, in double, against central differences of the oracle's forward pass.
// The loss is the inner product of the outputs with a random cotangent, never their sum, which is
// blind wherever outputs sum to a constant (batch norm, softmax). Directions are random too; a few
// single elements are tried beside them.
//
// Passes find each other by operand name (see Operand in row.h).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "kernels/any_pass.h"

namespace hilum::test {
namespace {

OperandData* find(std::vector<OperandData>& all, const std::string& name) {
  for (OperandData& operand : all) {
    if (operand.spec.name == name) return &operand;
  }
  return nullptr;
}

using Cotangents = std::map<std::string, std::vector<double>>;

double inner_product(std::vector<OperandData>& outputs, const Cotangents& cotangents) {
  double total = 0;
  for (const auto& [name, cotangent] : cotangents) {
    const OperandData* output = find(outputs, name);
    for (std::size_t i = 0; i < cotangent.size(); ++i) total += cotangent[i] * output->f64[i];
  }
  return total;
}

// The loss at inputs moved by `step` along `direction` in the operand `name`.
double loss_at(const AnyCase& a_case, std::vector<OperandData>& forward, const std::string& name,
               const std::vector<double>& direction, double step, const Cotangents& cotangents) {
  OperandData* operand = find(forward, name);
  const std::vector<double> before = operand->f64;
  for (std::size_t i = 0; i < before.size(); ++i) operand->f64[i] += step * direction[i];
  a_case.reference_in_double(forward);
  const double loss = inner_product(forward, cotangents);
  find(forward, name)->f64 = before;
  return loss;
}

void check_backward(const AnyCase& forward_case, const AnyPass& pass, const AnyCase& backward_case,
                    std::vector<OperandData> forward, const Cotangents& cotangents,
                    std::mt19937_64& random) {
  const std::string label = fmt::format("{} {}", pass.name(), backward_case.describe());
  forward_case.reference_in_double(forward);

  std::vector<OperandData> backward = backward_case.make(7);
  widen(backward);
  for (OperandData& operand : backward) {
    if (!operand.input || operand.spec.count == 0) continue;
    const std::string name = operand.spec.name;
    if (const OperandData* source = find(forward, name)) {
      ASSERT_EQ(source->spec.count, operand.spec.count) << label << ": operand " << name;
      operand.f64 = source->f64;
      operand.u8 = source->u8;
      operand.i32 = source->i32;
    } else {
      ASSERT_TRUE(name[0] == 'd' && cotangents.contains(name.substr(1)))
          << label << ": input " << name << " is no operand of the forward pass";
      operand.f64 = cotangents.at(name.substr(1));
    }
  }
  backward_case.reference_in_double(backward);

  std::normal_distribution<double> normal;
  for (OperandData& gradient : backward) {
    if (gradient.input || gradient.spec.count == 0) continue;
    const std::string name = gradient.spec.name;
    OperandData* input = find(forward, name.substr(1));
    ASSERT_TRUE(name[0] == 'd' && input != nullptr)
        << label << ": output " << name << " is the gradient of no input";
    const std::size_t count = gradient.spec.count;
    ASSERT_EQ(count, input->spec.count);
    for (int trial = 0; trial < 8; ++trial) {
      std::vector<double> direction(count, 0.0);
      if (trial < 3) {
        for (double& d : direction) d = normal(random);
      } else {
        direction[random() % count] = 1;
      }
      double expected = 0, scale = 0;
      for (std::size_t i = 0; i < count; ++i) {
        expected += gradient.f64[i] * direction[i];
        scale += std::fabs(gradient.f64[i] * direction[i]);
      }
      const double step = 1e-5;
      const double plus =
          loss_at(forward_case, forward, name.substr(1), direction, step, cotangents);
      const double minus =
          loss_at(forward_case, forward, name.substr(1), direction, -step, cotangents);
      const double difference = (plus - minus) / (2 * step);
      // Truncation is O(step^2); cancellation leaves about |loss| x 1e-16 / step.
      const double allowed = 1e-7 * scale + 1e-9 * (std::fabs(plus) + 1);
      ASSERT_NEAR(difference, expected, allowed)
          << label << ": " << name << (trial < 3 ? " along a random direction" : " of one element");
    }
  }
}

// Passes of one operation, forward first, on their case of this number.
using Operation = std::vector<const AnyPass*>;

void check_operation(const Operation& passes, std::size_t number) {
  const AnyCase& a_case = *passes.front()->cases[number];
  std::vector<OperandData> forward = a_case.make(3);
  widen(forward);
  // What a pass leaves alone (between wide rows) is no part of the loss.
  for (OperandData& operand : forward) {
    if (!operand.input) std::fill(operand.f64.begin(), operand.f64.end(), 0.0);
  }
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  // A cotangent for every output that some backward pass takes one of.
  Cotangents cotangents;
  for (std::size_t pass = 1; pass < passes.size(); ++pass) {
    for (const Operand& operand : passes[pass]->cases[number]->operands()) {
      const std::string name = operand.name;
      const OperandData* output = name[0] == 'd' ? find(forward, name.substr(1)) : nullptr;
      if (output == nullptr || output->input) continue;
      std::vector<double>& cotangent = cotangents[name.substr(1)];
      if (!cotangent.empty()) continue;
      cotangent.resize(operand.count);
      // What a float can hold, like every input.
      for (double& v : cotangent) v = static_cast<float>(normal(random));
    }
  }
  for (std::size_t pass = 1; pass < passes.size(); ++pass) {
    const AnyCase& backward = *passes[pass]->cases[number];
    ASSERT_EQ(backward.describe(), a_case.describe());
    check_backward(a_case, *passes[pass], backward, forward, cotangents, random);
  }
}

class GradientTest : public testing::Test {
 public:
  GradientTest(const Operation& passes, std::size_t number) : passes_(passes), number_(number) {}
  void TestBody() override { check_operation(passes_, number_); }

 private:
  const Operation passes_;
  const std::size_t number_;
};

void register_tests(const Operation& passes) {
  if (passes.size() < 2) return;
  const AnyPass& forward = *passes.front();
  for (std::size_t number = 0; number < forward.cases.size(); ++number) {
    const AnyCase& a_case = *forward.cases[number];
    if (a_case.use == Use::bench) continue;
    std::string name = a_case.name;
    for (char& c : name) {
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    }
    testing::RegisterTest(
        fmt::format("{}_{}_gradient", forward.op, forward.pass).c_str(), name.c_str(), nullptr,
        nullptr, __FILE__, __LINE__,
        [passes, number]() -> testing::Test* { return new GradientTest(passes, number); });
  }
}

const bool registered = [] {
  Operation passes;
  for (const AnyPass& pass : all_passes()) {
    if (!passes.empty() && passes.front()->operation != pass.operation) {
      register_tests(passes);
      passes.clear();
    }
    passes.push_back(&pass);
  }
  register_tests(passes);
  return true;
}();

}  // namespace
}  // namespace hilum::test
