// hilum train: from a folder of images to a run folder. The order matters: everything that can be
// wrong with options, data and network is found before anything is written, and everything is
// written before it is needed.
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "apps/checkpoint.h"
#include "apps/command_line.h"
#include "apps/config_file.h"
#include "apps/interrupt.h"
#include "apps/ledger.h"
#include "apps/prepare.h"
#include "apps/report.h"
#include "apps/terminal.h"
#include "apps/train_flags.h"
#include "engine/file.h"
#include "engine/init.h"
#include "engine/json.h"
#include "engine/machine.h"
#include "engine/profiler.h"
#include "engine/safetensors.h"
#include "kernels/error.h"
#include "kernels/isa.h"
#include "kernels/threads.h"
#include "nets/net.h"
#include "nets/pretrained.h"
#include "nets/summary.h"

namespace hilum {
namespace {

using nlohmann::json;

// One training run, step by step; run() is the order of things.
class TrainRun {
 public:
  TrainRun(const Command& command, TrainFlags& flags, const Session& session)
      : command_(command), flags_(flags), session_(session), run_{flags.out} {}

  int run() {
    open_folder();
    device_ = session_.start();
    phases_ = train_phases(flags_);
    open_data();
    make_network();
    begin_folder();
    const TrainEnd end = learn();
    write_about(end);
    if (end == TrainEnd::interrupted) {
      session_.warn(fmt::format(
          "interrupted after step {} (epoch {}); all of it is in {}. Go on with: hilum train --out "
          "{} --resume",
          state_.step, state_.epoch + 1, run_.last().string(), run_.path.string()));
      return exit_interrupted;
    }
    finish();
    return 0;
  }

 private:
  void open_folder() {
    if (run_.empty()) {
      if (flags_.resume) session_.note("note", "nothing to resume yet: this is a new run");
    } else if (flags_.resume) {
      adopt_config(command_, run_);
    } else if (!flags_.overwrite) {
      throw usage_error(
          "train --out {}: exists and is not empty. Choose another folder, go on with --resume, or "
          "replace the run in it with --overwrite.",
          run_.path.string());
    }
    if (flags_.data.empty()) {
      throw usage_error("train --data: is missing. Expected a folder of images or a CSV manifest.");
    }
    // The run must find its data again from wherever `evaluate` is called.
    const auto absolute = std::filesystem::absolute(flags_.data).lexically_normal();
    command_.option("--data").set(absolute.string());
  }

  void open_data() {
    const NetDefaults& own = net_defaults(flags_.net);
    recipe_.net = flags_.net;
    recipe_.size = flags_.size != 0 ? flags_.size : own.size;
    recipe_.channels = flags_.channels != 0 ? flags_.channels : own.channels;
    images_ = std::make_shared<ImageCache>(recipe_.size, recipe_.channels, flags_.cache_mb << 20);
    for (TrainOptions& phase : phases_) phase.images = images_;
    dataset_ = open_dataset(flags_.data, {}, flags_.skip_bad, session_, images_.get());
    split_for_training(dataset_, parse_split(flags_.split), flags_.seed, session_);
    recipe_.classes = dataset_.classes;
    fingerprint_ = fingerprint(dataset_);
    for (const char* split : {"train", "val", "test"}) {
      const std::vector<std::size_t> which = dataset_.indices(split);
      if (!which.empty()) session_.note(split, describe_part(dataset_, which));
    }
    const std::vector<std::size_t> counts = dataset_.count_by_class(dataset_.indices("val"));
    const auto top = std::max_element(counts.begin(), counts.end());
    session_.note("floor",
                  fmt::format("val accuracy of always saying {}: {}",
                              dataset_.classes[static_cast<std::size_t>(top - counts.begin())],
                              rate_text({*top, dataset_.indices("val").size()})));
  }

