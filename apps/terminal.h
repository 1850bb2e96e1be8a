// What people look at: text tables and a progress line.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace hilum {

// Columns as wide as their longest cell; the first is aligned left, the others right unless
// `left` says so.
std::string text_table(const std::vector<std::vector<std::string>>& rows, bool left = false);

// "1:02:05", "4:07" or "12 s".
std::string duration_text(double seconds);

// "2031-01-30T12:05:00Z"
std::string now_text();

// One line on a terminal's stderr that is drawn over and over: a bar, the rate and the time left.
// Where stderr is no terminal, or `on` is false, it draws nothing.
class ProgressLine {
 public:
  explicit ProgressLine(bool on);
  ~ProgressLine() { clear(); }
  void start(const std::string& label, std::size_t done, std::size_t total);
  // At most ten times a second is drawn.
  void update(std::size_t done, const std::string& text = "");
  void clear();
  bool on() const { return on_; }

 private:
  bool on_, colour_, drawn_ = false;
  std::string label_;
  std::size_t first_ = 0, total_ = 0;
  std::chrono::steady_clock::time_point begin_, last_;
};

}  // namespace hilum
