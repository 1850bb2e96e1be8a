// Runs the built program as a user would, and makes small sets for it to work on.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace hilum::test {

namespace fs = std::filesystem;

struct Outcome {
  int code = -1;  // exit code; -1 where a signal ended it
  int signal = 0;
  std::string out, err;
};

// One child process. What it prints goes to files, so that nothing blocks.
class Program {
 public:
  struct Setting {
    std::map<std::string, std::string> environment;  // beside the test's own, HILUM_* removed
    std::function<void()> in_child;                  // called between fork and exec
    std::string stdout_path;                         // instead of capturing it
  };
  explicit Program(const std::vector<std::string>& arguments);
  Program(const std::vector<std::string>& arguments, const Setting& setting);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool running();
  void send(int signal);
  Outcome wait();

 private:
  void start(const std::vector<std::string>& arguments, const Setting& setting);
  fs::path out_, err_;
  pid_t child_ = -1;
  int status_ = 0;
};

Outcome run(const std::vector<std::string>& arguments);
Outcome run(const std::vector<std::string>& arguments, const Program::Setting& setting);

// A folder under the system's temporary folder that goes away with it. Not directly under it: the
// program looks for a test-ledger.csv up to two folders above a run, and must find none of others.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// root/<split>/<class>/<i>.png: gray noise, brighter on the left for class "left", on the right for
// "right". With split "" there is no such level.
void write_images(const fs::path& root, const std::string& split, std::size_t per_class,
                  std::size_t size = 32);
// train (12 of each class) and val (6 of each).
fs::path make_set(const Folder& folder, const std::string& name = "set");

std::string slurp(const fs::path& path);
void spill(const fs::path& path, const std::string& bytes);

// What stands after "weights" in the output of train: "<best> best, <last> last".
std::string weights_line(const Outcome& outcome);

}  // namespace hilum::test
