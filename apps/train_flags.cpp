// Declares, parses and compares the options of `hilum train`.
#include "apps/train_flags.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "apps/command_line.h"
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

// The value of a list for a phase: its only one, or that phase's own.
template <class T>
T value_for(const char* option, const std::string& list, std::size_t phase) {
  const std::vector<std::string> parts = parts_of(list);
  const std::string& text = parts.size() == 1 ? parts.front() : parts.at(phase);
  T value{};
  if (!parse_value(text, value)) {
    throw usage_error("--{} '{}': '{}' is not a number it can be.", option, list, text);
  }
  return value;
}

std::size_t count_phases(const TrainFlags& flags) {
  const std::array lists = {
      std::pair{"epochs", &flags.epochs},         std::pair{"lr", &flags.lr},
      std::pair{"freeze", &flags.freeze},         std::pair{"lr-body", &flags.lr_body},
      std::pair{"early-stop", &flags.early_stop}, std::pair{"plateau", &flags.plateau}};
  std::size_t phases = 1;
  for (const auto& [name, list] : lists) phases = std::max(phases, parts_of(*list).size());
  for (const auto& [name, list] : lists) {
    const std::size_t given = parts_of(*list).size();
    if (given == 1 || given == phases) continue;
    throw usage_error(
        "train --{} {}: has {} values and another option has {}. Expected one for all phases, or "
        "one for each of them.",
        name, *list, given, phases);
  }
  return phases;
}

// More epochs of the last phase are a longer run.
bool longer(const std::string& before, const std::string& now) {
  const std::vector<std::string> a = parts_of(before), b = parts_of(now);
  return a.size() == b.size() && std::equal(a.begin(), a.end() - 1, b.begin());
}

std::optional<std::size_t> feature_copies(const std::string& text) {
  if (text == "auto") return std::nullopt;
  std::size_t copies = 0;
  if (parse_value(text, copies)) return copies;
  throw usage_error("train --feature-cache '{}': expected a number of epochs, or auto.", text);
}

TrainOptions train_options(const TrainFlags& flags, std::size_t phase) {
  TrainOptions options;
  options.epochs = value_for<std::size_t>("epochs", flags.epochs, phase);
  options.batch = flags.batch;
  options.optimizer.name = flags.optimizer;
  options.optimizer.lr = value_for<float>("lr", flags.lr, phase);
  options.freeze = parse_freeze(value_for<std::string>("freeze", flags.freeze, phase));
  options.freeze.norms = flags.freeze_norms;
  options.body_lr = value_for<double>("lr-body", flags.lr_body, phase);
  options.optimizer.momentum = flags.momentum;
  options.optimizer.weight_decay = flags.weight_decay;
  options.seed = flags.seed;
  options.augmentation = parse_augmentation(flags.augment);
  options.balanced = flags.class_weight == "balanced";
  options.label_smoothing = flags.label_smoothing;
  options.recompute = flags.checkpoint_activations;
  options.early_stop = value_for<std::size_t>("early-stop", flags.early_stop, phase);
  options.plateau = value_for<std::size_t>("plateau", flags.plateau, phase);
  options.plateau_factor = flags.plateau_factor;
  options.cosine = flags.schedule == "cosine";
  options.monitor = flags.monitor == "val_loss"       ? Monitor::val_loss
                    : flags.monitor == "val_accuracy" ? Monitor::val_accuracy
                                                      : Monitor::val_auc;
  options.checkpoint_every = flags.checkpoint_every;
  options.workers = flags.workers;
  options.feature_copies = feature_copies(flags.feature_cache);
  options.feature_bytes = flags.feature_cache_mb << 20;
  options.scratch = flags.out;
  if (options.cosine && options.plateau != 0) {
    throw usage_error(
        "train: --schedule cosine and --plateau both set the learning rate. Choose one.");
  }
  return options;
}

}  // namespace

