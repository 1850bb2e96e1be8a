// Matches the tensors of a file with those of a network, plans every conversion, then writes.
#include "engine/weights/load.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "engine/layers.h"
#include "engine/scope.h"
#include "engine/weights/convert.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// A tensor of the network, and what is planned for it.
struct Target {
  Target(std::string its_name, std::string its_module, Tensor its_tensor)
      : name(std::move(its_name)), module(std::move(its_module)), tensor(std::move(its_tensor)) {}
  std::string name, module;
  Tensor tensor;
  bool head = false;
  std::size_t flatten_channels = 0;
  const FileTensor* source = nullptr;
  std::optional<Converted> value;  // empty: stays as it is
  std::string why_kept;
};

// PyTorch's batch norm counts its batches; the count matters only where momentum is not given.
bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

std::string first_part(const std::string& name) { return name.substr(0, name.find('.')); }

// All tensors in the order of definition. The head: dense layers at the end, else the last
// convolution.
std::vector<Target> targets_of(Module& net) {
  std::vector<Target> targets;
  std::vector<std::pair<std::string, std::string>> weighted;  // path and kind
  std::size_t channels = 0;                                   // of the last convolution
  bool flattened = false;
  net.for_each([&](const std::string& path, Module& module) {
    if (!module.children().empty()) return;
    flattened = flattened || module.kind() == "Flatten";
    const Tensor weight = module.parameter("weight");
    for (const auto& own : {module.parameters(), module.buffers()}) {
      for (const NamedTensor& t : own) {
        targets.emplace_back(join_path(path, t.name), path, t.tensor);
        if (t.tensor.shape().rank() == 2 && flattened) targets.back().flatten_channels = channels;
      }
    }
    if (!weight.defined() || weight.shape().rank() == 1) return;
    weighted.emplace_back(path, module.kind());
    if (weight.shape().rank() == 4) channels = weight.size(0);
    if (weight.shape().rank() == 2) flattened = false;
  });
  std::set<std::string> head;
  for (std::size_t i = weighted.size(); i-- > 0 && weighted[i].second == "Linear";) {
    head.insert(weighted[i].first);
  }
  if (head.empty() && !weighted.empty()) head.insert(weighted.back().first);
  for (Target& target : targets) target.head = head.contains(target.module);
  return targets;
}

// What wrappers put before every name: DataParallel and compiled or Lightning modules.
std::string common_prefix(const WeightFile& file) {
  std::string prefix;
  for (bool again = true; again;) {
    again = false;
    for (const char* wrapper : {"module.", "_orig_mod.", "model."}) {
      const std::string longer = prefix + wrapper;
      again = !file.tensors.empty() &&
              std::all_of(file.tensors.begin(), file.tensors.end(),
                          [&](const FileTensor& t) { return t.name.starts_with(longer); });
      if (again) {
        prefix = longer;
        break;
      }
    }
  }
  return prefix;
}

// What a tensor of a Keras layer is called here: by its name where that says it, else by its place
// among the layer's tensors (kernel, bias; gamma, beta, mean, variance).
std::string keras_part(const FileTensor& t, std::size_t place, std::size_t of) {
  const std::string& name = t.name;
  auto has = [&name](const char* part) { return name.find(part) != std::string::npos; };
  if (t.tensor.shape().rank() > 1) return "weight";
  if (has("gamma")) return "weight";
  if (has("beta")) return "bias";
  if (has("mean")) return "running_mean";
  if (has("variance")) return "running_var";
  if (of == 4) {
    return std::vector<std::string>{"weight", "bias", "running_mean", "running_var"}[place];
  }
  return "bias";
}

struct KerasLayer {
  std::string name;
  std::size_t begin, end;  // its tensors in the file
  std::size_t rank;        // of the biggest: 4 a convolution, 2 a dense layer, 1 batch norm
};

std::vector<KerasLayer> layers_of(const WeightFile& file) {
  std::vector<KerasLayer> layers;
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const FileTensor& t = file.tensors[i];
    if (layers.empty() || layers.back().name != t.layer) layers.push_back({t.layer, i, i, 0});
    layers.back().end = i + 1;
    layers.back().rank = std::max(layers.back().rank, t.tensor.shape().rank());
  }
  return layers;
}

// Where no names are known: layer by layer in the order of both, as long as their kinds agree.
std::map<std::string, std::string> match_in_order(const std::vector<KerasLayer>& layers,
                                                  const std::vector<Target>& targets) {
  std::map<std::string, std::string> paths;
  auto next = layers.begin();
  for (const Target& target : targets) {
    if (!target.name.ends_with("weight") || next == layers.end()) continue;
    if (target.tensor.shape().rank() != next->rank) break;
    paths[next++->name] = target.module;
  }
  return paths;
}

