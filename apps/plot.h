// Curves, drawn by the program gnuplot where it is installed: as SVG to put into a page and as a
// PNG file beside it. HILUM_GNUPLOT names the program, or is "off".
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/rate.h"

namespace hilum {

struct Series {
  std::string name;                                                   // empty: not in the key
  enum Style { line, steps, marked, dots, bars, grey } style = line;  // bars: points with intervals
  std::vector<std::pair<double, double>> points;
  std::vector<Interval> intervals = {};  // of bars, along y; horizontal ones with Plot::rows
};

struct Plot {
  std::string name;  // of the files: name.svg, name.png
  std::string title, x_label, y_label;
  bool unit_square = false;  // both axes from 0 to 1, as long as each other
  bool from_zero = false;    // the y axis
  bool logarithmic = false;  // both axes
  // Names of rows from top to bottom: the y axis is then these, and bars lie along x.
  std::vector<std::string> rows = {};
  std::vector<Series> series = {};
};

// Whether there is a gnuplot that runs.
bool can_plot();

// Writes FOLDER/name.png and returns the SVG, for inclusion in HTML; empty where it cannot plot.
std::string draw(const Plot& plot, const std::filesystem::path& folder);

}  // namespace hilum
