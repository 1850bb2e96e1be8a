// A measured choice of rows. While tuning is on, the first time that a problem comes up the rows
// that can run it take turns on the operands at hand, and from then on the fastest runs. Only for
// passes that say `tunable`: running twice does no harm (no output overlaps an input that counts).
// Rows differ in rounding: the same choice gives the same bits, which is why it is worth keeping
// (engine/tuning.h). Asked-for rows (HILUM_KERNELS) come first.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/device.h"

namespace hilum {

struct TunedRow {
  std::string row;
  std::map<std::string, double> milliseconds;  // of every row that was tried: its fastest call
};

// By "op.pass device problem".
using TunedRows = std::map<std::string, TunedRow>;

// From now on, beginning with what is known; `listener` hears of every new choice.
using TuneListener = std::function<void(const std::string& key, const TunedRow&)>;
void start_tuning(TunedRows known, TuneListener listener);
void stop_tuning();
bool tuning();

const TunedRow* tuned_row(const std::string& key);  // null: not measured yet
void remember_row(const std::string& key, TunedRow row);

struct Contestant {
  const char* row;
  std::function<void()> call;
};
// Rows take turns at one problem; the fastest is remembered. The first call of each is not counted
// (plans, first touch), the least of five counts; those that take twice as long as the best are not
// waited for again.
void tune_rows(Device device, const std::string& key, const std::vector<Contestant>& rows);

}  // namespace hilum