// Our name of every tensor of the file; "" where it has none.
std::vector<std::string> names_of(const WeightFile& file, const LoadOptions& options,
                                  const std::vector<Target>& targets) {
  std::vector<std::string> names;
  if (file.format != WeightFormat::keras_h5) {
    const std::size_t prefix = common_prefix(file).size();
    for (const FileTensor& t : file.tensors) {
      const std::string name = t.name.substr(prefix);
      names.push_back(options.torch_name ? options.torch_name(name) : name);
    }
    return names;
  }
  const std::vector<KerasLayer> layers = layers_of(file);
  std::map<std::string, std::string> paths;
  if (!options.keras_layer) paths = match_in_order(layers, targets);
  for (const KerasLayer& layer : layers) {
    const std::string path =
        options.keras_layer ? options.keras_layer(layer.name) : paths[layer.name];
    for (std::size_t i = layer.begin; i < layer.end; ++i) {
      const std::string part =
          keras_part(file.tensors[i], i - layer.begin, layer.end - layer.begin);
      names.push_back(path.empty() ? "" : join_path(path, part));
    }
  }
  return names;
}

// Loads a file into a network; the steps are the members, in their order.
class Loading {
 public:
  Loading(Module& net, const WeightFile& file, const LoadOptions& options)
      : net_(net), file_(file), options_(options), targets_(targets_of(net)) {}

  LoadReport run() {
    match();
    plan();
    check_unused();
    for (const Target& target : targets_) {
      if (!target.value) continue;
      Tensor to = target.tensor;
      std::copy_n(target.value->tensor.data(), to.count(), to.data());
    }
    return report();
  }

 private:
  bool keras() const { return file_.format == WeightFormat::keras_h5; }

