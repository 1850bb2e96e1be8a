// A trained network in a run folder, and what it says about images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/loader.h"
#include "data/metrics.h"
#include "data/prediction_table.h"
#include "engine/module.h"

namespace hilum {

// Everything beside the weights that is needed to use a network; the metadata of
// best.safetensors.
struct NetRecipe {
  std::string net;                   // as --net takes it: "cnn", "cnn:dropout"
  std::vector<std::string> classes;  // in the order of the logits
  std::size_t size = 0, channels = 0;
  Normalisation normalisation;
};
std::map<std::string, std::string> to_metadata(const NetRecipe& recipe);
// Data error that names `source` where something is missing.
NetRecipe from_metadata(const std::map<std::string, std::string>& metadata,
                        const std::string& source);

struct TrainedNet {
  NetRecipe recipe;
  std::unique_ptr<Module> net;
};
// RUN/best.safetensors. Data errors: no such run, cut short, weights of another network.
TrainedNet load_trained(const std::filesystem::path& run);

// Logits of images, in the order of `index` (into Dataset::items).
struct Predictions {
  std::size_t classes = 0;
  std::vector<std::size_t> index;
  std::vector<std::int32_t> labels;
  std::vector<float> logits;  // index.size() x classes

  // softmax, row by row, computed in double.
  std::vector<float> probabilities() const;
  // Mean cross-entropy in nats, without class weights or smoothing.
  double loss() const;
};

// Batches as network input and as labels.
Tensor input_of(const Batch& batch, Device device);
Tensor labels_of(const Batch& batch, Device device);

// How images reach this network: resized, scaled and normalised as in training.
LoaderOptions loader_for(const NetRecipe& recipe, std::size_t batch);

// Fills in the next batch and its logits; false when there is none.
using NextLogits = std::function<bool(Batch& batch, Tensor& logits)>;
// Collects all that `next` gives, without a tape. `progress` is told how many images are done and
// may stop the run by returning false; the predictions are then incomplete.
Predictions classify(const NextLogits& next, std::size_t classes,
                     const std::function<bool(std::size_t done)>& progress = {});
// Runs the network (by a plan where there can be one, engine/plan.h) over one epoch of the loader;
// which one matters only where it augments.
Predictions classify(Module& net, Loader& loader, std::size_t classes, Device device,
                     const std::function<bool(std::size_t done)>& progress = {},
                     std::uint64_t epoch = 0);

// Metrics of these predictions, with the loss filled in.
Metrics metrics_of(const Predictions& predictions, const std::vector<std::string>& classes);

// With path, split and group of each image.
PredictionTable table_of(const Predictions& predictions, const Dataset& dataset);

}  // namespace hilum
