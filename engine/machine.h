// The line that makes a figure comparable: processor, instruction set in use, compiler, date.
#pragma once

#include <string>

namespace hilum {
std::string machine_line();
}  // namespace hilum
