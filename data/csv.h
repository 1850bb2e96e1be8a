// Comma-separated values after RFC 4180: quoted fields may hold commas, doubled quotes and line
// breaks; lines end in LF or CRLF. Written here because no Debian package reads all of that without
// fixing the columns when the program is built.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hilum {

struct CsvRow {
  std::size_t line = 0;  // in the file, from 1, where the row begins
  std::vector<std::string> fields;
};

// Rows in order; empty lines are left out, a byte-order mark is skipped. Data errors name the file
// and the line: a quote that is never closed, text behind a closing quote, zero bytes.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name);

// One row with its line end; fields are quoted where they must be.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace hilum
