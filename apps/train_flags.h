// The options of `hilum train`, as text from the command line and as the trainer wants them.
#pragma once

#include <string>

#include "apps/run_folder.h"
#include "apps/session.h"
#include "apps/trainer.h"
#include "data/dataset.h"

namespace hilum {

struct TrainFlags {
  std::string net = "cnn", data, out;
  std::size_t size = 0, channels = 0;  // 0: the network's own
  std::uint64_t seed = 0;
  std::size_t epochs = 30, batch = 32;
  std::string optimizer = "adam", schedule = "none", monitor = "val_loss";
  float lr = 1e-3f, weight_decay = 0, momentum = 0.9f, label_smoothing = 0, plateau_factor = 0.5f;
  std::size_t early_stop = 0, plateau = 0;
  std::string augment = "none", class_weight = "none", normalise = "set";
  std::string split = "0.7/0.15/0.15";
  bool resume = false, overwrite = false, skip_bad = false, profile = false;
  std::size_t workers = 1, cache_mb = 1024, checkpoint_every = 0;
};

void declare_flags(CLI::App& command, TrainFlags& flags);

// Usage errors where a text does not parse.
TrainOptions train_options(const TrainFlags& flags);

// Resuming: options that are not given take the values of RUN/config.toml; one that is given and
// differs in what would be trained is a usage error that names it.
void adopt_config(CLI::App& command, const RunFolder& run);

}  // namespace hilum
