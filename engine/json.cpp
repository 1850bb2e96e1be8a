// The one place where JSON is compiled.
#include "engine/json.h"

template class nlohmann::basic_json<>;
