// One image through the network, with a listener on its layers and one on its kernels.
#include "nets/summary.h"

#include <algorithm>

#include "engine/allocator.h"
#include "kernels/dispatch.h"

namespace hilum {
namespace {

// Work of the kernels since the last layer's end. An observer is a plain function, so this is
// global.
double flop_since = 0;

class CountFlop {
 public:
  CountFlop() : before_(kernel_observer()) {
    flop_since = 0;
    set_kernel_observer([](const KernelEvent& event) { flop_since += event.cost.flop; });
  }
  ~CountFlop() { set_kernel_observer(before_); }
  CountFlop(const CountFlop&) = delete;
  CountFlop& operator=(const CountFlop&) = delete;

 private:
  KernelObserver before_;
};

std::string batch_shape(const Shape& shape) {
  std::string text = "(N";
  for (std::size_t i = 1; i < shape.rank(); ++i) text += fmt::format(", {}", shape[i]);
  return text + ")";
}

std::vector<SummaryRow> run_listening(Module& module, const Tensor& image) {
  std::vector<SummaryRow> rows;
  const NoGrad no_grad;
  const CountFlop count;
  const ListenToLayers listen(
      [&](const std::string& path, const Module& m, const Tensor&, const Tensor& y) {
        if (!m.children().empty()) return;
        rows.push_back({path, m.kind(), m.describe(), batch_shape(y.shape()), m.parameter_count(),
                        m.trainable_count(), std::exchange(flop_since, 0.0),
                        y.count() * dtype_size(y.dtype())});
      });
  module(image);
  return rows;
}

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
  module.train(false);
  const Tensor image = Tensor::zeros({1, size, size, channels});
  Summary summary;
  summary.rows = run_listening(module, image);
  for (const SummaryRow& row : summary.rows) summary.flop += row.flop;
  summary.parameters = module.parameter_count();
  summary.trainable = module.trainable_count();
  const std::size_t before = memory_statistics().in_use;
  const Tensor logits = module(image);  // with its tape
  summary.activation_bytes = memory_statistics().in_use - before;
  module.train(was_training);
  return summary;
}

std::size_t Summary::training_bytes(std::size_t batch) const {
  return sizeof(float) * (parameters + 3 * trainable) + batch * activation_bytes;
}

std::string Summary::text(const std::string& title, std::size_t batch) const {
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
      "Memory to train at batch size {}: {}, of which activations {}\n",
      double_line, grouped(parameters), readable(parameters * sizeof(float)), grouped(trainable),
      grouped(frozen()), flop * 1e-6, batch, readable(training_bytes(batch)),
      readable(batch * activation_bytes));
  return text;
}

}  // namespace hilum
