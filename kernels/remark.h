// What must be said aloud though nothing is wrong: that a kernel runs in another way than was
// planned, since memory is short. Kernels print nothing; who owns the terminal listens.
#pragma once

#include <string>

namespace hilum {

using RemarkListener = void (*)(const std::string& text);
void set_remark_listener(RemarkListener listener);  // null: nobody listens
void remark(const std::string& text);

}  // namespace hilum
