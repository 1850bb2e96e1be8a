// The training loop. What it needs to go on after being killed is in TrainState and nowhere else:
// the same state, weights and moments give the same steps, bit for bit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/inference.h"
#include "data/augment.h"
#include "engine/freeze.h"
#include "engine/optimizer.h"

namespace hilum {

enum class Monitor { val_loss, val_accuracy, val_auc };

// Of one phase: a run is one or several of them, as frozen first and then with a smaller rate.
struct TrainOptions {
  std::size_t epochs = 30, batch = 32;
  OptimizerOptions optimizer;
  Freeze freeze;
  double body_lr = 1;      // the body's rate as a multiple of the head's
  std::uint64_t seed = 0;  // shuffling, augmentation, dropout
  Augmentation augmentation;
  bool balanced = false;  // weigh classes by the inverse of their frequency
  float label_smoothing = 0;
  bool recompute = false;      // activations in backward, instead of keeping them
  std::size_t early_stop = 0;  // epochs without improvement; 0: never
  std::size_t plateau = 0;     // epochs without improvement before lr *= plateau_factor; 0: never
  float plateau_factor = 0.5f;
  bool cosine = false;  // lr falls to 0 along a cosine over all steps
  Monitor monitor = Monitor::val_loss;
  std::size_t checkpoint_every = 0;    // steps; 0: at the end of every epoch only
  std::size_t workers = 1;             // threads that prepare batches
  std::shared_ptr<ImageCache> images;  // decoded ones
  // How many epochs' features of a frozen body are kept; not given: one where images are not
  // augmented, none where they are.
  std::optional<std::size_t> feature_copies;
  std::size_t feature_bytes = std::size_t{4} << 30;  // at most, of all images
  std::filesystem::path scratch;                     // folder to keep them in
};

// One line of history.csv. Loss and accuracy of training are those of the steps as they were made:
// weights in motion, augmented images, class weights and smoothing, no penalty.
struct EpochRow {
  std::size_t epoch = 0;  // 1, 2, …
  double train_loss = 0, train_accuracy = 0, val_loss = 0, val_accuracy = 0, val_auc = 0;
  float lr = 0;
  double images_per_second = 0, seconds = 0;
  double wait_seconds = 0;  // that the training stood still for want of images
  bool best = false;
  std::size_t phase = 1;  // 1, 2, …
};

struct TrainState {
  std::uint64_t epoch = 0;  // finished ones
  std::uint64_t batch = 0;  // finished ones of the epoch under way
  std::uint64_t step = 0;   // updates so far
  double loss_sum = 0;      // over the images of the epoch under way
  std::uint64_t correct = 0, seen = 0;
  float lr = 0;
  Plateau plateau;
  std::size_t phase = 0;          // under way, from 0
  std::uint64_t phase_begin = 0;  // epochs finished before it
  std::size_t waited = 0;         // epochs of this phase since the best one
  double best = 0;                // of the monitored value, valid from best_epoch 1
  std::size_t best_epoch = 0;     // 0: none yet
  bool stopped_early = false;     // this phase
  std::vector<EpochRow> history;
};

// What the loop tells and asks its caller; all may be empty.
struct TrainHooks {
  std::function<void(std::size_t done, std::size_t total, const TrainState&)> on_step;
  std::function<void(const TrainState&)> on_best;        // weights are the best so far: keep them
  std::function<void(const TrainState&)> on_epoch;       // state.history.back() is new
  std::function<void(const TrainState&)> on_checkpoint;  // save weights, moments and state now
  std::function<bool()> should_stop;                     // asked between steps
  std::function<void(const std::string& label, const std::string& text)> on_note;
};

enum class TrainEnd { finished, stopped_early, interrupted };

// The optimiser of a phase: freezes layers as it says and forms the groups of its rates.
std::unique_ptr<Optimizer> make_phase_optimizer(Module& net, const TrainOptions& options);
// Lets `state` stand at the beginning of a phase; the best epoch so far is carried over.
void begin_phase(TrainState& state, std::size_t phase, const TrainOptions& options);

// Trains `net` on the split "train" of the set to the end of the phase that `state` is in and
// validates on "val" after each epoch. Check error where the loss is no longer a number.
TrainEnd fit(Module& net, Optimizer& optimizer, const Dataset& dataset, const NetRecipe& recipe,
             const TrainOptions& options, Device device, TrainState& state,
             const TrainHooks& hooks = {});

const char* monitor_name(Monitor monitor);

// What to raise where an epoch's steps waited for images for more than 2 % of its time, and for
// half a second; else empty. `files_read` of the set's `images` were decoded in it.
std::string input_advice(const EpochRow& row, const TrainOptions& options, std::size_t files_read,
                         std::size_t images);

// FNV-1a over the names and bits of all parameters and buffers: equal for equal networks.
std::uint64_t weights_hash(const Module& net);

}  // namespace hilum
