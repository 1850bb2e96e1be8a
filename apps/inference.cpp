// The one way by which images become logits, shared by validation, evaluate and predict.
#include "apps/inference.h"

#include <optional>

#include "data/calibration.h"
#include "engine/json.h"
#include "engine/plan.h"
#include "engine/safetensors.h"
#include "kernels/error.h"
#include "nets/net.h"

namespace hilum {

std::map<std::string, std::string> to_metadata(const NetRecipe& recipe) {
  using nlohmann::json;
  return {{"format", "hilum"},
          {"net", recipe.net},
          {"classes", json_text(json(recipe.classes))},
          {"size", std::to_string(recipe.size)},
          {"channels", std::to_string(recipe.channels)},
          {"mean", json_text(json(recipe.normalisation.mean))},
          {"deviation", json_text(json(recipe.normalisation.deviation))}};
}

NetRecipe from_metadata(const std::map<std::string, std::string>& metadata,
                        const std::string& source) {
  auto text = [&](const char* key) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) {
      throw data_error(
          "checkpoint '{}': its metadata has no '{}'. Expected a file that `hilum train` wrote.",
          source, key);
    }
    return found->second;
  };
  try {
    NetRecipe recipe;
    recipe.net = text("net");
    recipe.classes = parse_json(text("classes")).get<std::vector<std::string>>();
    recipe.size = std::stoul(text("size"));
    recipe.channels = std::stoul(text("channels"));
    recipe.normalisation.mean = parse_json(text("mean")).get<std::vector<float>>();
    recipe.normalisation.deviation = parse_json(text("deviation")).get<std::vector<float>>();
    return recipe;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw data_error("checkpoint '{}': its metadata cannot be read: {}.", source, error.what());
  }
}

TrainedNet load_trained(const std::filesystem::path& run) {
  const std::filesystem::path path = run / "best.safetensors";
  if (!std::filesystem::exists(path)) {
    throw data_error(
        "run '{}': holds no best.safetensors. Expected the folder of a run that has finished at "
        "least one epoch; `hilum train --out {}` makes one.",
        run.string(), run.string());
  }
  const TensorFile file = read_safetensors(path);
  TrainedNet trained;
  trained.recipe = from_metadata(file.metadata, path.string());
  const NetRecipe& recipe = trained.recipe;
  trained.net = make_net(recipe.net, recipe.classes.size(), recipe.channels, recipe.size);
  load_state_dict(*trained.net, file.tensors, path.string());
  trained.net->train(false);
  return trained;
}

std::vector<float> Predictions::probabilities() const { return softmax_rows(logits, classes); }

double Predictions::loss() const { return log_loss(logits, labels, classes); }

Tensor input_of(const Batch& batch, Device device) {
  return Tensor::from(batch.pixels, {batch.n, batch.height, batch.width, batch.channels})
      .to(device);
}

Tensor labels_of(const Batch& batch, Device device) {
  return Tensor::from(batch.labels, {batch.n}).to(device);
}

LoaderOptions loader_for(const NetRecipe& recipe, std::size_t batch) {
  LoaderOptions options;
  options.size = recipe.size;
  options.channels = recipe.channels;
  options.batch = batch;
  options.normalisation = recipe.normalisation;
  return options;
}

Predictions classify(const NextLogits& next, std::size_t classes,
                     const std::function<bool(std::size_t done)>& progress) {
  const NoGrad no_grad;
  Predictions predictions;
  predictions.classes = classes;
  Batch batch;
  Tensor output;
  while (next(batch, output)) {
    const std::vector<float> logits = output.values();
    predictions.logits.insert(predictions.logits.end(), logits.begin(), logits.end());
    predictions.labels.insert(predictions.labels.end(), batch.labels.begin(), batch.labels.end());
    predictions.index.insert(predictions.index.end(), batch.index.begin(), batch.index.end());
    if (progress && !progress(predictions.index.size())) break;
  }
  return predictions;
}

Predictions classify(Module& net, Loader& loader, std::size_t classes, Device device,
                     const std::function<bool(std::size_t done)>& progress, std::uint64_t epoch) {
  constexpr std::size_t few = 8;  // images that are done before a plan is made
  net.train(false);
  loader.start(epoch);
  std::optional<Plan> plan;
  return classify(
      [&](Batch& batch, Tensor& logits) {
        if (!loader.next(batch)) return false;
        const Tensor x = input_of(batch, device);
        if (!plan && loader.batches() * batch.n > few && plan_is_allowed()) {
          plan.emplace(net, x.shape());  // no later batch is larger
        }
        logits = plan ? (*plan)(x) : net(x);
        return true;
      },
      classes, progress);
}

Metrics metrics_of(const Predictions& predictions, const std::vector<std::string>& classes) {
  Metrics metrics = compute_metrics(classes, predictions.labels, predictions.probabilities());
  metrics.loss = predictions.loss();
  return metrics;
}

PredictionTable table_of(const Predictions& predictions, const Dataset& dataset) {
  PredictionTable table;
  table.classes = dataset.classes;
  table.labels = predictions.labels;
  table.logits = predictions.logits;
  for (const std::size_t i : predictions.index) {
    const Item& item = dataset.items[i];
    table.rows.push_back({item.split, item.path.string(), item.group});
  }
  return table;
}

}  // namespace hilum