  void make_network() {
    net_ = make_net(flags_.net, recipe_.classes.size(), recipe_.channels, recipe_.size);
    initialise(*net_, flags_.seed);
    if (!flags_.pretrained.empty()) start_from(flags_.pretrained);
    net_->to(device_);
    // Backwards, so that the first phase is what the summary counts.
    for (std::size_t phase = phases_.size(); phase-- > 0;) freeze_layers(phase);
    const Summary summary = summarise(*net_, recipe_.channels, recipe_.size);
    mflop_ = summary.flop * 1e-6;
    const auto peak =
        static_cast<double>(training_peak(*net_, recipe_.channels, recipe_.size,
                                          phases_.front().batch, phases_.front().recompute)
                                .bytes);
    session_.note(
        "network",
        fmt::format("{} for {}x{}x{}: {} parameters, {} trainable, {:.1f} MFLOP forward an image, "
                    "{:.0f} MiB to train",
                    recipe_.net, recipe_.size, recipe_.size, recipe_.channels, summary.parameters,
                    summary.trainable, summary.flop * 1e-6, peak / (1 << 20)));
    recipe_.normalisation = choose_normalisation();
  }

  Normalisation choose_normalisation() const {
    if (flags_.normalise == "auto" && !flags_.pretrained.empty()) {
      const Normalisation result =
          own_scaling_ ? *own_scaling_
                       : normalisation_of(pretrained_scaling(flags_.net), recipe_.channels);
      session_.note("images",
                    fmt::format("as these weights expect: less {:.4g}, over {:.4g}",
                                fmt::join(result.mean, " "), fmt::join(result.deviation, " ")));
      return result;
    }
    if (flags_.normalise != "auto" && flags_.normalise != "set") {
      return fixed_normalisation(flags_.normalise, recipe_.channels);
    }
    return measure_normalisation(dataset_, dataset_.indices("train"), *images_);
  }

  void start_from(const std::string& path) {
    const LoadReport report = load_pretrained(
        *net_, flags_.net, path, {.keep_head = true, .input = PretrainedInput::automatic});
    session_.note("weights", report.summary());
    for (const std::string& note : report.notes) session_.note("note", note);
    if (!report.metadata.contains("deviation")) return;  // not from a run of ours
    const Normalisation scaling = from_metadata(report.metadata, path).normalisation;
    if (scaling.mean.size() == recipe_.channels) own_scaling_ = scaling;
  }

  FreezeReport freeze_layers(std::size_t phase) {
    const Tensor image = Tensor::zeros({1, recipe_.size, recipe_.size, recipe_.channels}, device_);
    return apply_freeze(*net_, phases_[phase].freeze, image);
  }

  // Freezes what this phase freezes, says so, and makes its optimiser.
  Optimizer& prepare_phase(std::size_t phase) {
    const FreezeReport report = freeze_layers(phase);
    const TrainOptions& options = phases_[phase];
    if (phases_.size() > 1) {
      session_.note("phase", fmt::format("{} of {}: {} epochs at rate {:g}", phase + 1,
                                         phases_.size(), options.epochs, options.optimizer.lr));
    }
    if (options.freeze.kind != Freeze::Kind::none) {
      session_.note("trained",
                    fmt::format("{} of {} layers, {} of {} parameters: {}", report.trained_layers,
                                report.layers, report.trained_parameters, report.parameters,
                                fmt::join(report.trained, " ")));
    }
    optimizer_ = make_phase_optimizer(*net_, options);
    return *optimizer_;
  }

  // The best weights so far are what the next phase begins with.
  void next_phase() {
    begin_phase(state_, state_.phase + 1, phases_[state_.phase + 1]);
    load_state_dict(*net_, read_safetensors(run_.best()).tensors, run_.best().string());
    prepare_phase(state_.phase);
    save_checkpoint(run_.last(), *net_, *optimizer_, recipe_, state_, fingerprint_);
  }

