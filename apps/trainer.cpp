// The loop itself: epochs, steps, validation, best, plateau, early stop.
#include "apps/trainer.h"

#include <chrono>
#include <cmath>

#include "apps/feed.h"
#include "engine/random.h"
#include "engine/safetensors.h"
#include "kernels/error.h"

namespace hilum {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Weights that make every class count alike: n / (classes x n of the class), mean 1 over the set.
Tensor class_weights(const Dataset& dataset, const std::vector<std::size_t>& which, Device device) {
  const std::vector<std::size_t> counts = dataset.count_by_class(which);
  std::vector<float> weights;
  for (const std::size_t count : counts) {
    weights.push_back(static_cast<float>(static_cast<double>(which.size()) /
                                         static_cast<double>(counts.size() * count)));
  }
  return Tensor::from(weights, {weights.size()}).to(device);
}

std::size_t count_correct(const Tensor& logits, const std::vector<std::int32_t>& labels) {
  const std::vector<float> z = logits.values();
  const std::size_t classes = z.size() / labels.size();
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = z.begin() + static_cast<std::ptrdiff_t>(i * classes);
    const auto top = std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row;
    correct += top == labels[i] ? 1 : 0;
  }
  return correct;
}

double monitored(const EpochRow& row, Monitor monitor) {
  switch (monitor) {
    case Monitor::val_loss:
      return row.val_loss;
    case Monitor::val_accuracy:
      return row.val_accuracy;
    case Monitor::val_auc:
      return row.val_auc;
  }
  return row.val_loss;
}

// Weights that are no longer numbers cannot be saved by more steps.
void require_finite(double loss, const char* what, const TrainState& state) {
  if (std::isfinite(loss)) return;
  throw Error(ErrorKind::check,
              fmt::format("training: the {} is no longer a finite number after step {} (epoch {}). "
                          "The learning rate {:g} is too high for this network and set; try --lr "
                          "{:.2g}. The best weights so far are kept.",
                          what, state.step, state.epoch + 1, state.lr, state.lr / 10));
}

// After validation: is this the best epoch, is it time for a smaller rate, or to stop?
void judge_epoch(const EpochRow& row, const TrainOptions& options, TrainState& state) {
  // Everything is judged as a value that should fall.
  const double sign = options.monitor == Monitor::val_loss ? 1 : -1;
  const double value = sign * monitored(row, options.monitor);
  if (state.best_epoch == 0 || value < sign * state.best) {
    state.best = monitored(row, options.monitor);
    state.best_epoch = row.epoch;
    state.waited = 0;
  } else {
    ++state.waited;
  }
  if (options.plateau != 0) {
    state.plateau.patience = options.plateau;
    state.plateau.factor = options.plateau_factor;
    state.lr = state.plateau.next(state.lr, value);
  }
  state.stopped_early = options.early_stop != 0 && state.waited >= options.early_stop;
}

// How many epochs' features are kept of the training and the validation images.
struct FeatureCopies {
  std::size_t train = 0, val = 0;
};

// Says aloud what is kept: features of augmented images that come again are fewer different images.
FeatureCopies choose_copies(const FrozenBody& body, const TrainOptions& options, std::size_t train,
                            std::size_t val, const TrainHooks& hooks) {
  if (body.steps() == 0) return {};
  const auto note = [&](const std::string& text) {
    if (hooks.on_note) hooks.on_note("features", text);
  };
  const bool augmented = options.augmentation.any();
  FeatureCopies copies{augmented ? options.feature_copies.value_or(0) : 1, 1};
  if (options.feature_copies == 0) copies = {};
  const std::string made =
      fmt::format("frozen up to {}, {} batch norms folded", body.last_step(), body.folded());
  const std::size_t bytes = feature_bytes(body, copies.train * train + copies.val * val);
  if (bytes > options.feature_bytes) {
    note(fmt::format("{}; not kept: {} MiB, and --feature-cache-mb allows {}", made, bytes >> 20,
                     options.feature_bytes >> 20));
    return {};
  }
  if (copies.train == 0) {
    note(fmt::format(
        "{}; of training images computed in every epoch{}", made,
        augmented ? ": they are augmented (--feature-cache K keeps K epochs' draws)" : ""));
  } else if (augmented) {
    note(
        fmt::format("{}; kept of {} epochs ({} MiB): later epochs see the same augmented images "
                    "again",
                    made, copies.train, bytes >> 20));
  } else {
    note(fmt::format("{}; computed once and kept ({} MiB)", made, bytes >> 20));
  }
  return copies;
}

}  // namespace

