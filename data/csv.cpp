// RFC 4180, one character at a time.
#include "data/csv.h"

#include "kernels/error.h"

namespace hilum {

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name) {
  if (text.find('\0') != std::string_view::npos) {
    throw data_error("{}: not a text file. Expected comma-separated values.", name);
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<CsvRow> rows;
  CsvRow row{1, {}};
  std::string field;
  std::size_t line = 1;
  enum { fresh, plain, quoted, closed } state = fresh;  // what has been seen of this field

  auto end_field = [&] {
    row.fields.push_back(std::move(field));
    field.clear();
    state = fresh;
  };
  auto end_row = [&] {
    const bool blank = row.fields.empty() && state == fresh;
    end_field();
    if (!blank) rows.push_back(std::move(row));
    row = {line + 1, {}};
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (state == quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else if (c == '"') {
        state = closed;
      } else {
        field += c;
      }
    } else if (c == ',') {
      end_field();
    } else if (c == '\n') {
      end_row();
    } else if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      continue;
    } else if (c == '"' && state == fresh) {
      state = quoted;
    } else if (state == closed) {
      throw data_error(
          "{}, line {}: text behind a closing quote. Double the quotes inside a field.", name,
          line);
    } else {
      field += c;
      state = plain;
    }
    line += c == '\n';
  }
  if (state == quoted) {
    throw data_error("{}, line {}: a quote is opened and never closed.", name, row.line);
  }
  if (!row.fields.empty() || state != fresh) end_row();
  return rows;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (!line.empty() || &field != fields.data()) line += ',';
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (char c : field) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + '\n';
}

}  // namespace hilum
