// JSON, which is nlohmann's: read, written and compiled once, in json.cpp, instead of in each of
// the files that use it (a second and a half each).
#pragma once

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;