  // From here on the folder is ours.
  void begin_folder() {
    run_.create();
    run_.remove_leftovers();
    if (flags_.overwrite) run_.clear();
    if (flags_.resume && std::filesystem::exists(run_.last())) {
      const auto optimizer_for = [&](const TrainState& state) -> Optimizer& {
        return prepare_phase(std::min(state.phase, phases_.size() - 1));
      };
      state_ = load_checkpoint(run_.last(), *net_, optimizer_for, recipe_, fingerprint_);
      session_.note("resume",
                    fmt::format("after step {}, in epoch {}", state_.step, state_.epoch + 1));
    } else {
      prepare_phase(0);
      begin_phase(state_, 0, phases_.front());
    }
    write_file_atomically(run_.config(), resolved_config(command_));
    write_about(std::nullopt);
  }

  void write_about(std::optional<TrainEnd> end) {
    json about = {
        {"program", std::string("hilum ") + program_version},
        {"compiler", __VERSION__},
        {"command", session_.command},
        {"started", started_},
        {"device", device_name(device_)},
        {"isa", isa_name(isa())},
        {"threads", thread_count()},
        {"data", {{"path", flags_.data}, {"content", fingerprint_}, {"notes", dataset_.notes}}},
        {"classes", recipe_.classes},
        {"parameters", net_->parameter_count()},
        {"mflop", mflop_},
        {"seconds", 0.0},
        {"peak_mib", peak_mib()},
        {"steps", state_.step},
        {"epochs", state_.epoch}};
    for (const char* split : {"train", "val", "test"}) {
      const std::vector<std::size_t> which = dataset_.indices(split);
      about["data"][split] = dataset_.count_by_class(which);
      if (!which.empty()) about["data"]["hash"][split] = split_hash(dataset_, which);
    }
    for (const EpochRow& row : state_.history) {
      about["seconds"] = about["seconds"].get<double>() + row.seconds;
    }
    if (state_.best_epoch != 0) {
      about["best"] = {{"epoch", state_.best_epoch},
                       {"monitor", monitor_name(phases_.front().monitor)},
                       {"value", state_.best}};
    }
    about["state"] = !end                              ? "running"
                     : *end == TrainEnd::interrupted   ? "interrupted"
                     : *end == TrainEnd::stopped_early ? "stopped early"
                                                       : "finished";
    if (end) about["ended"] = now_text();
    if (end) about["weights"] = fmt::format("{:016x}", weights_hash(*net_));
    write_file_atomically(run_.about(), json_text(about, 2) + '\n');
  }

  TrainEnd learn() {
    std::optional<Profiler> profiler;
    if (flags_.profile) profiler.emplace();
    ProgressLine progress(!session_.quiet);
    TrainHooks hooks;
    std::uint64_t shown = ~std::uint64_t{0};
    hooks.on_step = [&](std::size_t done, std::size_t total, const TrainState& state) {
      if (shown != state.epoch) {
        progress.start(epoch_title(state.epoch + 1), done, total);
        shown = state.epoch;
      }
      progress.update(done, fmt::format("loss {:.4f}", state.loss_sum / static_cast<double>(done)));
    };
    hooks.on_best = [&](const TrainState& state) {
      TensorFile file{state_dict(*net_), to_metadata(recipe_)};
      file.metadata["epoch"] = std::to_string(state.best_epoch);
      file.metadata[monitor_name(phases_.front().monitor)] = fmt::format("{:.9g}", state.best);
      write_safetensors(run_.best(), file);
    };
    hooks.on_epoch = [&](const TrainState& state) {
      progress.clear();
      write_file_atomically(run_.history(), history_csv(state.history));
      if (!session_.quiet) fmt::print(stderr, "{}\n", epoch_line(state.history.back()));
    };
    hooks.on_checkpoint = [&](const TrainState& state) {
      save_checkpoint(run_.last(), *net_, *optimizer_, recipe_, state, fingerprint_);
    };
    hooks.should_stop = interrupted;
    const CatchInterrupt catch_interrupt;
    hooks.on_note = [&](const std::string& label, const std::string& text) {
      session_.note(label, text);
    };
    const auto fit_phase = [&] {
      return fit(*net_, *optimizer_, dataset_, recipe_, phases_[state_.phase], device_, state_,
                 hooks);
    };
    TrainEnd end = fit_phase();
    while (end != TrainEnd::interrupted && state_.phase + 1 < phases_.size()) {
      next_phase();
      end = fit_phase();
    }
    progress.clear();
    if (profiler) {
      profiler->write_csv(run_.profile());
      profiler->write_chrome_trace(run_.trace());
      std::fputs(profiler->table().c_str(), stdout);
    }
    return end;
  }

