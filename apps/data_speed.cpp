// hilum data speed: how many images a second each step of preparing them gives.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/terminal.h"
#include "data/input_speed.h"
#include "engine/json.h"
#include "engine/machine.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, augment = "rotation=10,shift=0.1,shear=5,zoom=0.1,flip,brightness=0.1";
  std::size_t size = 224, channels = 3, batch = 32, workers = 1, cache_mb = 1024;
  double seconds = 1;
  bool as_json = false;
};

int run(const Flags& flags, const Session& session) {
  session.start();
  const Dataset dataset = read_noted(flags.data, session);
  std::vector<std::size_t> which = dataset.indices("train");
  if (which.empty()) {
    for (std::size_t i = 0; i < dataset.items.size(); ++i) which.push_back(i);
  }
  LoaderOptions options;
  options.size = flags.size;
  options.channels = flags.channels;
  options.batch = flags.batch;
  options.workers = flags.workers;
  options.images = std::make_shared<ImageCache>(flags.size, flags.channels, flags.cache_mb << 20);
  options.shuffle = true;
  options.augmentation = parse_augmentation(flags.augment);
  options.normalisation = {std::vector<float>(flags.channels, 0.5f),
                           std::vector<float>(flags.channels, 0.25f)};
  const std::vector<InputStage> stages = measure_input(dataset, which, options, flags.seconds);
  if (flags.as_json) {
    nlohmann::ordered_json all;
    for (const InputStage& stage : stages) all[stage.name] = stage.images_per_second;
    fmt::print("{}\n", json_text(all, 2));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {fmt::format("{} x {} x {}", flags.size, flags.size, flags.channels), "images/s", "of"}};
  const std::string loader =
      fmt::format("{} worker{}", flags.workers, flags.workers == 1 ? "" : "s");
  for (const InputStage& stage : stages) {
    rows.push_back({stage.name, fmt::format("{:.0f}", stage.images_per_second),
                    stage.one_core ? "a core" : loader});
  }
  fmt::print("{}\n{} images; augmentation: {}\n{}\n", text_table(rows), which.size(),
             options.augmentation.describe(), machine_line());
  return 0;
}

}  // namespace

void add_data_speed(const Command& data, Session& session) {
  const Command command = add_command(
      data, "speed",
      "images a second of each step from file to batch: what training would wait for", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("data", flags->data, "folder or manifest; of its train part")
      .required()
      .this_call_only();
  command.add_option("--size", flags->size, "images are resized to this").check(Check::positive());
  command.add_option("--channels", flags->channels, "1 gray, 3 colour")
      .check(Check::one_of({1, 3}));
  command.add_option("--augment", flags->augment, "as of train");
  command.add_option("--batch-size", flags->batch, "images of a batch").check(Check::positive());
  command.add_option("--workers", flags->workers, "threads of the loader")
      .check(Check::between(0, 256));
  command.add_option("--cache-mb", flags->cache_mb, "memory for decoded images");
  command.add_option("--seconds", flags->seconds, "of each step, at least")
      .check(Check::positive());
  command.add_flag("--json", flags->as_json, "for programs");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