void declare_flags(const Command& command, TrainFlags& flags) {
  const Check share = Check::between(0.0, 0.999);
  command.add_option("--net", flags.net, "network, as cnn or cnn:dropout");
  command.add_option("--data", flags.data, "folder of images or CSV manifest");
  command.add_option("--pretrained", flags.pretrained,
                     "start from these weights: .safetensors, .pth, .pt or Keras' .h5; the head "
                     "stays as initialised where its classes are others");
  command.add_option("--out", flags.out, "run folder to make").required().this_call_only();
  command.add_option("--size", flags.size, "images are resized to this; 0: the network's own");
  command.add_option("--channels", flags.channels, "1 gray, 3 colour; 0: the network's own")
      .check(Check::one_of({0, 1, 3}));
  command.add_option("--seed", flags.seed, "of weights, order, augmentation, dropout and splits");
  command.add_option("--split", flags.split, "train/val/test, where the set has no splits");

  const std::string learning = "Learning (a list has a value for each phase: 10,60,80)";
  command.add_option("--epochs", flags.epochs, "times through the training images; list")
      .check(Check::each(Check::positive()))
      .group(learning);
  command.add_option("--batch-size", flags.batch, "images a step")
      .check(Check::positive())
      .group(learning);
  command.add_option("--optimizer", flags.optimizer, "adam, adamw or sgd")
      .check(Check::one_of({"adam", "adamw", "sgd"}))
      .group(learning);
  command.add_option("--lr", flags.lr, "learning rate; list")
      .check(Check::each(Check::positive()))
      .group(learning);
  command
      .add_option("--freeze", flags.freeze,
                  "none, all (but the head), or last:N: train the body's last N layers; list")
      .group(learning);
  command
      .add_flag("--freeze-norms", flags.freeze_norms,
                "batch norms keep the weights and statistics they come with, in all phases")
      .group(learning);
  command
      .add_option("--lr-body", flags.lr_body, "the body's rate as a multiple of the head's; list")
      .check(Check::each(Check::positive()))
      .group(learning);
  command.add_option("--momentum", flags.momentum, "of sgd").check(share).group(learning);
  command.add_option("--weight-decay", flags.weight_decay, "decoupled for adamw, else L2")
      .check(Check::not_negative())
      .group(learning);
  command.add_option("--schedule", flags.schedule, "of the learning rate: none or cosine")
      .check(Check::one_of({"none", "cosine"}))
      .group(learning);
  command
      .add_option("--plateau", flags.plateau,
                  "epochs without improvement before the rate is lowered; 0: never; list")
      .check(Check::each(Check::not_negative()))
      .group(learning);
  command.add_option("--plateau-factor", flags.plateau_factor, "what it is then multiplied by")
      .check(Check::between(0.001, 0.999))
      .group(learning);
  command
      .add_option("--early-stop", flags.early_stop,
                  "epochs without improvement before the phase ends; 0: never; list")
      .check(Check::each(Check::not_negative()))
      .group(learning);
  command.add_option("--monitor", flags.monitor, "val_loss, val_accuracy or val_auc: what improves")
      .check(Check::one_of({"val_loss", "val_accuracy", "val_auc"}))
      .group(learning);
  command
      .add_option("--augment", flags.augment,
                  "rotation=10,shift=0.1,shear=0.1,zoom=0.1,flip,brightness=0.1 or none")
      .group(learning);
  command.add_option("--class-weight", flags.class_weight, "none or balanced")
      .check(Check::one_of({"none", "balanced"}))
      .group(learning);
  command.add_option("--label-smoothing", flags.label_smoothing, "share spread over all classes")
      .check(share)
      .group(learning);
  command
      .add_option(
          "--normalise", flags.normalise,
          "set: mean 0 and deviation 1 over the training images; imagenet: as most networks "
          "trained there expect; none: [0, 1]; or mean/deviation, as 0.5/0.25; auto: what "
          "the weights of --pretrained expect, else set")
      .group(learning);

  const std::string work = "Work";
  command.add_flag("--skip-bad", flags.skip_bad, "leave out images that cannot be read")
      .group(work);
  const Option resume =
      command.add_flag("--resume", flags.resume, "go on where the run in --out was interrupted")
          .this_call_only()
          .group(work);
  command
      .add_flag("--overwrite", flags.overwrite, "remove the files of an earlier run in --out first")
      .this_call_only()
      .excludes(resume)
      .group(work);
  command
      .add_option("--checkpoint-every", flags.checkpoint_every,
                  "steps between checkpoints; 0: one an epoch")
      .group(work);
  command
      .add_flag(
          "--checkpoint-activations", flags.checkpoint_activations,
          "compute activations again in backward instead of keeping them: much less memory for "
          "the time of another forward pass, the same bits")
      .group(work);
  command.add_option("--workers", flags.workers, "threads that prepare images; 0: none beside")
      .check(Check::between(0, 256))
      .group(work);
  command.add_option("--cache-mb", flags.cache_mb, "memory for decoded images").group(work);
  command
      .add_option("--feature-cache", flags.feature_cache,
                  "epochs of augmented images whose features, behind frozen layers, are kept; 0: "
                  "never any; auto: images that are not augmented")
      .group(work);
  command
      .add_option("--feature-cache-mb", flags.feature_cache_mb,
                  "memory, or disk of the run folder, for them")
      .group(work);
  command.add_flag("--profile", flags.profile, "table, CSV and Chrome trace of where time goes")
      .group(work);
}