  // "epoch  3/60", counted within its phase.
  std::string epoch_title(std::size_t epoch) const {
    const std::size_t of = phases_[state_.phase].epochs;
    const std::string title =
        fmt::format("epoch {:>{}}/{}", epoch - state_.phase_begin, std::to_string(of).size(), of);
    return phases_.size() == 1 ? title : fmt::format("phase {} {}", state_.phase + 1, title);
  }

  std::string epoch_line(const EpochRow& row) const {
    return fmt::format(
        "{}  loss {:.4f}  acc {:.3f}  val_loss {:.4f}  val_acc {:.3f}  val_auc {:.3f} "
        " "
        "lr {:.2g}  {:.0f} images/s, {:.1f} % waiting{}",
        epoch_title(row.epoch), row.train_loss, row.train_accuracy, row.val_loss, row.val_accuracy,
        row.val_auc, row.lr, row.images_per_second, 100 * row.wait_seconds / row.seconds,
        row.best ? "  best" : "");
  }

  // The best weights, read back from the file, on the validation images.
  void finish() {
    const std::uint64_t last_hash = weights_hash(*net_);
    const TrainedNet best = load_trained(run_.path);
    best.net->to(device_);
    LoaderOptions options = loader_for(recipe_, phases_.front().batch);
    options.images = images_;
    Loader loader(dataset_, dataset_.indices("val"), options);
    const Predictions predictions = classify(*best.net, loader, recipe_.classes.size(), device_);
    const PredictionTable table = table_of(predictions, dataset_);
    write_file_atomically(run_.val_predictions(), predictions_csv(table));
    const Evaluation evaluation = evaluate_table(table, "val", &table);
    write_results(run_, evaluation);
    fmt::print("{}\n", metrics_text(evaluation));
    fmt::print("best epoch  {} of {}, {} {:.4f}{}\n", state_.best_epoch, state_.epoch,
               monitor_name(phases_.front().monitor), state_.best,
               state_.stopped_early ? " (stopped early)" : "");
    fmt::print("weights     {:016x} best, {:016x} last\n", weights_hash(*best.net), last_hash);
    fmt::print("run folder  {}\n", run_.path.string());
  }

  const Command command_;
  TrainFlags& flags_;
  const Session& session_;
  RunFolder run_;
  std::string started_ = now_text();
  Device device_ = Device::cpu;
  std::vector<TrainOptions> phases_;
  Dataset dataset_;
  std::shared_ptr<ImageCache> images_;
  std::string fingerprint_;
  std::optional<Normalisation> own_scaling_;  // of a run whose weights this one starts from
  double mflop_ = 0;                          // forward, one image
  NetRecipe recipe_;
  std::unique_ptr<Module> net_;
  std::unique_ptr<Optimizer> optimizer_;
  TrainState state_;
};

}  // namespace

void add_train(const Command& app, Session& session) {
  const Command command =
      add_command(app, "train", "train a network on a folder of images", session);
  auto flags = std::make_shared<TrainFlags>();
  declare_flags(command, *flags);
  command.callback([=, &session] {
    session.action = [=, &session] { return TrainRun(command, *flags, session).run(); };
  });
}

}  // namespace hilum