const char* monitor_name(Monitor monitor) {
  switch (monitor) {
    case Monitor::val_loss:
      return "val_loss";
    case Monitor::val_accuracy:
      return "val_accuracy";
    case Monitor::val_auc:
      return "val_auc";
  }
  return "?";
}

// As many threads as would have made the epoch's images in the time of its steps; more memory where
// files are decoded again.
std::string input_advice(const EpochRow& row, const TrainOptions& options, std::size_t files_read,
                         std::size_t images) {
  constexpr double few = 0.02, short_time = 0.5;
  const double share = row.wait_seconds / row.seconds;
  if (share <= few || row.wait_seconds < short_time) return "";
  const double made = options.workers == 0 ? row.wait_seconds  // the steps' own thread made them
                                           : static_cast<double>(options.workers) * row.seconds;
  const auto needed = static_cast<std::size_t>(std::ceil(made / (row.seconds - row.wait_seconds)));
  std::string text =
      fmt::format("{:.0f} % of this epoch went by waiting for images: --workers {} (now {})",
                  100 * share, std::max(needed, options.workers + 1), options.workers);
  if (files_read > 0 && options.images) {
    text += fmt::format("; {} of {} were decoded from files: --cache-mb {} keeps them all",
                        files_read, images, (options.images->bytes_of_one() * images >> 20) + 1);
  }
  return text;
}

std::unique_ptr<Optimizer> make_phase_optimizer(Module& net, const TrainOptions& options) {
  std::unique_ptr<Optimizer> optimizer = make_optimizer(net.parameters(), options.optimizer);
  if (options.body_lr != 1) {
    const std::string head = head_name(net);
    optimizer->set_lr_factors(
        [&](const std::string& name) { return in_head(name, head) ? 1 : options.body_lr; });
  }
  return optimizer;
}

void begin_phase(TrainState& state, std::size_t phase, const TrainOptions& options) {
  state.phase = phase;
  state.phase_begin = state.epoch;
  state.lr = static_cast<float>(options.optimizer.lr);
  state.plateau = {};
  state.waited = 0;
  state.stopped_early = false;
}

