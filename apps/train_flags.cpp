// Declares, parses and compares the options of `hilum train`.
#include "apps/train_flags.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "apps/config_file.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// How a run is done, not what it computes: these may change when it goes on. `data` may have moved;
// the checkpoint knows its content.
constexpr std::array free_to_change = {"data",     "device",           "threads", "workers",
                                       "cache-mb", "checkpoint-every", "profile", "skip-bad"};

bool same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  return !a.empty() && !b.empty() && *end_a == '\0' && *end_b == '\0' && x == y;
}

}  // namespace

void declare_flags(CLI::App& command, TrainFlags& flags) {
  const CLI::Range share(0.0, 0.999);
  command.add_option("--net", flags.net, "network, as cnn or cnn:dropout");
  command.add_option("--data", flags.data, "folder of images or CSV manifest");
  command.add_option("--out", flags.out, "run folder to make")->required()->configurable(false);
  command.add_option("--size", flags.size, "images are resized to this; 0: the network's own");
  command.add_option("--channels", flags.channels, "1 gray, 3 colour; 0: the network's own")
      ->check(CLI::IsMember({0, 1, 3}));
  command.add_option("--seed", flags.seed, "of weights, order, augmentation, dropout and splits");
  command.add_option("--split", flags.split, "train/val/test, where the set has no splits");

  const std::string learning = "Learning";
  command.add_option("--epochs", flags.epochs, "times through the training images")
      ->check(CLI::PositiveNumber)
      ->group(learning);
  command.add_option("--batch-size", flags.batch, "images a step")
      ->check(CLI::PositiveNumber)
      ->group(learning);
  command.add_option("--optimizer", flags.optimizer, "adam, adamw or sgd")
      ->check(CLI::IsMember({"adam", "adamw", "sgd"}))
      ->group(learning);
  command.add_option("--lr", flags.lr, "learning rate")
      ->check(CLI::PositiveNumber)
      ->group(learning);
  command.add_option("--momentum", flags.momentum, "of sgd")->check(share)->group(learning);
  command.add_option("--weight-decay", flags.weight_decay, "decoupled for adamw, else L2")
      ->check(CLI::NonNegativeNumber)
      ->group(learning);
  command.add_option("--schedule", flags.schedule, "of the learning rate: none or cosine")
      ->check(CLI::IsMember({"none", "cosine"}))
      ->group(learning);
  command
      .add_option("--plateau", flags.plateau,
                  "epochs without improvement before the rate is lowered; 0: never")
      ->group(learning);
  command.add_option("--plateau-factor", flags.plateau_factor, "what it is then multiplied by")
      ->check(CLI::Range(0.001, 0.999))
      ->group(learning);
  command
      .add_option("--early-stop", flags.early_stop,
                  "epochs without improvement before the run ends; 0: never")
      ->group(learning);
  command
      .add_option("--monitor", flags.monitor, "val_loss, val_accuracy or val_auc: what improves")
      ->check(CLI::IsMember({"val_loss", "val_accuracy", "val_auc"}))
      ->group(learning);
  command
      .add_option("--augment", flags.augment,
                  "rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1 or none")
      ->group(learning);
  command.add_option("--class-weight", flags.class_weight, "none or balanced")
      ->check(CLI::IsMember({"none", "balanced"}))
      ->group(learning);
  command.add_option("--label-smoothing", flags.label_smoothing, "share spread over all classes")
      ->check(share)
      ->group(learning);
  command
      .add_option("--normalise", flags.normalise,
                  "set: mean 0 and deviation 1 over the training images; none: [0, 1]")
      ->check(CLI::IsMember({"set", "none"}))
      ->group(learning);

  const std::string work = "Work";
  command.add_flag("--skip-bad", flags.skip_bad, "leave out images that cannot be read")
      ->group(work);
  CLI::Option* resume =
      command.add_flag("--resume", flags.resume, "go on where the run in --out was interrupted")
          ->configurable(false)
          ->group(work);
  command
      .add_flag("--overwrite", flags.overwrite, "remove the files of an earlier run in --out first")
      ->configurable(false)
      ->excludes(resume)
      ->group(work);
  command
      .add_option("--checkpoint-every", flags.checkpoint_every,
                  "steps between checkpoints; 0: one an epoch")
      ->group(work);
  command.add_option("--workers", flags.workers, "threads that prepare images; 0: none beside")
      ->check(CLI::Range(0, 256))
      ->group(work);
  command.add_option("--cache-mb", flags.cache_mb, "memory for decoded images")->group(work);
  command.add_flag("--profile", flags.profile, "table, CSV and Chrome trace of where time goes")
      ->group(work);
}

TrainOptions train_options(const TrainFlags& flags) {
  TrainOptions options;
  options.epochs = flags.epochs;
  options.batch = flags.batch;
  options.optimizer.name = flags.optimizer;
  options.optimizer.lr = flags.lr;
  options.optimizer.momentum = flags.momentum;
  options.optimizer.weight_decay = flags.weight_decay;
  options.seed = flags.seed;
  options.augmentation = parse_augmentation(flags.augment);
  options.balanced = flags.class_weight == "balanced";
  options.label_smoothing = flags.label_smoothing;
  options.early_stop = flags.early_stop;
  options.plateau = flags.plateau;
  options.plateau_factor = flags.plateau_factor;
  options.cosine = flags.schedule == "cosine";
  options.monitor = flags.monitor == "val_loss"       ? Monitor::val_loss
                    : flags.monitor == "val_accuracy" ? Monitor::val_accuracy
                                                      : Monitor::val_auc;
  options.checkpoint_every = flags.checkpoint_every;
  options.workers = flags.workers;
  options.cache_bytes = flags.cache_mb << 20;
  if (options.cosine && options.plateau != 0) {
    throw usage_error(
        "train: --schedule cosine and --plateau both set the learning rate. Choose one.");
  }
  return options;
}

void adopt_config(CLI::App& command, const RunFolder& run) {
  if (!std::filesystem::exists(run.config())) return;
  const auto stored = read_config(run.config(), command.get_name());
  const auto schedule = stored.find("schedule");
  const bool cosine = schedule != stored.end() && schedule->second == "cosine";
  for (const auto& [name, value] : stored) {
    CLI::Option* option = command.get_option_no_throw("--" + name);
    if (option == nullptr) continue;  // of another version of the program
    if (option->count() == 0) {
      option->add_result(value);
      option->run_callback();
      continue;
    }
    // More epochs are a longer run, except where the schedule is drawn over all of them.
    const bool may_change =
        std::find(free_to_change.begin(), free_to_change.end(), name) != free_to_change.end() ||
        (name == "epochs" && !cosine);
    const std::string now = option_value(*option);
    if (!may_change && !same_value(now, value)) {
      throw usage_error(
          "train --resume: --{} is '{}' here and '{}' in {}. Leave it out to go on with that run, "
          "or start another one with another --out.",
          name, now, value, run.config().string());
    }
  }
}

}  // namespace hilum
