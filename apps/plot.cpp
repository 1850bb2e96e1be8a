// Writes scripts for gnuplot. Colours are those of Okabe and Ito, which people who confuse red and
// green can tell apart; line types differ too, so that paper without colour will do.
#include "apps/plot.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "engine/file.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

constexpr std::array colours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};

std::string program() {
  const char* given = std::getenv("HILUM_GNUPLOT");
  return given == nullptr || *given == '\0' ? "gnuplot" : given;
}

std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

bool run_gnuplot(const std::string& argument) {
  return std::system((shell_quoted(program()) + " " + shell_quoted(argument) + " >/dev/null 2>&1")
                         .c_str()) == 0;
}

// In gnuplot's double quotes.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + '"';
}

std::string data_block(std::size_t number, const Series& series) {
  std::string text = fmt::format("$s{} << EOD\n", number);
  for (std::size_t i = 0; i < series.points.size(); ++i) {
    const auto [x, y] = series.points[i];
    if (std::isnan(x) || std::isnan(y)) continue;
    text += fmt::format("{:.8g} {:.8g}", x, y);
    if (i < series.intervals.size()) {
      const Interval& of = series.intervals[i];
      text += fmt::format(" {:.8g} {:.8g}", std::isnan(of.low) ? of.value : of.low,
                          std::isnan(of.high) ? of.value : of.high);
    }
    text += '\n';
  }
  return text + "EOD\n";
}

std::string drawn_as(const Plot& plot, const Series& series, std::size_t number) {
  const char* colour = colours[number % colours.size()];
  switch (series.style) {
    case Series::line:
      return fmt::format("with lines lw 2 lc rgb '{}' dt {}", colour, number % 4 + 1);
    case Series::steps:
      return fmt::format("with lines lw 2 lc rgb '{}'", colour);
    case Series::marked:
      return fmt::format("with linespoints lw 2 pt 7 ps 0.6 lc rgb '{}'", colour);
    case Series::dots:
      return fmt::format("with points pt 7 ps 0.5 lc rgb '{}'", colour);
    case Series::bars:
      return fmt::format("with {} lw 2 pt 7 ps 0.7 lc rgb '{}'",
                         plot.rows.empty() ? "yerrorbars" : "xerrorbars", colour);
    case Series::grey:
      return "with lines lw 1 dt 2 lc rgb '#888888'";
  }
  return "";
}

std::string axes(const Plot& plot) {
  std::string text =
      "set border 3 lc rgb '#444444' lw 1\nset tics nomirror out scale 0.6 textcolor rgb "
      "'#333333'\n"
      "set grid lc rgb '#e4e4e4' lw 1 lt 1\nset key below samplen 2 spacing 1.1 noenhanced\n";
  text += fmt::format(
      "set title {} noenhanced\nset xlabel {} noenhanced offset 0,0.5\nset ylabel {} noenhanced\n",
      quoted(plot.title), quoted(plot.x_label), quoted(plot.y_label));
  if (plot.unit_square) text += "set size square\nset xrange [0:1]\nset yrange [0:1.005]\n";
  if (plot.logarithmic) text += "set logscale xy\n";
  if (plot.from_zero) text += "set yrange [0:*]\n";
  if (!plot.rows.empty()) {
    std::string names;
    for (std::size_t i = 0; i < plot.rows.size(); ++i) {
      names += fmt::format("{}{} {}", i == 0 ? "" : ", ", quoted(plot.rows[i]), i);
    }
    text += fmt::format(
        "set xtics 0.1\nset yrange [{}:-0.6]\nset ytics ({}) "
        "noenhanced\n",
        static_cast<double>(plot.rows.size()) - 0.4, names);
  }
  return text;
}

std::string script_of(const Plot& plot, const fs::path& stem) {
  std::string body = axes(plot), curves;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const Series& series = plot.series[i];
    body += data_block(i, series);
    const bool rows = series.style == Series::bars;
    curves += fmt::format("{}$s{} using {} {} {}", i == 0 ? "plot " : ", ", i,
                          rows ? "1:2:3:4" : "1:2", drawn_as(plot, series, i),
                          series.name.empty() ? "notitle" : "title " + quoted(series.name));
  }
  const double height = plot.rows.empty() ? 380 : 110 + 30 * static_cast<double>(plot.rows.size());
  const double width = plot.unit_square ? 400 : plot.rows.empty() ? 560 : 760;
  return fmt::format(
      "set encoding utf8\nset term svg size {0},{1} dynamic name {2} font 'Helvetica,13'\n"
      "set output {3}\n{4}{5}\nset output\n"
      "set term pngcairo size {6},{7} font 'Helvetica,10' fontscale 2 linewidth 2 pointscale 2\n"
      "set output {8}\nreplot\nset output\n",
      width, height, quoted(plot.name), quoted(stem.string() + ".svg"), body, curves, 2 * width,
      2 * height, quoted(stem.string() + ".png"));
}

}  // namespace

bool can_plot() {
  if (program() == "off") return false;
  static const bool there = run_gnuplot("--version");
  return there;
}

std::string draw(const Plot& plot, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  bool empty = true;
  for (const Series& series : plot.series) {
    empty = empty && (series.style == Series::grey || series.points.empty());
  }
  const fs::path stem = folder / plot.name, svg = stem.string() + ".svg";
  if (empty || !can_plot()) return "";
  const fs::path script = stem.string() + ".gnuplot";
  write_file_atomically(script, script_of(plot, stem));
  const bool drawn = run_gnuplot(script.string()) && fs::exists(svg);
  const std::string text = drawn ? read_file(svg) : "";
  fs::remove(script, error);
  fs::remove(svg, error);
  const std::size_t begin = text.find("<svg");
  return begin == std::string::npos ? "" : text.substr(begin);
}

}  // namespace hilum
