// Every convolution layer of the networks, hand-written rows beside the library's, in one run.
//
//   hilum_layers [--nets cnn,resnet50] [--turns 7] [--out bench/results/layers]
//
// A layer of a network at its usual size and batch is a problem of three passes (the first layer
// has no backward_data: nobody asks for the gradient of the pixels). For each, the rows that can
// run it take turns, and the median of their times counts. Two rows are left: the fastest that is
// written here and the fastest of the library's, NHWC or Winograd. The ratio is the library's time
// by ours. Also draws the roofline with a point for every layer and pass.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "apps/plot.h"
#include "bench/machine.h"
#include "engine/file.h"
#include "engine/profiler.h"
#include "engine/tape.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/dispatch.h"
#include "kernels/operands.h"
#include "nets/net.h"

namespace hilum {
namespace {

struct Layer {
  Conv2dProblem problem;
  std::size_t count;  // layers of this shape in the network
  bool first;         // reads the image
};

// In the order of the first of each shape.
std::vector<Layer> layers_of(const std::string& net, std::size_t size, std::size_t batch) {
  const std::unique_ptr<Module> module = make_net(net, 3, 3, size);
  module->train(false);
  std::vector<Layer> layers;
  const ListenToOperations listen([&](const OperationRecord& record) {
    if (std::string_view(record.name) != "conv2d") return;
    const Tensor &x = record.inputs[0], &w = record.inputs[1];
    Conv2dProblem a{x.size(0), x.size(1), x.size(2), x.size(3), w.size(0), w.size(1), w.size(2)};
    const std::map<std::string_view, std::size_t*> fields = {
        {"stride_h", &a.stride_h}, {"stride_w", &a.stride_w},     {"pad_h", &a.pad_h},
        {"pad_w", &a.pad_w},       {"dilation_h", &a.dilation_h}, {"dilation_w", &a.dilation_w},
        {"groups", &a.groups}};
    for (const OperationAttribute& attribute : record.attributes) {
      *fields.at(attribute.name) = static_cast<std::size_t>(attribute.value);
    }
    for (Layer& layer : layers) {
      if (layer.problem.describe() == a.describe()) {
        ++layer.count;
        return;
      }
    }
    layers.push_back({a, 1, layers.empty()});
  });
  const NoGrad no_grad;
  const DryRun dry;
  (*module)(Tensor::empty({batch, size, size, 3}));
  return layers;
}

struct Best {
  std::string row;
  double seconds = 0;
};

struct Result {
  std::string net, pass, problem;
  std::size_t count;
  Cost cost;
  Best ours, library;
  double ratio() const { return library.seconds / ours.seconds; }
};

template <class Pass>
Result time_rows(const std::string& net, const Layer& layer, std::size_t turns) {
  std::vector<const Row<Pass>*> rows;
  for (const Row<Pass>& row : Pass::table()) {
    const std::string_view name = row.name;
    if (name == "ref" || name == "cpu1_im2col" || row.device != Device::cpu || row.run == nullptr) {
      continue;
    }
    if (row.why_not == nullptr || row.why_not(layer.problem) == nullptr) rows.push_back(&row);
  }
  std::vector<OperandData> operands = PassCalls<Pass>::make(layer.problem, 1);
  std::vector<std::vector<double>> seconds(rows.size());
  for (std::size_t turn = 0; turn <= turns; ++turn) {  // the first one plans and is not counted
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Launch launch;
      if (rows[i]->workspace) {
        launch.workspace = workspace(Device::cpu, rows[i]->workspace(layer.problem));
      }
      const auto begin = std::chrono::steady_clock::now();
      PassCalls<Pass>::row(*rows[i], launch, layer.problem, operands);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      if (turn > 0) seconds[i].push_back(took.count());
    }
  }
  Result result{net, Pass::pass, layer.problem.describe(), layer.count, Pass::cost(layer.problem),
                {},  {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::sort(seconds[i].begin(), seconds[i].end());
    const double median = seconds[i][seconds[i].size() / 2];
    Best& best = std::string_view(rows[i]->name).starts_with("cpu") ? result.ours : result.library;
    if (best.seconds == 0 || median < best.seconds) best = {rows[i]->name, median};
  }
  return result;
}

double share(const Cost& cost, double seconds) {
  const Roof& roof = measured_roof();
  return std::max(cost.flop * 1e-9 / roof.gflops, cost.bytes * 1e-9 / roof.gigabytes) / seconds;
}

// Of the ratios of those that `which` names ("" is all): a layer that a network has five times
// counts five times.
double geometric_mean(const std::vector<Result>& results, const std::string& which) {
  double sum = 0, count = 0;
  for (const Result& r : results) {
    if (!which.empty() && r.pass != which && r.net != which) continue;
    sum += static_cast<double>(r.count) * std::log(r.ratio());
    count += static_cast<double>(r.count);
  }
  return std::exp(sum / count);
}

std::string line(const Result& r) {
  return fmt::format("| {} | {} | {} | {} | {} | {:.2f} | {:.0f} % | {} | {:.2f} | {:.2f} |\n",
                     r.net, r.problem, r.count, r.pass, r.ours.row, r.ours.seconds * 1e3,
                     100 * share(r.cost, r.ours.seconds), r.library.row, r.library.seconds * 1e3,
                     r.ratio());
}

std::string report(const std::vector<Result>& results, std::size_t turns) {
  const Roof& roof = measured_roof();
  std::string text = fmt::format(
      "# Convolution layers beside oneDNN\n\n{}, {} threads. Roofs {:.0f} GFLOP/s, {:.1f} GB/s. "
      "Medians of {} turns; the work is the formula's, so Winograd may pass 100 %. "
      "`hilum_layers`; how: bench/README.md.\n\nGeometric mean of the ratios (library's time by "
      "ours), each layer as often as its network has it:\n\n",
      machine_line(), roof.threads, roof.gflops, roof.gigabytes, turns);
  std::vector<std::string> groups = {"forward", "backward_data", "backward_weight"};
  for (const Result& r : results) {
    if (std::find(groups.begin(), groups.end(), r.net) == groups.end()) groups.push_back(r.net);
  }
  text += "| of | ratio |\n|---|---|\n";
  for (const std::string& group : groups) {
    text += fmt::format("| {} | {:.2f} |\n", group, geometric_mean(results, group));
  }
  text += fmt::format("| all | {:.2f} |\n\n", geometric_mean(results, ""));
  const std::string head =
      "| net | layer | times | pass | ours | ms | of roof | library | ms | ratio |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  std::vector<Result> worst = results;
  std::sort(worst.begin(), worst.end(),
            [](const Result& a, const Result& b) { return a.ratio() < b.ratio(); });
  text += "The worst three:\n\n" + head;
  for (std::size_t i = 0; i < std::min<std::size_t>(worst.size(), 3); ++i) text += line(worst[i]);
  text += "\nAll:\n\n" + head;
  for (const Result& r : results) text += line(r);
  return text;
}

std::string csv(const std::vector<Result>& results) {
  std::string text =
      "net,layer,times,pass,row,milliseconds,share_of_roof,library_row,library_milliseconds,"
      "ratio\n";
  for (const Result& r : results) {
    text +=
        fmt::format("{},{},{},{},{},{:.4f},{:.3f},{},{:.4f},{:.3f}\n", r.net, r.problem, r.count,
                    r.pass, r.ours.row, r.ours.seconds * 1e3, share(r.cost, r.ours.seconds),
                    r.library.row, r.library.seconds * 1e3, r.ratio());
  }
  return text;
}

void draw_roofline(const std::vector<Result>& results, const std::filesystem::path& to) {
  const Roof& roof = measured_roof();
  Plot plot;
  plot.name = to.filename().string();
  plot.title = "Every convolution layer under the roofs of this machine";
  plot.x_label = "FLOP a byte";
  plot.y_label = "GFLOP/s";
  plot.logarithmic = true;
  Series bound{"roofs", Series::grey, {}};
  for (double x = 0.5; x < 2000; x *= 1.1) {
    bound.points.push_back({x, std::min(roof.gflops, x * roof.gigabytes)});
  }
  plot.series.push_back(bound);
  for (const char* pass : {"forward", "backward_data", "backward_weight"}) {
    Series dots{pass, Series::dots, {}};
    for (const Result& r : results) {
      if (r.pass != pass) continue;
      dots.points.push_back({r.cost.flop / r.cost.bytes, r.cost.flop * 1e-9 / r.ours.seconds});
    }
    plot.series.push_back(dots);
  }
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "hilum_layers";
  const std::string svg = draw(plot, folder);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (svg.empty()) {
    fmt::print(stderr, "no roofline: gnuplot is not installed.\n");
  } else {
    write_file_atomically(to.string() + ".svg", svg);
  }
}

int time_layers(int argc, char** argv) {
  struct Net {
    const char* name;
    std::size_t size, batch;
  };
  const std::vector<Net> nets = {{"cnn", 128, 32},
                                 {"resnet50", 224, 16},
                                 {"resnet152", 224, 8},
                                 {"vgg19", 224, 8},
                                 {"densenet121", 224, 16}};
  CLI::App app("Every convolution layer of the networks beside the library's.");
  std::vector<std::string> names;
  std::size_t turns = 7;
  std::string out;
  app.add_option("--nets", names, "default: all five")->delimiter(',');
  app.add_option("--turns", turns, "of which the median counts")->check(CLI::PositiveNumber);
  app.add_option("--out", out, "also writes OUT.md, OUT.csv and OUT.svg");
  CLI11_PARSE(app, argc, argv);

  set_deterministic(false);  // the library's backward_weight is not
  std::vector<Result> results;
  for (const Net& net : nets) {
    if (!names.empty() && std::find(names.begin(), names.end(), net.name) == names.end()) continue;
    for (const Layer& layer : layers_of(net.name, net.size, net.batch)) {
      fmt::print(stderr, "{} {}\n", net.name, layer.problem.describe());
      results.push_back(time_rows<Conv2dForward>(net.name, layer, turns));
      if (!layer.first) results.push_back(time_rows<Conv2dBackwardData>(net.name, layer, turns));
      results.push_back(time_rows<Conv2dBackwardWeight>(net.name, layer, turns));
    }
  }
  const bool has_library = std::all_of(results.begin(), results.end(),
                                       [](const Result& r) { return r.library.seconds > 0; });
  if (results.empty() || !has_library) {
    throw usage_error("hilum_layers: {}",
                      results.empty() ? "no such network. Expected cnn, resnet50, resnet152, vgg19 "
                                        "or densenet121."
                                      : "this build has no oneDNN to compare with. Install it and "
                                        "configure again.");
  }
  const std::string text = report(results, turns);
  std::cout << text;
  if (!out.empty()) {
    write_file_atomically(out + ".md", text);
    write_file_atomically(out + ".csv", csv(results));
    draw_roofline(results, out);
  }
  return 0;
}

}  // namespace
}  // namespace hilum

int main(int argc, char** argv) {
  try {
    return hilum::time_layers(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
