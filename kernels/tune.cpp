#include "kernels/tune.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace hilum {
namespace {

struct State {
  bool on = false;
  TunedRows rows;
  TuneListener listener;
};
State state;

}  // namespace

void start_tuning(TunedRows known, TuneListener listener) {
  state = {true, std::move(known), std::move(listener)};
}
void stop_tuning() { state = {}; }
bool tuning() { return state.on; }

const TunedRow* tuned_row(const std::string& key) {
  const auto found = state.rows.find(key);
  return found == state.rows.end() ? nullptr : &found->second;
}

void remember_row(const std::string& key, TunedRow row) {
  const TunedRow& kept = state.rows[key] = std::move(row);
  if (state.listener) state.listener(key, kept);
}

void tune_rows(Device device, const std::string& key, const std::vector<Contestant>& rows) {
  TunedRow tuned;
  double best = std::numeric_limits<double>::infinity();
  for (int turn = 0; turn < 6; ++turn) {
    for (const auto& [row, call] : rows) {
      const auto before = tuned.milliseconds.find(row);
      if (before != tuned.milliseconds.end() && before->second > 2 * best) continue;
      device_synchronise(device);
      const auto begin = std::chrono::steady_clock::now();
      call();
      device_synchronise(device);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - begin;
      if (turn == 0) continue;
      double& least = tuned.milliseconds.try_emplace(row, took.count()).first->second;
      least = std::min(least, took.count());
      if (least >= best) continue;
      best = least;
      tuned.row = row;
    }
  }
  remember_row(key, std::move(tuned));
}

}  // namespace hilum
