// The one file that knows every pass by its type; see any_pass.h.
#include "kernels/any_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kernels/dispatch.h"
#include "kernels/error.h"
#include "kernels/tables.h"

namespace hilum {
namespace {

template <class Pass>
class CaseOf final : public AnyCase {
 public:
  using Calls = PassCalls<Pass>;

  explicit CaseOf(Case<typename Pass::Problem> a_case)
      : AnyCase(std::move(a_case.name), a_case.use), problem_(std::move(a_case.problem)) {}

  std::string describe() const override { return problem_.describe(); }
  Cost cost() const override { return Pass::cost(problem_); }
  std::vector<Operand> operands() const override { return Pass::operands(problem_); }
  const char* why_not(std::size_t row, Device device) const override {
    return hilum::why_not(at(row), device, problem_);
  }
  const char* why_never(std::size_t row) const override {
    return hilum::why_never(at(row), problem_);
  }
  std::size_t workspace_bytes(std::size_t row) const override {
    return hilum::workspace_bytes(at(row), problem_);
  }
  std::vector<OperandData> make(std::uint64_t seed) const override {
    return Calls::make(problem_, seed);
  }
  void reference_in_double(std::vector<OperandData>& all) const override {
    Calls::template reference<double>(problem_, all);
  }
  void reference_in_magnitude(std::vector<OperandData>& all) const override {
    Calls::template reference<Magnitude>(problem_, all);
  }
  void prepare(std::size_t row, std::vector<OperandData>& all) const override {
    Calls::prepare(at(row), problem_, all);
  }
  void run(std::size_t row, const Launch& launch, std::vector<OperandData>& all) const override {
    Calls::row(at(row), launch, problem_, all);
  }

 private:
  static const Row<Pass>& at(std::size_t row) { return Pass::table().at(row); }

  typename Pass::Problem problem_;
};

template <class Pass>
AnyPass any_pass(std::size_t operation) {
  AnyPass any{Pass::op, Pass::pass, operation, {}, {}};
  for (const Row<Pass>& row : Pass::table()) {
    any.rows.push_back(
        {row.name, row.device, row.run != nullptr, row.tolerance, row.deterministic});
  }
  for (auto& a_case : cases_of<Pass>()) {
    any.cases.push_back(std::make_unique<CaseOf<Pass>>(std::move(a_case)));
  }
  return any;
}

}  // namespace

const std::vector<AnyPass>& all_passes() {
  static const std::vector<AnyPass> all = [] {
    std::vector<AnyPass> passes;
    std::size_t operation = 0;
    auto add = [&]<class... Passes>(PassList<Passes...>) {
      (passes.push_back(any_pass<Passes>(operation)), ...);
      ++operation;
    };
    [&]<class... Operations>(PassList<Operations...>) {
      (add(Operations{}), ...);
    }(AllOperations{});
    return passes;
  }();
  return all;
}

void run_oracle(const AnyCase& a_case, std::vector<OperandData>& all) {
  widen(all);
  a_case.reference_in_double(all);
  a_case.reference_in_magnitude(all);
}

void check_forced_kernels() {
  const std::string& text = forced_kernels_text();
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string entry = text.substr(begin, end - begin);
    const std::string key = entry.substr(0, entry.find('='));
    const std::string row = entry.substr(key.size() + 1);
    bool known_key = false, known_row = false;
    std::string names;
    for (const AnyPass& pass : all_passes()) {
      if (!pass.is_called(key)) continue;
      known_key = true;
      for (const AnyRow& candidate : pass.rows) {
        known_row = known_row || row == candidate.name;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", candidate.name);
      }
    }
    if (!known_key) {
      throw usage_error(
          "kernels '{}': '{}' is no operation or pass. Try `hilum kernels list` for the names.",
          text, key);
    }
    if (!known_row) {
      throw usage_error("kernels '{}': '{}' has no row '{}'. Expected one of {}.", text, key, row,
                        names);
    }
    begin = end + 1;
  }
}

}  // namespace hilum
