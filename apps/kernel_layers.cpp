// hilum kernels layers: every convolution layer of the networks, hand-written rows beside the
// library's, in one run.
//
// A layer of a network at its usual size and batch is a problem of three passes (the first layer
// has no backward_data: nobody asks for the gradient of the pixels). For each, the rows that can
// run it take turns, and the median of their times counts. Two rows are left: the fastest that is
// written here and the fastest of the library's, NHWC or Winograd. The ratio is the library's time
// by ours. Also draws the roofline with a point for every layer and pass.
#include "apps/kernel_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/plot.h"
#include "engine/file.h"
#include "engine/machine.h"
#include "engine/profiler.h"
#include "engine/tape.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/device_operands.h"
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
  const OnDevice as_tensors(Device::cpu, operands, true);
  std::vector<std::vector<double>> seconds(rows.size());
  for (std::size_t turn = 0; turn <= turns; ++turn) {  // the first one plans and is not counted
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Workspace workspace = workspace_for(*rows[i], layer.problem);
      Launch launch;
      launch.workspace = workspace.data();
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
      "`hilum kernels layers`.\n\nGeometric mean of the ratios (library's time by "
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

bool draw_roofline(const std::vector<Result>& results, const std::filesystem::path& to) {
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
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "hilum_kernel_layers";
  const std::string svg = draw(plot, folder);
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (svg.empty()) return false;
  write_file_atomically(to.string() + ".svg", svg);
  return true;
}

}  // namespace

int time_layers(const KernelLayersFlags& flags, const Session& session) {
  struct Net {
    const char* name;
    std::size_t size, batch;
  };
  constexpr Net nets[] = {{"cnn", 128, 32},
                          {"resnet50", 224, 16},
                          {"resnet152", 224, 8},
                          {"vgg19", 224, 8},
                          {"densenet121", 224, 16}};
  if (session.start() != Device::cpu) {
    throw usage_error("kernels layers: the library's rows run on the CPU. Use --device cpu.");
  }
  for (const std::string& name : flags.nets) {
    if (std::none_of(std::begin(nets), std::end(nets),
                     [&](const Net& net) { return net.name == name; })) {
      throw usage_error(
          "kernels layers: no size and batch are set for '{}'. Expected cnn, resnet50, resnet152, "
          "vgg19 or densenet121.",
          name);
    }
  }
  set_deterministic(false);  // the library's backward_weight is not
  std::vector<Result> results;
  for (const Net& net : nets) {
    if (!flags.nets.empty() &&
        std::find(flags.nets.begin(), flags.nets.end(), net.name) == flags.nets.end()) {
      continue;
    }
    for (const Layer& layer : layers_of(net.name, net.size, net.batch)) {
      session.note(net.name, layer.problem.describe());
      results.push_back(time_rows<Conv2dForward>(net.name, layer, flags.turns));
      if (!layer.first) {
        results.push_back(time_rows<Conv2dBackwardData>(net.name, layer, flags.turns));
      }
      results.push_back(time_rows<Conv2dBackwardWeight>(net.name, layer, flags.turns));
    }
  }
  for (const Result& result : results) {
    if (result.library.seconds > 0) continue;
    throw device_error(
        "kernels layers: this build has no library to compare with. Install oneDNN (Debian: "
        "libdnnl-dev) and configure again.");
  }
  const std::string text = report(results, flags.turns);
  fmt::print("{}", text);
  if (!flags.out.empty()) {
    write_file_atomically(flags.out + ".md", text);
    write_file_atomically(flags.out + ".csv", csv(results));
    if (!draw_roofline(results, flags.out)) session.warn("no roofline: gnuplot is not installed");
  }
  return 0;
}

}  // namespace hilum