TrainEnd fit(Module& net, Optimizer& optimizer, const Dataset& dataset, const NetRecipe& recipe,
             const TrainOptions& options, Device device, TrainState& state,
             const TrainHooks& hooks) {
  const auto phase_over = [&] {
    return state.stopped_early || state.epoch >= state.phase_begin + options.epochs;
  };
  const auto how_it_ended = [&] {
    return state.stopped_early ? TrainEnd::stopped_early : TrainEnd::finished;
  };
  if (phase_over()) return how_it_ended();
  LoaderOptions val_options = loader_for(recipe, options.batch);
  val_options.workers = options.workers;
  val_options.images = options.images;
  LoaderOptions train_options = val_options;
  train_options.shuffle = true;
  train_options.seed = options.seed;
  train_options.augmentation = options.augmentation;
  const std::vector<std::size_t> train = dataset.indices("train"), val = dataset.indices("val");
  const FrozenBody body(net, recipe, device, options.recompute);
  const FeatureCopies copies = choose_copies(body, options, train.size(), val.size(), hooks);
  Feed train_feed(dataset, train, train_options, body, copies.train, options.scratch, device);
  Feed val_feed(dataset, val, val_options, body, copies.val, options.scratch, device);

  const Tensor weights = options.balanced ? class_weights(dataset, train, device) : Tensor();
  const std::uint64_t total_steps = options.epochs * train_feed.batches();
  const auto should_stop = [&] { return hooks.should_stop && hooks.should_stop(); };
  const auto go_on = [&] { return !should_stop(); };
  const auto interrupted_here = [&] {
    if (hooks.on_checkpoint) hooks.on_checkpoint(state);
    return TrainEnd::interrupted;
  };

  while (!phase_over()) {
    const Clock::time_point begin = Clock::now();
    const std::uint64_t seen_before = state.seen;
    const std::size_t read_before = train_feed.files_read();
    net.train(true);
    if (!train_feed.start(state.epoch, state.batch, go_on)) return interrupted_here();
    Batch batch;
    Tensor x;
    while (train_feed.next(batch, x)) {
      if (options.cosine) {
        const std::uint64_t step =
            (state.epoch - state.phase_begin) * train_feed.batches() + state.batch;
        state.lr = cosine_lr(options.optimizer.lr, step, total_steps);
      }
      optimizer.set_lr(state.lr);
      set_dropout_state(options.seed, state.step);

      const Tensor logits = body.rest(std::move(x));
      const Tensor loss =
          softmax_cross_entropy(logits, labels_of(batch, device), weights, options.label_smoothing);
      require_finite(loss.item(), "training loss", state);
      const Tensor penalty = net.penalties();
      optimizer.minimise(penalty.defined() ? add(loss, penalty) : loss);

      ++state.step;
      ++state.batch;
      state.loss_sum += static_cast<double>(loss.item()) * static_cast<double>(batch.n);
      state.correct += count_correct(logits, batch.labels);
      state.seen += batch.n;
      if (hooks.on_step) hooks.on_step(state.seen, train_feed.images(), state);
      if (should_stop()) return interrupted_here();
      if (options.checkpoint_every != 0 && state.step % options.checkpoint_every == 0 &&
          hooks.on_checkpoint) {
        hooks.on_checkpoint(state);
      }
    }

    EpochRow row;
    row.epoch = state.epoch + 1;
    row.phase = state.phase + 1;
    row.seconds = seconds_since(begin);
    row.wait_seconds = train_feed.wait_seconds();
    row.images_per_second = static_cast<double>(state.seen - seen_before) / row.seconds;
    const std::string advice = input_advice(row, options, train_feed.files_read() - read_before,
                                            train.size() + val.size());
    if (!advice.empty() && hooks.on_note) hooks.on_note("input", advice);
    row.train_loss = state.loss_sum / static_cast<double>(state.seen);
    row.train_accuracy = static_cast<double>(state.correct) / static_cast<double>(state.seen);
    row.lr = state.lr;

    // A signal during validation leaves the state at the end of the last step: the resumed run
    // finds no batch left in this epoch and validates again.
    net.train(false);
    if (!val_feed.start(0, 0, go_on)) return interrupted_here();
    const NextLogits next_logits = [&](Batch& images, Tensor& logits) {
      Tensor features;
      if (!val_feed.next(images, features)) return false;
      logits = body.rest(std::move(features));
      return true;
    };
    const Predictions predictions =
        classify(next_logits, recipe.classes.size(), [&](std::size_t) { return go_on(); });
    if (should_stop()) return interrupted_here();
    const Metrics metrics = metrics_of(predictions, recipe.classes);
    require_finite(metrics.loss, "validation loss", state);
    row.val_loss = metrics.loss;
    row.val_accuracy = metrics.accuracy.value();
    row.val_auc = metrics.macro_auc;

    judge_epoch(row, options, state);
    row.best = state.best_epoch == row.epoch;
    state.history.push_back(row);
    ++state.epoch;
    state.batch = state.seen = state.correct = 0;
    state.loss_sum = 0;
    if (row.best && hooks.on_best) hooks.on_best(state);
    if (hooks.on_epoch) hooks.on_epoch(state);
    if (hooks.on_checkpoint) hooks.on_checkpoint(state);
  }
  return how_it_ended();
}

std::uint64_t weights_hash(const Module& net) {
  std::uint64_t hash = 14695981039346656037ull;
  auto mix = [&hash](const void* data, std::size_t bytes) {
    const auto* byte = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ byte[i]) * 1099511628211ull;
  };
  for (const NamedTensor& entry : state_dict(net)) {
    const std::vector<float> values = entry.tensor.values();
    mix(entry.name.data(), entry.name.size());
    mix(values.data(), values.size() * sizeof(float));
  }
  return hash;
}

}  // namespace hilum
