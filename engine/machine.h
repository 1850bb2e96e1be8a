// What figures are given with. The line that makes them comparable: processor, instruction set in
// use, compiler, date.
#pragma once

#include <string>

namespace hilum {
std::string cpu_name();  // as the system says it, with the model's number
std::string machine_line();

// The most memory this process has held, as the system counts it.
double peak_mib();
}  // namespace hilum
