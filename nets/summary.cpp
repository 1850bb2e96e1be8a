// Plans training steps without running their kernels, with a listener on layers and one on kernels.
#include "nets/summary.h"

#include <algorithm>
#include <limits>

#include "engine/allocator.h"
#include "engine/chain.h"
#include "engine/scope.h"
#include "engine/tape.h"
#include "kernels/dispatch.h"

namespace hilum {
namespace {

// What the kernels of a planned step did, in their order. An observer is a plain function, so what
// it fills is global.
struct Call {
  std::string path;
  double flop;
  std::size_t in_use, small_workspace;  // bytes
};
std::vector<Call>* calls_now = nullptr;

class CollectCalls {
 public:
  explicit CollectCalls(std::vector<Call>& calls) : before_(kernel_observer()) {
    calls_now = &calls;
    set_kernel_observer([](const KernelEvent& event) {
      calls_now->push_back({module_path(), event.cost.flop, memory_statistics(event.device).in_use,
                            event.workspace <= small_workspace ? event.workspace : 0});
    });
  }
  ~CollectCalls() { set_kernel_observer(before_); }
  CollectCalls(const CollectCalls&) = delete;
  CollectCalls& operator=(const CollectCalls&) = delete;

 private:
  KernelObserver before_;
  const DryRun dry_run_;
};

Device device_of(const Module& module) {
  const std::vector<NamedTensor> all = module.parameters();
  return all.empty() ? Device::cpu : all[0].tensor.device();
}

std::string batch_shape(const Shape& shape) {
  std::string text = "(N";
  for (std::size_t i = 1; i < shape.rank(); ++i) text += fmt::format(", {}", shape[i]);
  return text + ")";
}

// One image, for the rows.
std::vector<SummaryRow> plan_layers(Module& module, const Tensor& image) {
  std::vector<SummaryRow> rows;
  std::vector<Call> calls;
  const CollectCalls collect(calls);
  const NoGrad no_grad;
  const ListenToLayers listen(
      [&](const std::string& path, const Module& m, const Tensor&, const Tensor& y) {
        const bool leaf = m.children().empty();
        double flop = 0;
        std::size_t own = 0;
        for (const Call& call : calls) {
          if (call.path != path) continue;
          flop += call.flop;
          ++own;
        }
        if (!leaf && own == 0) return;
        rows.push_back({path, m.kind(), m.describe(), batch_shape(y.shape()),
                        leaf ? m.parameter_count() : 0, leaf ? m.trainable_count() : 0, flop,
                        y.count() * dtype_size(y.dtype())});
        std::erase_if(calls, [&path](const Call& call) { return call.path == path; });
      });
  module(image);
  return rows;
}

struct PlannedStep {
  std::vector<Call> calls;
  std::size_t forward_calls = 0;
  std::size_t kept = 0;  // bytes between forward and backward
};

PlannedStep plan_step(Module& module, std::size_t batch, const Shape& image,
                      bool recompute = false) {
  const Device device = device_of(module);
  const auto in_use = [device] { return memory_statistics(device).in_use; };
  const Tensor images = Tensor::empty({batch, image[1], image[2], image[3]}, device);
  PlannedStep step;
  const CollectCalls collect(step.calls);
  const std::size_t with_images = in_use();
  const Chain chain(module);
  Tensor logits = recompute ? chain.run_recomputed(images, 0, chain.size()) : module(images);
  step.kept = in_use() - with_images;
  step.forward_calls = step.calls.size();
  if (logits.requires_grad()) {
    const Tensor cotangent = Tensor::empty(logits.shape(), device);
    const TakeRows take = [](std::size_t, const Tensor&) {};
    backward(
        logits, cotangent, [](Tensor leaf) { leaf.clear_grad(); },
        [&](const Tensor&) { return take; });
  }
  for (NamedTensor& p : module.parameters()) p.tensor.clear_grad();
  return step;
}

// More may be planned than there is memory for.
class WithoutLimit {
 public:
  explicit WithoutLimit(Device device) : device_(device), before_(memory_statistics(device).limit) {
    if (device != Device::cuda) {
      set_memory_limit(std::numeric_limits<std::size_t>::max() / 2, device);
    }
  }
  ~WithoutLimit() { set_memory_limit(before_, device_); }
  WithoutLimit(const WithoutLimit&) = delete;
  WithoutLimit& operator=(const WithoutLimit&) = delete;

