// hilum data stats: what a set looks like before anything is learned from it.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/data.h"
#include "data/csv.h"
#include "data/picture_stats.h"
#include "data/stats.h"
#include "engine/file.h"
#include "engine/json.h"

namespace hilum {
namespace {

struct Flags {
  std::string data, out;
  bool as_json = false;
};

// mean-<class>.png, deviation-<class>.png and histogram.csv, of pictures of 128 x 128 pixels.
void write_pictures(const std::string& data, const std::filesystem::path& out) {
  const Dataset dataset = read_dataset(data);
  std::string text = "class,gray,share\n";
  for (const ClassPicture& c : class_pictures(dataset, make_survey(dataset, 128))) {
    write_png(out / ("mean-" + c.name + ".png"), c.mean);
    write_png(out / ("deviation-" + c.name + ".png"), c.deviation);
    for (std::size_t v = 0; v < c.histogram.size(); ++v)
      text += csv_line({c.name, fmt::to_string(v), fmt::format("{:.6g}", c.histogram[v])});
  }
  write_file_atomically(out / "histogram.csv", text);
}

int run(const Flags& flags, const Session& session) {
  session.start();
  const DataStats stats = compute_stats(read_dataset(flags.data));
  fmt::print("{}", flags.as_json ? json_text(to_json(stats), 2) + '\n' : format_stats(stats));
  if (!flags.out.empty()) {
    write_pictures(flags.data, flags.out);
    session.note("pictures", flags.out);
  }
  return 0;
}

}  // namespace

void add_data_stats(const Command& data, Session& session) {
  const Command command =
      add_command(data, "stats", "counts, sizes, formats and brightness by class", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("data", flags->data, "folder or manifest").required().this_call_only();
  command.add_option("--out", flags->out,
                     "folder for mean and deviation images and gray-level histograms by class");
  command.add_flag("--json", flags->as_json, "for programs");
  command.callback(
      [=, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
