// hilum data pca: the directions in which the images of a set differ most, as figures and pictures;
// and the set as those directions alone show it, to train a network on.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "apps/prepare.h"
#include "apps/terminal.h"
#include "data/csv.h"
#include "data/picture_stats.h"
#include "engine/file.h"
#include "engine/json.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, out, project;
  std::size_t components = 16, size = 64;
  bool as_json = false;
};

// The training images if the set is divided, else all.
std::vector<std::size_t> to_learn_from(const Dataset& dataset) {
  std::vector<std::size_t> which = dataset.indices("train");
  if (!which.empty()) return which;
  for (std::size_t i = 0; i < dataset.items.size(); ++i) which.push_back(i);
  return which;
}

nlohmann::json to_json(const PictureComponents& c) {
  return {{"images", c.which.size()},
          {"pixels", c.pca.d},
          {"total_variance", c.pca.total_variance},
          {"variance", c.pca.variance},
          {"separability", c.separability}};
}

std::string to_text(const PictureComponents& c) {
  std::vector<std::vector<std::string>> rows = {
      {"component", "variance", "explained", "together", "separability"}};
  double together = 0;
  for (std::size_t j = 0; j < c.pca.k; ++j) {
    const double share = c.pca.total_variance > 0 ? c.pca.variance[j] / c.pca.total_variance : 0;
    together += share;
    rows.push_back({fmt::format("{}", j + 1), fmt::format("{:.4g}", c.pca.variance[j]),
                    fmt::format("{:.1f} %", 100 * share), fmt::format("{:.1f} %", 100 * together),
                    fmt::format("{:.3f}", c.separability[j])});
  }
  return text_table(rows);
}

void write_pictures(const Dataset& dataset, const PictureComponents& c,
                    const std::filesystem::path& out) {
  write_png(out / "mean.png", mean_picture(c.pca));
  for (std::size_t j = 0; j < c.pca.k; ++j)
    write_png(out / fmt::format("component{:03}.png", j + 1), component_picture(c.pca, j));
  write_png(out / "scatter.png", scatter_picture(dataset, c));
  std::vector<std::string> header = {"path", "label", "split"};
  for (std::size_t j = 0; j < c.pca.k; ++j) header.push_back(fmt::format("pc{}", j + 1));
  std::string text = csv_line(header);
  for (std::size_t n = 0; n < c.which.size(); ++n) {
    const Item& item = dataset.items[c.which[n]];
    std::vector<std::string> fields = {item.path.string(), dataset.classes[item.label], item.split};
    for (std::size_t j = 0; j < c.pca.k; ++j)
      fields.push_back(fmt::format("{:.6g}", c.scores[n * c.pca.k + j]));
    text += csv_line(fields);
  }
  write_file_atomically(out / "scores.csv", text);
}

// Every image as its first components show it, with a manifest.
void write_projected(const Dataset& dataset, const Survey& survey, const PictureComponents& c,
                     const std::filesystem::path& out) {
  Dataset projected = dataset;
  for (std::size_t i = 0; i < dataset.items.size(); ++i) {
    Item& item = projected.items[i];
    item.path = out / "images" / fmt::format("{:06}.png", i);
    item.sha256.clear();
    write_png(item.path, rebuilt_picture(c, survey, i));
  }
  write_manifest(out / "manifest.csv", projected);
}

int run(const Flags& flags, const Session& session) {
  PcaOptions options;
  options.device = session.start();
  Dataset dataset = open_dataset(flags.data, {}, false, session);
  const Survey survey = make_survey(dataset, flags.size);
  const PictureComponents c =
      picture_components(dataset, survey, to_learn_from(dataset), flags.components, options);
  if (flags.as_json) {
    fmt::print("{}\n", json_text(to_json(c), 2));
  } else {
    fmt::print("{}: {} images of {} x {} pixels\n\n{}", flags.data, c.which.size(), flags.size,
               flags.size, to_text(c));
  }
  if (!flags.out.empty()) {
    write_pictures(dataset, c, flags.out);
    session.note("pictures", flags.out);
  }
  if (!flags.project.empty()) {
    write_projected(dataset, survey, c, flags.project);
    session.note("projected", flags.project + "/manifest.csv");
  }
  return 0;
}

}  // namespace

void add_data_pca(const Command& data, Session& session) {
  const Command command = add_command(
      data, "pca", "principal components: variance, pictures, how far they part the classes",
      session);
  auto flags = std::make_shared<Flags>();
  command.add_option("data", flags->data, "folder or manifest").required().this_call_only();
  command.add_option("--components", flags->components, "how many").check(Check::between(1, 4096));
  command.add_option("--size", flags->size, "images are shrunk to this many pixels a side")
      .check(Check::between(8, 512));
  command.add_option("--out", flags->out,
                     "folder for mean.png, component*.png, scatter.png and scores.csv");
  command.add_option("--project", flags->project,
                     "folder for the set as these components show it: a network trained on its "
                     "manifest.csv has PCA as its first step (fitted on the train part alone)");
  command.add_flag("--json", flags->as_json, "for programs");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