std::vector<TrainOptions> train_phases(const TrainFlags& flags) {
  std::vector<TrainOptions> phases;
  const std::size_t count = count_phases(flags);
  for (std::size_t phase = 0; phase < count; ++phase) {
    phases.push_back(train_options(flags, phase));
  }
  return phases;
}

Normalisation normalisation_of(const PretrainedScaling& scaling, std::size_t channels) {
  const auto values = [&](const std::array<float, 3>& colours) {
    if (channels != 1) return std::vector<float>(colours.begin(), colours.end());
    return std::vector<float>{(colours[0] + colours[1] + colours[2]) / 3};
  };
  return {values(scaling.mean), values(scaling.deviation)};
}

Normalisation fixed_normalisation(const std::string& text, std::size_t channels) {
  if (text == "none") return {};
  if (text == "imagenet") return normalisation_of({}, channels);
  auto wrong = [&] {
    return usage_error(
        "train --normalise '{}': expected auto, set, imagenet, none, or mean/deviation with one "
        "value or "
        "{} each, as 0.5/0.25, the deviation above 0.",
        text, channels);
  };
  auto numbers = [&](const std::string& list) {
    std::vector<float> values;
    for (const std::string& part : parts_of(list)) {
      if (!parse_value(part, values.emplace_back())) throw wrong();
    }
    if (values.size() == 1) values.assign(channels, values.front());
    if (values.size() != channels) throw wrong();
    return values;
  };
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) throw wrong();
  const Normalisation result{numbers(text.substr(0, slash)), numbers(text.substr(slash + 1))};
  for (const float deviation : result.deviation) {
    if (!(deviation > 0)) throw wrong();
  }
  return result;
}

void adopt_config(const Command& command, const RunFolder& run) {
  if (!std::filesystem::exists(run.config())) return;
  const auto stored = read_config(run.config(), command.name());
  const auto schedule = stored.find("schedule");
  const bool cosine = schedule != stored.end() && schedule->second == "cosine";
  for (const auto& [name, value] : stored) {
    std::optional<Option> option = command.find_option("--" + name);
    if (!option) continue;  // of another version of the program
    if (!option->given()) {
      option->set(value);
      continue;
    }
    const std::string now = option->value();
    // More epochs are a longer run, except where the schedule is drawn over all of them.
    const bool may_change =
        std::find(free_to_change.begin(), free_to_change.end(), name) != free_to_change.end() ||
        (name == "epochs" && !cosine && longer(value, now));
    if (!may_change && !same_value(now, value)) {
      throw usage_error(
          "train --resume: --{} is '{}' here and '{}' in {}. Leave it out to go on with that run, "
          "or start another one with another --out.",
          name, now, value, run.config().string());
    }
  }
}

}  // namespace hilum
