// The one place where JSON is compiled.
#include "engine/json.h"

#include "kernels/error.h"

template class nlohmann::basic_json<>;

namespace hilum {
namespace {

template <class Json>
std::string first_not_utf8(const Json& value) {
  try {
    value.dump();
    return "";
  } catch (const nlohmann::json::type_error&) {
    if (!value.is_structured()) {
      return value.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
  }
  for (const auto& [key, part] : value.items()) {
    for (const Json& text : {Json(key), part}) {
      const std::string found = first_not_utf8(text);
      if (!found.empty()) return found;
    }
  }
  return "";
}

template <class Json>
std::string text_of(const Json& value, int indent) {
  try {
    return value.dump(indent);
  } catch (const nlohmann::json::type_error&) {
    throw data_error("{} is not UTF-8, as JSON has to be. Rename the file, folder or class.",
                     first_not_utf8(value));
  }
}

}  // namespace

nlohmann::json parse_json(const std::string& text) { return nlohmann::json::parse(text); }

nlohmann::json parse_json_or_discard(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, false);
}

std::string json_text(const nlohmann::json& value, int indent) { return text_of(value, indent); }
std::string json_text(const nlohmann::ordered_json& value, int indent) {
  return text_of(value, indent);
}

}  // namespace hilum
