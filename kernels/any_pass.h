// Every pass of every operation behind one type: what the tests of rows and gradients, benches and
// `hilum kernels` walk, so that they are compiled once and not once a pass.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/case.h"
#include "kernels/operands.h"
#include "kernels/row.h"

namespace hilum {

// What a Row<Pass> says of itself, whatever the problem.
struct AnyRow {
  const char* name;
  Device device;
  bool in_this_build;
  double tolerance;
  bool deterministic;
};

// A case of a pass. Rows are named by their place in AnyPass::rows.
class AnyCase {
 public:
  AnyCase(std::string name_, Use use_) : name(std::move(name_)), use(use_) {}
  virtual ~AnyCase() = default;
  AnyCase(const AnyCase&) = delete;
  AnyCase& operator=(const AnyCase&) = delete;

  const std::string name;
  const Use use;

  virtual std::string describe() const = 0;
  virtual Cost cost() const = 0;
  virtual std::vector<Operand> operands() const = 0;
  // Why the row cannot run this here and now (dispatch.h), or null; and why it never can.
  virtual const char* why_not(std::size_t row, Device device) const = 0;
  virtual const char* why_never(std::size_t row) const = 0;
  virtual std::size_t workspace_bytes(std::size_t row) const = 0;

  // What PassCalls (operands.h) does.
  virtual std::vector<OperandData> make(std::uint64_t seed) const = 0;
  virtual void reference_in_double(std::vector<OperandData>& all) const = 0;
  virtual void reference_in_magnitude(std::vector<OperandData>& all) const = 0;
  virtual void prepare(std::size_t row, std::vector<OperandData>& all) const = 0;
  virtual void run(std::size_t row, const Launch& launch, std::vector<OperandData>& all) const = 0;
};

struct AnyPass {
  const char* op;
  const char* pass;
  std::size_t operation;     // the same number for passes of one problem, which have the same cases
  std::vector<AnyRow> rows;  // best first
  std::vector<std::unique_ptr<const AnyCase>> cases;

  std::string name() const { return std::string(op) + "." + pass; }
  // "relu", "relu.forward"
  bool is_called(const std::string& asked) const { return asked == op || asked == name(); }
};

// In the order of tables.h; of an operation the forward pass first.
const std::vector<AnyPass>& all_passes();

// Outputs of `all` in double, and in Magnitude the sum of |terms| behind each.
void run_oracle(const AnyCase& a_case, std::vector<OperandData>& all);

// A usage error where forced_kernels_text() (dispatch.h) names an operation, pass or row that no
// table has.
void check_forced_kernels();

}  // namespace hilum
