// hilum kernels list | run: what implementations exist, what runs here, how fast. Written once over
// all passes (kernels/any_pass.h), so a new operation or row shows up by itself.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/kernel_layers.h"
#include "apps/kernel_run.h"
#include "apps/session.h"
#include "apps/terminal.h"
#include "kernels/any_pass.h"

namespace hilum {
namespace {

// How many of the pass's cases this row can run here, and why not the first that it cannot.
struct Reach {
  std::size_t runs = 0, cases = 0;
  std::string reason;
};

Reach reach_of(const AnyPass& pass, std::size_t row, Device device) {
  Reach reach;
  for (const auto& a_case : pass.cases) {
    ++reach.cases;
    const char* reason = a_case->why_not(row, device);
    if (reason == nullptr) {
      ++reach.runs;
    } else if (reach.reason.empty()) {
      reach.reason = reason;
    }
  }
  return reach;
}

bool is_asked(const AnyPass& pass, const std::string& asked) {
  return asked.empty() || pass.is_called(asked);
}

// One line a pass: the device's rows best first; in brackets what does not run here, with a share
// what runs some of the cases only. Then the names of the rows for a GPU.
std::vector<std::vector<std::string>> matrix(const std::string& asked, Device device) {
  std::vector<std::vector<std::string>> lines;
  for (const AnyPass& pass : all_passes()) {
    if (!is_asked(pass, asked)) continue;
    std::string first, rows, cuda;
    for (std::size_t i = 0; i < pass.rows.size(); ++i) {
      const AnyRow& row = pass.rows[i];
      if (row.device == Device::cuda) cuda += (cuda.empty() ? "" : ", ") + std::string(row.name);
      if (row.device != device) continue;
      const Reach reach = reach_of(pass, i, device);
      if (first.empty() && reach.runs != 0) first = row.name;
      std::string text = row.name;
      if (reach.runs == 0) text = "[" + text + "]";
      if (reach.runs != 0 && reach.runs != reach.cases) {
        text += fmt::format(" ({}/{})", reach.runs, reach.cases);
      }
      rows += (rows.empty() ? "" : ", ") + text;
    }
    lines.push_back({pass.op, pass.pass, first, rows, cuda});
  }
  return lines;
}

std::vector<std::vector<std::string>> details(const std::string& asked, Device device) {
  std::vector<std::vector<std::string>> lines;
  for (const AnyPass& pass : all_passes()) {
    if (!is_asked(pass, asked)) continue;
    for (std::size_t i = 0; i < pass.rows.size(); ++i) {
      const Reach reach = reach_of(pass, i, device);
      lines.push_back({pass.name(), pass.rows[i].name, device_name(pass.rows[i].device),
                       fmt::format("{}/{}", reach.runs, reach.cases), reach.reason});
    }
  }
  return lines;
}

struct ListFlags {
  std::string asked;
  bool markdown = false;
};

int run_list(const ListFlags& flags, const Session& session) {
  const Device device = session.start();
  std::vector<std::vector<std::string>> lines;
  const bool detailed = !flags.asked.empty();
  lines = detailed ? details(flags.asked, device) : matrix(flags.asked, device);
  if (lines.empty()) throw unknown_operation(flags.asked);
  std::vector<std::string> head =
      detailed
          ? std::vector<std::string>{"pass", "row", "device", "cases", "does not run because it"}
          : std::vector<std::string>{"operation", "pass", "first choice", "rows, best first",
                                     "CUDA rows"};
  if (flags.markdown) {
    auto print = [](const std::vector<std::string>& cells) {
      fmt::print("| {} |\n", fmt::join(cells, " | "));
    };
    print(head);
    fmt::print("|{}\n", fmt::join(std::vector<std::string>(head.size(), "---|"), ""));
    for (const auto& line : lines) print(line);
    return 0;
  }
  lines.insert(lines.begin(), head);
  fmt::print("{}", text_table(lines, true));
  if (!detailed) {
    fmt::print(
        "\n(n/m): runs n of the m cases; [row]: does not run here. `hilum kernels list OP` says "
        "why.\n");
  }
  return 0;
}

}  // namespace

Error unknown_operation(const std::string& asked) {
  std::string names;
  for (const AnyPass& pass : all_passes()) names += (names.empty() ? "" : ", ") + pass.name();
  return usage_error("kernels: no operation or pass is called '{}'. Expected one of {}.", asked,
                     names);
}

void add_kernels(const Command& app, Session& session) {
  const Command kernels = app.add("kernels", "implementations: list and time them", true);

  Command command = add_command(kernels, "list", "what exists and what runs here", session);
  auto list = std::make_shared<ListFlags>();
  command.add_option("operation", list->asked, "OP or OP.PASS, to see every row with its reason")
      .this_call_only();
  command.add_flag("--markdown", list->markdown, "as a Markdown table");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run_list(*list, session); }; });

  command = add_command(kernels, "run", "time rows on the cases of an operation", session);
  auto flags = std::make_shared<KernelRunFlags>();
  command.add_option("operation", flags->asked, "OP or OP.PASS").required().this_call_only();
  command.add_option("--row", flags->row, "this row only");
  command.add_option("--case", flags->one_case, "this case only; see the names with --cases");
  command.add_flag("--cases", flags->list_cases, "list the cases and stop");
  command.add_flag("--small", flags->small,
                   "the problems that rows are tested on, instead of layers of networks");
  command
      .add_option("--repeat", flags->repeat,
                  "runs of which the median is taken; fewer, at least 3, once they took 2 s")
      .check(Check::positive());
  command.add_flag("--lesson", flags->lesson,
                   "with --device emu: what the kernels do to memory, as a GPU would see it");
  command.add_flag("--csv", flags->csv, "as comma-separated values, the roof in the last lines");
  command.add_flag("--check", flags->check, "compare with the oracle in double too (slow)");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run_kernels(*flags, session); }; });

  command = add_command(kernels, "layers",
                        "time every convolution layer of the networks beside the library", session);
  auto layers = std::make_shared<KernelLayersFlags>();
  command.add_option("--nets", layers->nets, "cnn, resnet50, …; all five unless told")
      .delimiter(',');
  command.add_option("--turns", layers->turns, "of which the median is taken")
      .check(Check::positive());
  command.add_option("--out", layers->out, "also write OUT.md, OUT.csv and the roofline OUT.svg");
  command.callback(
      [=, &session] { session.action = [=, &session] { return time_layers(*layers, session); }; });
}

}  // namespace hilum
