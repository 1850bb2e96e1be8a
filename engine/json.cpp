// The one place where JSON is compiled.
#include "engine/json.h"

#include "kernels/error.h"

template class nlohmann::basic_json<>;

namespace hilum {
namespace {

template <class Json>
std::string text_of(const Json& value, int indent) {
  try {
    return value.dump(indent);
  } catch (const nlohmann::json::type_error&) {
    throw data_error(
        "A name is not UTF-8 and cannot be written as JSON: '{}'. Rename the file or class.",
        value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 400));
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
