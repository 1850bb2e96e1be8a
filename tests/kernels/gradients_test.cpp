// The oracle's own gradients, in double, against central differences of the oracle's forward pass.
// The loss is the inner product of the outputs with a random cotangent, never their sum, which is
// blind wherever outputs sum to a constant (batch norm, softmax). Directions are random too; a few
// single elements are tried beside them.
//
// Passes find each other by operand name (see Operand in row.h).
#include <gtest/gtest.h>

#include <map>

#include "kernels/operands.h"
#include "kernels/tables.h"

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
template <class Forward>
double loss_at(const typename Forward::Problem& problem, std::vector<OperandData>& forward,
               const std::string& name, const std::vector<double>& direction, double step,
               const Cotangents& cotangents) {
  OperandData* operand = find(forward, name);
  const std::vector<double> before = operand->f64;
  for (std::size_t i = 0; i < before.size(); ++i) operand->f64[i] += step * direction[i];
  PassCalls<Forward>::template reference<double>(problem, forward);
  const double loss = inner_product(forward, cotangents);
  find(forward, name)->f64 = before;
  return loss;
}

template <class Forward, class Backward>
void check_backward(const typename Forward::Problem& problem, std::vector<OperandData> forward,
                    const Cotangents& cotangents, std::mt19937_64& random) {
  const std::string label =
      fmt::format("{}.{} {}", Backward::op, Backward::pass, problem.describe());
  PassCalls<Forward>::template reference<double>(problem, forward);

  std::vector<OperandData> backward = PassCalls<Backward>::make(problem, 7);
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
  PassCalls<Backward>::template reference<double>(problem, backward);

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
          loss_at<Forward>(problem, forward, name.substr(1), direction, step, cotangents);
      const double minus =
          loss_at<Forward>(problem, forward, name.substr(1), direction, -step, cotangents);
      const double difference = (plus - minus) / (2 * step);
      // Truncation is O(step^2); cancellation leaves about |loss| x 1e-16 / step.
      const double allowed = 1e-7 * scale + 1e-9 * (std::fabs(plus) + 1);
      ASSERT_NEAR(difference, expected, allowed)
          << label << ": " << name << (trial < 3 ? " along a random direction" : " of one element");
    }
  }
}

template <class Forward, class... Backward>
void check_operation(const typename Forward::Problem& problem) {
  std::vector<OperandData> forward = PassCalls<Forward>::make(problem, 3);
  widen(forward);
  // What a pass leaves alone (between wide rows) is no part of the loss.
  for (OperandData& operand : forward) {
    if (!operand.input) std::fill(operand.f64.begin(), operand.f64.end(), 0.0);
  }
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  // A cotangent for every output that some backward pass takes one of.
  Cotangents cotangents;
  [[maybe_unused]] auto collect = [&](const std::vector<Operand>& operands) {
    for (const Operand& operand : operands) {
      const std::string name = operand.name;
      const OperandData* output = name[0] == 'd' ? find(forward, name.substr(1)) : nullptr;
      if (output == nullptr || output->input) continue;
      std::vector<double>& cotangent = cotangents[name.substr(1)];
      if (!cotangent.empty()) continue;
      cotangent.resize(operand.count);
      // What a float can hold, like every input.
      for (double& v : cotangent) v = static_cast<float>(normal(random));
    }
  };
  (collect(Backward::operands(problem)), ...);
  (check_backward<Forward, Backward>(problem, forward, cotangents, random), ...);
}

template <class... Passes>
struct Operation;
template <class Forward, class... Backward>
struct Operation<Forward, Backward...> {
  class Test : public testing::Test {
   public:
    explicit Test(typename Forward::Problem problem) : problem_(problem) {}
    void TestBody() override { check_operation<Forward, Backward...>(problem_); }

   private:
    typename Forward::Problem problem_;
  };

  static void register_tests() {
    if (sizeof...(Backward) == 0) return;
    for (const auto& a_case : cases_of<Forward>()) {
      if (a_case.use == Use::bench) continue;
      std::string name = a_case.name;
      for (char& c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      }
      testing::RegisterTest(
          fmt::format("{}_{}_gradient", Forward::op, Forward::pass).c_str(), name.c_str(), nullptr,
          nullptr, __FILE__, __LINE__,
          [problem = a_case.problem]() -> testing::Test* { return new Test(problem); });
    }
  }
};

const bool registered = [] {
  for_each_operation(
      []<class... Passes>(PassList<Passes...>) { Operation<Passes...>::register_tests(); });
  return true;
}();

}  // namespace
}  // namespace hilum::test
