// The line that makes a figure comparable: processor, instruction set in use, compiler, date.
#pragma once

#include <string>

namespace hilum {
std::string cpu_name();  // as the system says it, with the model's number
std::string machine_line();
}  // namespace hilum
