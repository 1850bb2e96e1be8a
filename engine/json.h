// JSON, which is nlohmann's. Parsed, written and compiled in json.cpp: where its own parse() and
// dump() are called, parser and serialiser are compiled once more, which takes two seconds a file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

extern template class nlohmann::basic_json<>;

namespace hilum {

// Throws nlohmann::json::parse_error, which says where, if the text is malformed.
nlohmann::json parse_json(const std::string& text);
// The same, but what is malformed becomes a value for which is_discarded() holds.
nlohmann::json parse_json_or_discard(const std::string& text);

// On one line, or on many, each level indented by so many spaces. A data error where a string, the
// name of a file as a rule, is not UTF-8.
std::string json_text(const nlohmann::json& value, int indent = -1);
std::string json_text(const nlohmann::ordered_json& value, int indent = -1);

}  // namespace hilum
