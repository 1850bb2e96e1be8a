// hilum data …: looking at sets, checking them, dividing them, making one.
#include "apps/data.h"

#include "apps/command_line.h"
#include "apps/terminal.h"

namespace hilum {

Dataset read_noted(const std::string& path, const Session& session) {
  Dataset dataset = read_dataset(path);
  for (const std::string& note : dataset.notes) session.note("note", note);
  return dataset;
}

Survey survey_of(const Dataset& dataset, const Session& session) {
  ProgressLine progress(!session.quiet);
  progress.start("images", 0, dataset.items.size());
  return make_survey(dataset, survey_side, [&](std::size_t done) { progress.update(done); });
}

void add_data(const Command& app, Session& session) {
  const Command data = app.add("data", "look at sets, check them, divide them, make one", true);
  add_data_stats(data, session);
  add_data_check(data, session);
  add_data_groups(data, session);
  add_data_split(data, session);
  add_data_probes(data, session);
  add_data_pca(data, session);
  add_data_speed(data, session);
  add_data_phantom(data, session);
}

}  // namespace hilum
