// hilum import: a network that others trained becomes a run folder, which predict, evaluate and
// export take like one that was trained here.
#include <cstdio>
#include <memory>
#include <numeric>

#include "apps/command_line.h"
#include "apps/inference.h"
#include "apps/run_folder.h"
#include "apps/session.h"
#include "apps/terminal.h"
#include "engine/file.h"
#include "engine/json.h"
#include "engine/safetensors.h"
#include "kernels/error.h"
#include "nets/net.h"
#include "nets/pretrained.h"

namespace hilum {
namespace {

struct Flags {
  std::string net, from, out;
  std::size_t classes = 0, size = 0, channels = 0;
  std::vector<std::string> names;
  std::vector<float> mean, deviation;
  bool bgr = false, list = false, overwrite = false;
};

// Every tensor of a file, whatever network it is of.
int list_tensors(const std::string& path) {
  const WeightFile file = read_weight_file(path);
  std::vector<std::vector<std::string>> rows = {{"tensor", "type", "shape"}};
  std::size_t numbers = 0;
  for (const FileTensor& t : file.tensors) {
    rows.push_back({t.layer.empty() ? t.name : t.layer + ": " + t.name, number_name(t.stored),
                    t.tensor.shape().str()});
    numbers += t.tensor.count();
  }
  fmt::print("{}{}: {}, {} tensors, {} numbers\n", text_table(rows, true), path,
             format_name(file.format), file.tensors.size(), numbers);
  for (const std::string& note : file.notes) fmt::print("{}\n", note);
  return 0;
}

std::vector<std::string> class_names(const Flags& flags) {
  std::vector<std::string> names = flags.names;
  if (names.empty()) {
    for (std::size_t i = 0; i < flags.classes; ++i) names.push_back(fmt::format("class{}", i));
  }
  if (names.size() < 2 || (flags.classes != 0 && flags.classes != names.size())) {
    throw usage_error(
        "import: {} classes and {} names. Expected at least two, as --classes 2 or --class-names "
        "a,b.",
        flags.classes, flags.names.size());
  }
  return names;
}

// One value a channel: as given, or the network's own; for a gray image the mean of the three.
std::vector<float> per_channel(const std::vector<float>& given, const std::array<float, 3>& own,
                               std::size_t channels, const char* flag) {
  std::vector<float> values = given;
  if (values.empty()) values.assign(own.begin(), own.end());
  if (values.size() == 3 && channels == 1) {
    values = {std::accumulate(values.begin(), values.end(), 0.0f) / 3};
  }
  if (values.size() != channels) {
    throw usage_error("import {}: {} values for {} channels. Expected one a channel.", flag,
                      values.size(), channels);
  }
  return values;
}

NetRecipe recipe_of(const Flags& flags) {
  const NetDefaults& own = net_defaults(flags.net);
  NetRecipe recipe;
  recipe.net = flags.net;
  recipe.classes = class_names(flags);
  recipe.size = flags.size != 0 ? flags.size : own.size;
  recipe.channels = flags.channels != 0 ? flags.channels : own.channels;
  const PretrainedScaling own_input = pretrained_scaling(flags.net);
  recipe.normalisation.mean = per_channel(flags.mean, own_input.mean, recipe.channels, "--mean");
  recipe.normalisation.deviation =
      per_channel(flags.deviation, own_input.deviation, recipe.channels, "--std");
  for (const float deviation : recipe.normalisation.deviation) {
    if (!(deviation > 0)) throw usage_error("import --std: {}. Expected more than 0.", deviation);
  }
  return recipe;
}

int run(const Flags& flags, const Session& session) {
  if (flags.list) return list_tensors(flags.from);
  if (flags.net.empty() || flags.out.empty()) {
    throw usage_error("import: --net and --out are missing. Expected both, or --list.");
  }
  const RunFolder folder{flags.out};
  if (!folder.empty() && !flags.overwrite) {
    throw usage_error(
        "import --out {}: exists and is not empty. Choose another folder, or --overwrite.",
        flags.out);
  }
  const NetRecipe recipe = recipe_of(flags);
  const std::unique_ptr<Module> net =
      make_net(recipe.net, recipe.classes.size(), recipe.channels, recipe.size);
  PretrainedOptions options;
  if (!flags.mean.empty() || !flags.deviation.empty()) options.input = PretrainedInput::rgb;
  if (flags.bgr) options.input = PretrainedInput::bgr;
  const LoadReport report = load_pretrained(*net, recipe.net, flags.from, options);
  folder.create();
  if (flags.overwrite) folder.clear();
  write_safetensors(folder.best(), {state_dict(*net), to_metadata(recipe), {}});
  const nlohmann::ordered_json about = {
      {"program", std::string("hilum ") + program_version},
      {"state", "imported"},
      {"from", std::filesystem::absolute(flags.from).lexically_normal().string()},
      {"format", report.format},
      {"classes", recipe.classes},
      {"parameters", net->parameter_count()},
      {"weights", fmt::format("{:016x}", weights_hash(*net))}};
  write_file_atomically(folder.about(), json_text(about, 2) + '\n');
  fmt::print("{}", report.text());
  fmt::print("{}\nrun folder  {}\n", report.summary(), flags.out);
  session.note("input",
               fmt::format("{}x{}x{}, mean {}, deviation {}", recipe.size, recipe.size,
                           recipe.channels, json_text(nlohmann::json(recipe.normalisation.mean)),
                           json_text(nlohmann::json(recipe.normalisation.deviation))));
  return 0;
}

}  // namespace

void add_import(const Command& app, Session& session) {
  const Command command =
      add_command(app, "import", "make a run folder of weights that others trained", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("--from", flags->from, ".safetensors, .pth, .pt or Keras' .h5")
      .required()
      .this_call_only();
  command.add_flag("--list", flags->list, "only list the tensors of the file");
  command.add_option("--net", flags->net, "network, as resnet50");
  command.add_option("--out", flags->out, "run folder to make").this_call_only();
  command.add_flag("--overwrite", flags->overwrite, "replace the run in --out").this_call_only();
  command.add_option("--classes", flags->classes, "number of classes")
      .check(Check::between(2, 100000));
  command.add_option("--class-names", flags->names, "their names, in the order of the logits")
      .delimiter(',');
  command.add_option("--size", flags->size, "height and width of the image; 0: the network's own");
  command.add_option("--channels", flags->channels, "1 gray, 3 colour; 0: the network's own")
      .check(Check::one_of({0, 1, 3}));
  command
      .add_option("--mean", flags->mean,
                  "taken from the image in [0, 1], one a channel; what the network's "
                  "published weights expect if not given")
      .delimiter(',');
  command.add_option("--std", flags->deviation, "what it is then divided by").delimiter(',');
  command.add_flag("--bgr", flags->bgr, "the file's network reads blue, green, red");
  command.callback(
      [flags, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
