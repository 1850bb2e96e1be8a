// fork, exec and wait; small pictures.
#include "tests/apps/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "data/image.h"

namespace hilum::test {
namespace {

std::string unique_name() {
  static std::atomic<int> counter = 0;
  return "hilum_apps_" + std::to_string(getpid()) + "_" + std::to_string(counter++);
}

std::vector<std::string> environment_for(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!text.starts_with("HILUM_")) all.push_back(text);
  }
  for (const auto& [name, value] : extra) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments) { start(arguments, {}); }

Program::Program(const std::vector<std::string>& arguments, const Setting& setting) {
  start(arguments, setting);
}

void Program::start(const std::vector<std::string>& arguments, const Setting& setting) {
  const fs::path base = fs::temp_directory_path() / unique_name();
  out_ = setting.stdout_path.empty() ? fs::path(base.string() + ".out")
                                     : fs::path(setting.stdout_path);
  err_ = base.string() + ".err";
  std::vector<std::string> texts = {HILUM_PROGRAM};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_for(setting.environment);
  const std::vector<char*> argv = pointers(texts), envp = pointers(environment);
  child_ = fork();
  ASSERT_GE(child_, 0);
  if (child_ == 0) {
    const int out = open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (setting.in_child) setting.in_child();
    execve(argv[0], argv.data(), envp.data());
    _exit(126);
  }
}

Program::~Program() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    wait();
  }
}

bool Program::running() {
  if (child_ <= 0) return false;
  if (waitpid(child_, &status_, WNOHANG) == 0) return true;
  child_ = 0;
  return false;
}

void Program::send(int signal) {
  if (child_ > 0) kill(child_, signal);
}

Outcome Program::wait() {
  if (child_ > 0) waitpid(child_, &status_, 0);
  child_ = 0;
  Outcome outcome;
  if (WIFEXITED(status_)) outcome.code = WEXITSTATUS(status_);
  if (WIFSIGNALED(status_)) outcome.signal = WTERMSIG(status_);
  if (out_.string().starts_with("/dev/")) {
    outcome.out = "";
  } else {
    outcome.out = slurp(out_);
    fs::remove(out_);
  }
  outcome.err = slurp(err_);
  fs::remove(err_);
  return outcome;
}

Outcome run(const std::vector<std::string>& arguments) { return Program(arguments).wait(); }

Outcome run(const std::vector<std::string>& arguments, const Program::Setting& setting) {
  return Program(arguments, setting).wait();
}

Folder::Folder() : path_(fs::temp_directory_path() / unique_name() / "home") {
  fs::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_.parent_path(), ignored);
}

void write_images(const fs::path& root, const std::string& split, std::size_t per_class,
                  std::size_t size) {
  std::mt19937 random(static_cast<unsigned>(std::hash<std::string>{}(split)));
  for (const std::string name : {"left", "right"}) {
    const fs::path folder = split.empty() ? root / name : root / split / name;
    fs::create_directories(folder);
    for (std::size_t i = 0; i < per_class; ++i) {
      Image image{size, size, 1, std::vector<std::uint8_t>(size * size)};
      for (std::size_t p = 0; p < image.pixels.size(); ++p) {
        const bool left = p % size < size / 2;
        // Enough overlap that nothing is learned at once.
        image.pixels[p] =
            static_cast<std::uint8_t>(random() % 200 + (left == (name == "left") ? 25 : 0));
      }
      write_png(folder / (std::to_string(i) + ".png"), image);
    }
  }
}

fs::path make_set(const Folder& folder, const std::string& name) {
  write_images(folder / name, "train", 12);
  write_images(folder / name, "val", 6);
  return folder / name;
}

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void spill(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string weights_line(const Outcome& outcome) {
  const std::size_t begin = outcome.out.find("weights  ");
  if (begin == std::string::npos) return "no weights line in: " + outcome.out + outcome.err;
  return outcome.out.substr(begin, outcome.out.find('\n', begin) - begin);
}

}  // namespace hilum::test
