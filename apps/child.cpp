// fork, exec, and a pipe for the messages.
#include "apps/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "apps/interrupt.h"
#include "engine/file.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// Between fork and exec: only what is safe in a process of which one thread is left.
[[noreturn]] void become(const std::vector<char*>& arguments, int messages, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before that took effect
  const int nothing = open("/dev/null", O_RDWR);
  dup2(nothing, STDIN_FILENO);
  dup2(nothing, STDOUT_FILENO);
  dup2(messages, STDERR_FILENO);
  execv("/proc/self/exe", arguments.data());
  _exit(127);
}

// Takes whole lines off the front of `text`.
std::vector<std::string> take_lines(std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t end; (end = text.find('\n')) != std::string::npos;) {
    lines.push_back(text.substr(0, end));
    text.erase(0, end + 1);
  }
  return lines;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ChildEnd run_child(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                   const std::function<void(const std::string&)>& on_line) {
  std::vector<std::string> words = {"hilum"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    throw data_error("child process: no pipe: {}.", std::strerror(errno));
  }
  const pid_t parent = getpid(), child = fork();
  if (child == 0) become(pointers, ends[1], parent);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    throw data_error("child process: cannot be started: {}.", std::strerror(errno));
  }
  ChildEnd end;
  std::string all, pending;
  bool told = false;
  const auto take = [&] {
    for (const std::string& line : take_lines(pending)) {
      if (!line.empty()) end.last_line = line;
      on_line(line);
    }
  };
  for (char buffer[4096];;) {
    if (interrupted() && !told) {
      told = true;
      kill(child, SIGTERM);
    }
    pollfd ready{ends[0], POLLIN, 0};
    if (poll(&ready, 1, 200) <= 0) continue;
    const ssize_t got = read(ends[0], buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    all.append(buffer, static_cast<std::size_t>(got));
    pending.append(buffer, static_cast<std::size_t>(got));
    take();
  }
  close(ends[0]);
  if (!pending.empty()) pending += '\n';
  take();
  end.code = wait_for(child);
  write_file_atomically(log, all);
  return end;
}

}  // namespace hilum
