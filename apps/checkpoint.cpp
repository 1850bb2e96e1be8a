// Reading and writing last.ckpt.
#include "apps/checkpoint.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

#include "engine/json.h"
#include "engine/safetensors.h"
#include "kernels/error.h"

namespace hilum {
namespace {

using nlohmann::json;

constexpr const char* moment_prefix = "optimizer.";

// JSON has no NaN or infinity. Finite numbers come back with the same bits.
json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }
double number(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

json to_json(const EpochRow& row) {
  return {{"epoch", row.epoch},
          {"train_loss", number(row.train_loss)},
          {"train_accuracy", number(row.train_accuracy)},
          {"val_loss", number(row.val_loss)},
          {"val_accuracy", number(row.val_accuracy)},
          {"val_auc", number(row.val_auc)},
          {"lr", row.lr},
          {"images_per_second", number(row.images_per_second)},
          {"seconds", number(row.seconds)},
          {"wait_seconds", number(row.wait_seconds)},
          {"best", row.best},
          {"phase", row.phase}};
}

EpochRow epoch_row(const json& from) {
  EpochRow row;
  row.epoch = from.at("epoch");
  row.train_loss = number(from.at("train_loss"));
  row.train_accuracy = number(from.at("train_accuracy"));
  row.val_loss = number(from.at("val_loss"));
  row.val_accuracy = number(from.at("val_accuracy"));
  row.val_auc = number(from.at("val_auc"));
  row.lr = from.at("lr");
  row.images_per_second = number(from.at("images_per_second"));
  row.seconds = number(from.at("seconds"));
  row.wait_seconds = from.value("wait_seconds", 0.0);  // older checkpoints have none
  row.best = from.at("best");
  row.phase = from.at("phase");
  return row;
}

json to_json(const TrainState& state) {
  json history = json::array();
  for (const EpochRow& row : state.history) history.push_back(to_json(row));
  return {{"epoch", state.epoch},
          {"batch", state.batch},
          {"step", state.step},
          {"loss_sum", number(state.loss_sum)},
          {"correct", state.correct},
          {"seen", state.seen},
          {"lr", state.lr},
          {"plateau_best", number(state.plateau.best)},
          {"plateau_waited", state.plateau.waited},
          {"phase", state.phase},
          {"phase_begin", state.phase_begin},
          {"waited", state.waited},
          {"best", number(state.best)},
          {"best_epoch", state.best_epoch},
          {"stopped_early", state.stopped_early},
          {"history", history}};
}

TrainState train_state(const json& from) {
  TrainState state;
  state.epoch = from.at("epoch");
  state.batch = from.at("batch");
  state.step = from.at("step");
  state.loss_sum = number(from.at("loss_sum"));
  state.correct = from.at("correct");
  state.seen = from.at("seen");
  state.lr = from.at("lr");
  state.plateau.best = number(from.at("plateau_best"));
  state.plateau.waited = from.at("plateau_waited");
  state.phase = from.at("phase");
  state.phase_begin = from.at("phase_begin");
  state.waited = from.at("waited");
  state.best = number(from.at("best"));
  state.best_epoch = from.at("best_epoch");
  state.stopped_early = from.at("stopped_early");
  for (const json& row : from.at("history")) state.history.push_back(epoch_row(row));
  return state;
}

std::string value_of(const TensorFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string() : found->second;
}

void require_same(const std::string& what, const std::string& source, const std::string& saved,
                  const std::string& now) {
  if (saved == now) return;
  throw data_error(
      "checkpoint '{}': is of a run with {} {}, and now it is {}. Resume with what the run was "
      "started with, or start another run with --out.",
      source, what, saved, now);
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Module& net, Optimizer& optimizer,
                     const NetRecipe& recipe, const TrainState& state, const std::string& data) {
  TensorFile file;
  file.tensors = state_dict(net);
  for (const NamedTensor& moment : optimizer.state()) {
    file.tensors.push_back({moment_prefix + moment.name, moment.tensor.to(Device::cpu)});
  }
  file.metadata = to_metadata(recipe);
  file.metadata["data"] = data;
  file.metadata["optimizer_steps"] = std::to_string(optimizer.steps());
  file.metadata["state"] = json_text(to_json(state));
  write_safetensors(path, file);
}

TrainState load_checkpoint(const std::filesystem::path& path, Module& net,
                           const std::function<Optimizer&(const TrainState&)>& optimizer_for,
                           const NetRecipe& recipe, const std::string& data) {
  const std::string source = path.string();
  TensorFile file = read_safetensors(path);
  const NetRecipe saved = from_metadata(file.metadata, source);
  require_same("network", source, saved.net, recipe.net);
  require_same("classes", source, json_text(json(saved.classes)), json_text(json(recipe.classes)));
  require_same("image size", source, std::to_string(saved.size), std::to_string(recipe.size));
  require_same("channels", source, std::to_string(saved.channels), std::to_string(recipe.channels));
  require_same("data", source, value_of(file, "data"), data);
  require_same("mean of the training images", source, value_of(file, "mean"),
               json_text(json(recipe.normalisation.mean)));

  std::map<std::string, Tensor> moments;
  std::erase_if(file.tensors, [&](const NamedTensor& entry) {
    if (!entry.name.starts_with(moment_prefix)) return false;
    moments[entry.name.substr(std::strlen(moment_prefix))] = entry.tensor;
    return true;
  });
  load_state_dict(net, file.tensors, source);
  TrainState state;
  std::uint64_t steps = 0;
  try {
    state = train_state(parse_json(value_of(file, "state")));
    steps = std::stoull(value_of(file, "optimizer_steps"));
  } catch (const std::exception& error) {
    throw data_error("checkpoint '{}': its training state cannot be read: {}.", source,
                     error.what());
  }
  Optimizer& optimizer = optimizer_for(state);
  optimizer.set_steps(steps);
  for (NamedTensor& entry : optimizer.state()) {
    const auto found = moments.find(entry.name);
    if (found == moments.end() || found->second.shape() != entry.tensor.shape()) {
      throw data_error(
          "checkpoint '{}': has no optimiser moment '{}' of shape {}. Resume with the optimiser "
          "that the run was started with.",
          source, entry.name, entry.tensor.shape().str());
    }
    entry.tensor.copy_from(found->second);
  }
  return state;
}

std::string fingerprint(const Dataset& dataset) {
  std::uint64_t hash = 14695981039346656037ull;
  auto mix = [&hash](const std::string& text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    }
    hash = (hash ^ 0xFF) * 1099511628211ull;  // an end that no text contains
  };
  for (const std::string& name : dataset.classes) mix(name);
  for (const Item& item : dataset.items) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(item.path, error);
    mix(item.path.lexically_relative(dataset.root).string());
    mix(std::to_string(item.label));
    mix(item.split);
    mix(std::to_string(error ? 0 : bytes));
  }
  return fmt::format("{} images, {:016x}", dataset.items.size(), hash);
}

}  // namespace hilum