 private:
  Device device_;
  std::size_t before_;
};

// Bytes in units that a person reads.
std::string readable(std::size_t bytes) {
  const double mib = static_cast<double>(bytes) / (1 << 20);
  return mib < 1024 ? fmt::format("{:.1f} MiB", mib) : fmt::format("{:.2f} GiB", mib / 1024);
}

// 1234567 as "1,234,567".
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

}  // namespace

Summary summarise(Module& module, std::size_t channels, std::size_t size) {
  const bool was_training = module.training();
  const Shape image = {1, size, size, channels};
  Summary summary;
  module.train(false);
  summary.rows = plan_layers(module, Tensor::empty(image, device_of(module)));
  for (const SummaryRow& row : summary.rows) summary.flop += row.flop;
  summary.parameters = module.parameter_count();
  summary.trainable = module.trainable_count();
  for (const NamedTensor& b : module.buffers()) summary.buffers += b.tensor.count();
  module.train(true);
  summary.activation_bytes = plan_step(module, 1, image).kept;
  module.train(was_training);
  return summary;
}

MemoryPeak training_peak(Module& module, std::size_t channels, std::size_t size, std::size_t batch,
                         bool recompute) {
  const bool was_training = module.training();
  const Device device = device_of(module);
  const WithoutLimit without_limit(device);
  module.train(true);
  MemoryPeak peak;
  std::size_t most = 0, workspace = 0;
  release_kept_memory(device);
  const std::size_t before = memory_statistics(device).in_use;
  std::vector<Tensor> moments;
  for (const NamedTensor& p : module.parameters()) {
    peak.bytes += p.tensor.count() * sizeof(float);
    for (int i = 0; i < 2 && p.tensor.requires_grad(); ++i) {
      moments.push_back(Tensor::empty(p.tensor.shape(), device));
    }
  }
  for (const NamedTensor& b : module.buffers()) peak.bytes += b.tensor.count() * sizeof(float);
  // A second step lays its blocks into the holes of the first; some need new ones.
  for (int step = 0; step < 2; ++step) {
    const PlannedStep planned = plan_step(module, batch, {batch, size, size, channels}, recompute);
    for (std::size_t i = 0; i < planned.calls.size(); ++i) {
      const Call& call = planned.calls[i];
      workspace = std::max(workspace, call.small_workspace);
      if (call.in_use <= most) continue;
      most = call.in_use;
      peak.layer = call.path;
      peak.backward = i >= planned.forward_calls;
    }
  }
  const MemoryStatistics after = memory_statistics(device);
  peak.bytes += after.in_use + after.kept - before + workspace;
  moments.clear();
  release_kept_memory(device);  // nothing of it was touched
  module.train(was_training);
  return peak;
}

std::string Summary::text(const std::string& title, std::size_t batch,
                          const MemoryPeak& most) const {
  std::size_t name_width = 12, shape_width = 12;
  auto layer = [](const SummaryRow& row) {
    std::string text = fmt::format("{} ({}", row.name, row.kind);
    return text + (row.detail.empty() ? ")" : " " + row.detail + ")");
  };
  for (const SummaryRow& row : rows) {
    name_width = std::max(name_width, layer(row).size());
    shape_width = std::max(shape_width, row.shape.size());
  }
  const std::string line(name_width + shape_width + 30, '_'), double_line(line.size(), '=');
  std::string text = fmt::format("Model: \"{}\"\n{}\n{:{}}  {:{}} {:>13} {:>12}\n{}\n", title, line,
                                 "Layer (type)", name_width, "Output shape", shape_width, "Param #",
                                 "MFLOP", double_line);
  for (const SummaryRow& row : rows) {
    text += fmt::format("{:{}}  {:{}} {:>13} {:>12.2f}\n", layer(row), name_width, row.shape,
                        shape_width, grouped(row.parameters), row.flop * 1e-6);
  }
  text += fmt::format(
      "{}\nTotal params: {} ({})\nTrainable params: {}\nNon-trainable params: {}\n"
      "Forward: {:.1f} MFLOP an image\n"
      "Memory to train at batch size {}: {}, of which activations kept for backward {}\n"
      "It peaks in the {} pass of {}\n",
      double_line, grouped(parameters), readable(parameters * sizeof(float)), grouped(trainable),
      grouped(frozen()), flop * 1e-6, batch, readable(most.bytes),
      readable(batch * activation_bytes), most.backward ? "backward" : "forward",
      most.layer.empty() ? "the network" : most.layer);
  return text;
}

}  // namespace hilum
