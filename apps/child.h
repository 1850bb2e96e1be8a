// This program once more, as a child process: what fails, or is killed, takes nothing else with it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace hilum {

struct ChildEnd {
  int code = 0;           // exit code, or 128 + the signal that ended it
  std::string last_line;  // of its standard error: the reason where the code is not 0
};

// Runs `hilum ARGUMENTS…`. Each line that it writes to standard error goes to `on_line` and to the
// file `log`; what it writes to standard output is dropped. An interrupt (see interrupt.h) is
// passed on once and then waited for. If this process dies, the child dies too (Linux).
ChildEnd run_child(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                   const std::function<void(const std::string&)>& on_line);

}  // namespace hilum
