// Tables and the progress line. NO_COLOR (https://no-color.org) is respected.
#include "apps/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace hilum {
namespace {

// Characters, not bytes: continuation bytes of UTF-8 take no place.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

std::string text_table(const std::vector<std::vector<std::string>>& rows, bool left) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      if (i != 0) line += "  ";
      line += i == 0 || left ? row[i] + space : space + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::tm utc;
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  return text;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::size_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

ProgressLine::ProgressLine(bool on) : on_(on && isatty(STDERR_FILENO) != 0) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  colour_ = (no_color == nullptr || *no_color == '\0') &&
            !(term != nullptr && std::string(term) == "dumb");
}

void ProgressLine::start(const std::string& label, std::size_t done, std::size_t total) {
  label_ = label;
  first_ = done;
  total_ = total;
  begin_ = std::chrono::steady_clock::now();
  last_ = {};
}

void ProgressLine::update(std::size_t done, const std::string& text) {
  if (!on_ || done <= first_) return;  // no rate yet
  if (done < total_ && seconds_since(last_) < 0.1) return;
  last_ = std::chrono::steady_clock::now();
  constexpr std::size_t cells = 24;
  const std::size_t full = std::min(cells, done * cells / total_);
  const double elapsed = seconds_since(begin_);
  const double rate = elapsed > 0 ? static_cast<double>(done - first_) / elapsed : 0;
  const std::string left =
      rate > 0 ? duration_text(static_cast<double>(total_ - std::min(done, total_)) / rate) : "?";
  fmt::print(stderr, "\r{} {}{}{}{} {}/{}  {:.1f} images/s  {} left  {}\x1b[K", label_,
             colour_ ? "\x1b[32m" : "", std::string(full, '#'), colour_ ? "\x1b[0m" : "",
             std::string(cells - full, '.'), done, total_, rate, left, text);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace hilum
