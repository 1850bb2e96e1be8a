// The options of `hilum train`, as text from the command line and as the trainer wants them.
#pragma once

#include <string>
#include <vector>

#include "apps/command_line.h"
#include "apps/run_folder.h"
#include "apps/session.h"
#include "apps/trainer.h"
#include "data/dataset.h"
#include "nets/pretrained.h"

namespace hilum {

// Where a text may be a list, "10,60,80", it has one value for all phases or one for each.
struct TrainFlags {
  std::string net = "cnn", data, out, pretrained;
  std::size_t size = 0, channels = 0;  // 0: the network's own
  std::uint64_t seed = 0;
  std::size_t batch = 32;
  std::string epochs = "30", lr = "0.001", freeze = "none", lr_body = "1";  // lists
  std::string early_stop = "0", plateau = "0";                              // lists
  std::string optimizer = "adam", schedule = "none", monitor = "val_loss";
  float weight_decay = 0, momentum = 0.9f, label_smoothing = 0, plateau_factor = 0.5f;
  std::string augment = "none", class_weight = "none", normalise = "auto";
  std::string split = "0.7/0.15/0.15";
  std::string feature_cache = "auto";
  std::size_t feature_cache_mb = 4096;
  bool checkpoint_activations = false, freeze_norms = false;
  bool resume = false, overwrite = false, skip_bad = false, profile = false;
  std::size_t workers = 1, cache_mb = 1024, checkpoint_every = 0;
};

void declare_flags(const Command& command, TrainFlags& flags);

// The phases of the run, at least one. Usage errors where a text does not parse.
std::vector<TrainOptions> train_phases(const TrainFlags& flags);

// Scaling of colour images for that many channels: gray takes the mean of the three.
Normalisation normalisation_of(const PretrainedScaling& scaling, std::size_t channels);

// --normalise but for "auto" and "set": none (empty), imagenet, or "mean/deviation" with a value
// for all channels or one for each, as 0.5/0.25. Usage error otherwise.
Normalisation fixed_normalisation(const std::string& text, std::size_t channels);

// Resuming: options that are not given take the values of RUN/config.toml; one that is given and
// differs in what would be trained is a usage error that names it.
void adopt_config(const Command& command, const RunFolder& run);

}  // namespace hilum
