// Pages that need nothing but themselves: one file, style and pictures in it, no request, no
// script, fit to be printed.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"

namespace hilum {

std::string escape_html(const std::string& text);

// First row is the head; first column aligned left, the others right unless `left`.
std::string html_table(const std::vector<std::vector<std::string>>& rows, bool left = false);

// A figure with its caption; an empty `svg` says that gnuplot is missing.
std::string html_figure(const std::string& svg, const std::string& caption);

// The image no larger than `side`, as a data: address of a PNG.
std::string thumbnail(const Image& image, std::size_t side);

// The whole page. `warning` stands in a box on top.
std::string html_page(const std::string& title, const std::string& subtitle,
                      const std::string& body);

}  // namespace hilum