  void match() {
    std::map<std::string, Target*> by_name;
    for (Target& target : targets_) by_name[target.name] = &target;
    const std::vector<std::string> names = names_of(file_, options_, targets_);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = by_name.find(names[i]);
      if (found == by_name.end()) {
        unused_.push_back({&file_.tensors[i], names[i]});
      } else if (found->second->source != nullptr) {
        throw data_error("{}: '{}' and '{}' are both '{}' of the network.", file_.path,
                         found->second->source->name, file_.tensors[i].name, names[i]);
      } else {
        found->second->source = &file_.tensors[i];
      }
    }
  }

  TargetLayout layout_of(const Target& target, FilterOrder order) const {
    TargetLayout layout{target.tensor.shape()};
    layout.order = order;
    layout.keras = keras();
    const auto backend = file_.metadata.find("backend");
    layout.turned = keras() && order == FilterOrder::oihw && backend != file_.metadata.end() &&
                    backend->second == "theano";
    layout.first = &target == &targets_.front();
    layout.bgr = options_.bgr;
    layout.scale = options_.input_scale;
    layout.flatten_channels = target.flatten_channels;
    return layout;
  }

  // Keras' files do not say in which order their filters are: the one that fits more of them.
  FilterOrder filter_order() const {
    if (!keras()) return FilterOrder::oihw;
    std::size_t fits[2] = {};
    for (const Target& target : targets_) {
      if (target.source == nullptr || target.tensor.shape().rank() != 4) continue;
      for (const FilterOrder order : {FilterOrder::oihw, FilterOrder::hwio}) {
        fits[order == FilterOrder::hwio] +=
            convert(*target.source, layout_of(target, order)).has_value();
      }
    }
    return fits[0] > fits[1] ? FilterOrder::oihw : FilterOrder::hwio;
  }

  void plan() {
    const FilterOrder order = filter_order();
    std::string kept;  // why the head stays from here on; empty: it does not
    for (Target& target : targets_) {
      const TargetLayout layout = layout_of(target, order);
      if (target.source != nullptr) target.value = convert(*target.source, layout);
      if (target.head && options_.keep_head) {
        if (kept.empty() && !target.value) kept = why_not(target, layout);
        if (!kept.empty()) target.value.reset();
        target.why_kept = kept;
      } else if (!target.value) {
        throw data_error("{}: {}. The file is of another network.", file_.path,
                         why_not(target, layout));
      }
      if (keras() && target.name.ends_with("running_var")) correct_epsilon(target);
      if (target.value) check_finite(target);
    }
    // A layer is kept whole: the bias of a weight that stays, too.
    for (Target& target : targets_) {
      for (const Target& other : targets_) {
        if (other.module != target.module || other.why_kept.empty()) continue;
        target.value.reset();
        target.why_kept = other.why_kept;
      }
    }
  }

  std::string why_not(const Target& target, const TargetLayout& layout) const {
    const std::string expected = expected_shape(layout).str();
    if (target.source == nullptr) return fmt::format("'{}' ({}) is missing", target.name, expected);
    return fmt::format("'{}' is {}, the network's '{}' wants {}", target.source->name,
                       target.source->tensor.shape().str(), target.name, expected);
  }

  void check_finite(const Target& target) const {
    const float* values = target.value->tensor.data();
    if (!std::all_of(values, values + target.tensor.count(),
                     [](float v) { return std::isfinite(v); })) {
      throw data_error("{}: '{}' holds values that are not finite. The file is of no use.",
                       file_.path, describe(*target.source));
    }
  }

  // sqrt(var + theirs) = sqrt(var + (theirs - ours) + ours).
  void correct_epsilon(Target& target) const {
    const auto& norm = dynamic_cast<const BatchNorm2d&>(net_.find(target.module));
    const float shift = options_.keras_epsilon - norm.epsilon();
    if (shift == 0 || !target.value) return;
    target.value->tensor = target.value->tensor.clone();
    for (std::size_t i = 0; i < target.tensor.count(); ++i) target.value->tensor.data()[i] += shift;
    target.value->how += fmt::format("{}epsilon {:g}", target.value->how.empty() ? "" : ", ",
                                     options_.keras_epsilon);
  }

  // Tensors left over mean another network (34 layers of blocks do not fit 18), unless they are the
  // file's own head: what stands where nothing of the body was loaded.
  void check_unused() const {
    std::set<std::string> used;
    for (const Target& target : targets_) {
      if (target.value) used.insert(first_part(target.name));
    }
    for (const Unused& unused : unused_) {
      if (is_counter(unused.source->name)) continue;
      const bool body = unused.name.empty() ? false : used.contains(first_part(unused.name));
      if (body || !options_.keep_head) {
        throw data_error("{}: '{}' ({}) has no place in the network. The file is of another one.",
                         file_.path, describe(*unused.source), unused.source->tensor.shape().str());
      }
    }
  }

  static std::string describe(const FileTensor& t) {
    return t.layer.empty() ? t.name : t.layer + ": " + t.name;
  }

  LoadReport report() const {
    LoadReport result{file_.path, format_name(file_.format), {}, file_.notes, file_.metadata};
    for (const Target& target : targets_) {
      const bool stays = !target.value;
      result.rows.push_back({target.name, target.source ? describe(*target.source) : "",
                             target.source ? target.source->tensor.shape() : target.tensor.shape(),
                             stays                       ? LoadStatus::kept
                             : target.value->how.empty() ? LoadStatus::loaded
                                                         : LoadStatus::converted,
                             stays ? target.why_kept : target.value->how});
    }
    for (const Unused& unused : unused_) {
      result.rows.push_back({"", describe(*unused.source), unused.source->tensor.shape(),
                             LoadStatus::unused,
                             is_counter(unused.source->name) ? "a counter" : ""});
    }
    if (result.count(LoadStatus::kept) != 0) {
      for (const LoadRow& row : result.rows) {
        if (row.status != LoadStatus::kept) continue;
        result.notes.push_back("the head stays as initialised, for " + row.how);
        break;
      }
    }
    if (!result.rows.empty() && result.rows[0].status == LoadStatus::converted) {
      result.notes.push_back(result.rows[0].name + ": " + result.rows[0].how);
    }
    for (const LoadRow& row : result.rows) {
      if (row.how.find("summed into one") == std::string::npos) continue;
      result.notes.push_back(
          "a gray image is read as three equal channels: give it one mean and one deviation, as "
          "the "
          "set's own");
    }
    return result;
  }

  struct Unused {
    const FileTensor* source;
    std::string name;
  };

  Module& net_;
  const WeightFile& file_;
  const LoadOptions& options_;
  std::vector<Target> targets_;
  std::vector<Unused> unused_;
};

}  // namespace

std::size_t LoadReport::count(LoadStatus status) const {
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [&](const LoadRow& row) { return row.status == status; }));
}

std::string LoadReport::summary() const {
  const auto counters = std::count_if(rows.begin(), rows.end(), [](const LoadRow& row) {
    return row.status == LoadStatus::unused && is_counter(row.source);
  });
  return fmt::format(
      "{} ({}): {} tensors loaded, {} converted, {} kept as initialised, {} unused{}", source,
      format, count(LoadStatus::loaded), count(LoadStatus::converted), count(LoadStatus::kept),
      count(LoadStatus::unused),
      counters == 0 ? "" : fmt::format(", {} of them batch norms' counters", counters));
}

std::string LoadReport::text() const {
  constexpr const char* names[] = {"loaded", "converted", "kept", "unused"};
  std::string text;
  for (const LoadRow& row : rows) {
    text += fmt::format("{:<10}{:<44} {:<16} {}{}\n", names[static_cast<std::size_t>(row.status)],
                        row.name.empty() ? row.source : row.name, row.shape.str(),
                        row.name.empty() || row.source == row.name || row.source.empty()
                            ? ""
                            : "from " + row.source + (row.how.empty() ? "" : "; "),
                        row.how);
  }
  for (const std::string& note : notes) text += "note      " + note + "\n";
  return text;
}

LoadReport load_weights(Module& net, const WeightFile& file, const LoadOptions& options) {
  return Loading(net, file, options).run();
}

}  // namespace hilum
