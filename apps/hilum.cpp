// hilum: one program, one file a subcommand. Here are the command line as a whole and the one place
// where errors become exit codes: 0 done, 1 a check failed, 2 usage, 3 data, 4 device, 130
// interrupted after a checkpoint.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "apps/command_line.h"
#include "apps/config_file.h"
#include "apps/session.h"
#include "engine/tuning.h"
#include "kernels/error.h"

namespace {

int fail(int code, std::string message) {
  while (!message.empty() && message.back() == '\n') message.pop_back();
  fmt::print(stderr, "hilum: {}\n", message);
  return code;
}

// As it could be typed again; words with other than plain characters in quotes.
std::string command_line(int argc, char** argv) {
  std::string text = "hilum";
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.find_first_of(" \t\n'\"\\$&;|<>()*?[]#~") != std::string::npos || word.empty()) {
      std::string quoted = "'";
      for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
      word = quoted + "'";
    }
    text += ' ' + word;
  }
  return text;
}

constexpr int usage = static_cast<int>(hilum::ErrorKind::usage);
constexpr int data = static_cast<int>(hilum::ErrorKind::data);

// OpenMP's threads wait for work by spinning, for a millisecond or so by default. Where the cores
// are shared (with another program, or with the threads that prepare images) each then spins on the
// core that the other needs: measured, a step of a small network on two busy cores took 30 times as
// long. The library reads its limit before main() begins, so the program starts itself once more.
void limit_spinning(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  setenv("GOMP_SPINCOUNT", "5000", 0);
  execv("/proc/self/exe", argv);  // comes back only where there is no /proc: go on as we are
}

}  // namespace

int main(int argc, char** argv) {
  limit_spinning(argv);
  CLI::App app("Convolutional networks from scratch, and the chest-CT experiments they are for.",
               "hilum");
  app.set_version_flag("--version", std::string("hilum ") + hilum::program_version);
  app.option_defaults()->always_capture_default();
  app.require_subcommand(1);
  app.fallthrough();  // so that --config may stand behind the subcommand
  hilum::Session session;
  session.command = command_line(argc, argv);
  const hilum::Command commands(app);
  hilum::add_summary(commands, session);
  hilum::add_train(commands, session);
  hilum::add_compare(commands, session);
  hilum::add_evaluate(commands, session);
  hilum::add_report(commands, session);
  hilum::add_predict(commands, session);
  hilum::add_import(commands, session);
  hilum::add_export(commands, session);
  hilum::add_data(commands, session);
  hilum::add_kernels(commands, session);
  std::vector<std::string> shortened;
  hilum::enable_config(app, shortened);
  try {
    app.parse(argc, argv);
    for (const std::string& text : shortened) session.note("quick", text);
    const int code = session.action();
    hilum::finish_tuning();
    // Results that could not be written were not given.
    if (std::fflush(stdout) != 0) {
      return fail(data, "standard output: cannot be written. Is the disk full?");
    }
    return code;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return fail(usage, fmt::format("{} Try `hilum --help` or `hilum <command> --help`.",
                                   std::string(error.what()) +
                                       (std::string(error.what()).ends_with('.') ? "" : ".")));
  } catch (const hilum::Error& error) {
    return fail(static_cast<int>(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    return fail(data, "memory: not enough of it. Use a smaller --batch-size or --size.");
  } catch (const std::exception& error) {
    return fail(data, error.what());
  }
}
