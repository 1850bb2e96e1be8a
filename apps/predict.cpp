// hilum predict: the class of single images.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/inference.h"
#include "apps/prepare.h"
#include "apps/terminal.h"
#include "engine/json.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// Of images, decoded to see whether they can be, until they are predicted.
constexpr std::size_t kept_bytes = std::size_t{1} << 30;

struct Flags {
  std::string run;
  std::vector<std::string> files;
  std::size_t batch = 64;
  bool as_json = false, skip_bad = false;
};

// Nine significant digits: enough to give the same float back.
nlohmann::json nine_digits(float value) { return parse_json(fmt::format("{:.9g}", value)); }

nlohmann::ordered_json to_json(const Predictions& predictions, const Dataset& dataset) {
  const std::vector<float> probability = predictions.probabilities();
  nlohmann::ordered_json result = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < predictions.index.size(); ++i) {
    const std::size_t first = i * predictions.classes;
    nlohmann::ordered_json one;
    one["path"] = dataset.items[predictions.index[i]].path.string();
    const auto row = probability.begin() + static_cast<std::ptrdiff_t>(first);
    const auto top = std::max_element(row, row + static_cast<std::ptrdiff_t>(predictions.classes));
    one["class"] = dataset.classes[static_cast<std::size_t>(top - row)];
    for (std::size_t c = 0; c < predictions.classes; ++c) {
      one["probability"][dataset.classes[c]] = nine_digits(probability[first + c]);
      one["logit"][dataset.classes[c]] = nine_digits(predictions.logits[first + c]);
    }
    result.push_back(one);
  }
  return result;
}

std::string to_text(const Predictions& predictions, const Dataset& dataset) {
  const std::vector<float> probability = predictions.probabilities();
  std::vector<std::vector<std::string>> rows = {{"file", "class"}};
  for (const std::string& name : dataset.classes) rows[0].push_back("p(" + name + ")");
  for (const std::string& name : dataset.classes) rows[0].push_back("logit(" + name + ")");
  for (std::size_t i = 0; i < predictions.index.size(); ++i) {
    const float* p = probability.data() + i * predictions.classes;
    const float* z = predictions.logits.data() + i * predictions.classes;
    const auto top = static_cast<std::size_t>(std::max_element(p, p + predictions.classes) - p);
    rows.push_back({dataset.items[predictions.index[i]].path.string(), dataset.classes[top]});
    for (std::size_t c = 0; c < predictions.classes; ++c) {
      rows.back().push_back(fmt::format("{:.4f}", p[c]));
    }
    for (std::size_t c = 0; c < predictions.classes; ++c) {
      rows.back().push_back(fmt::format("{:.4f}", z[c]));
    }
  }
  return text_table(rows, true);
}

int run(const Flags& flags, const Session& session) {
  const Device device = session.start();
  const TrainedNet trained = load_trained(flags.run);
  trained.net->to(device);
  // The files as a set of their own, in the order they were given.
  Dataset dataset;
  dataset.root = "predict";
  dataset.classes = trained.recipe.classes;
  for (const std::string& file : flags.files) {
    Item item;
    item.path = file;
    dataset.items.push_back(std::move(item));
  }
  LoaderOptions options = loader_for(trained.recipe, flags.batch);
  options.images = std::make_shared<ImageCache>(options.size, options.channels, kept_bytes);
  reject_bad_images(dataset, flags.skip_bad, session, options.images.get());
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < dataset.items.size(); ++i) which.push_back(i);
  Loader loader(dataset, which, options);
  const Predictions predictions = classify(*trained.net, loader, dataset.classes.size(), device);
  fmt::print("{}", flags.as_json ? json_text(to_json(predictions, dataset), 2) + '\n'
                                 : to_text(predictions, dataset));
  return 0;
}

}  // namespace

void add_predict(const Command& app, Session& session) {
  const Command command =
      add_command(app, "predict", "class, probabilities and logits of images", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("--run", flags->run, "run folder").required().this_call_only();
  command.add_option("files", flags->files, "image files").required().this_call_only();
  command.add_option("--batch-size", flags->batch, "images at a time").check(Check::positive());
  command.add_flag("--json", flags->as_json, "for programs");
  command.add_flag("--skip-bad", flags->skip_bad, "leave out images that cannot be read");
  command.callback(
      [flags, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
