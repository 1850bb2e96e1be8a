// Checks before the first step, and splits.
#include "apps/prepare.h"

#include <algorithm>

#include "kernels/error.h"

namespace hilum {

Dataset open_dataset(const std::filesystem::path& path, const std::vector<std::string>& classes,
                     bool skip_bad, const Session& session, ImageCache* images) {
  Dataset dataset = read_dataset(path, classes);
  for (const std::string& note : dataset.notes) session.note("note", note);
  session.note("data", fmt::format("{}: {} images, each is looked at once", path.string(),
                                   dataset.items.size()));
  reject_bad_images(dataset, skip_bad, session, images);
  return dataset;
}

void reject_bad_images(Dataset& dataset, bool skip_bad, const Session& session,
                       ImageCache* images) {
  const std::vector<BadItem> bad = find_bad_images(dataset, [images](const Item& item) {
    if (images != nullptr && item.split != "test") {
      images->get(item.path);
    } else {
      read_scan(item.path, 3);
    }
  });
  if (bad.empty()) return;
  for (const BadItem& item : bad) {
    session.warn(fmt::format("{}: {}", dataset.items[item.index].path.string(), item.reason));
  }
  if (!skip_bad) {
    throw data_error(
        "{}: {} of {} images cannot be used; they are listed above. Mend or remove them, or leave "
        "them out with --skip-bad.",
        dataset.root.string(), bad.size(), dataset.items.size());
  }
  session.warn(fmt::format("{}: {} of {} images left out (--skip-bad)", dataset.root.string(),
                           bad.size(), dataset.items.size()));
  remove_items(dataset, bad);
}

bool has_splits(const Dataset& dataset) {
  return std::any_of(dataset.items.begin(), dataset.items.end(),
                     [](const Item& item) { return !item.split.empty(); });
}

void split_for_training(Dataset& dataset, const SplitFractions& fractions, std::uint64_t seed,
                        const Session& session) {
  if (!has_splits(dataset)) {
    assign_splits(dataset, fractions, seed);
    session.note("note",
                 fmt::format("the set has no splits: drawn with seed {}, {:g} / {:g} / {:g}", seed,
                             fractions.train, fractions.val, fractions.test));
  } else if (dataset.indices("val").empty()) {
    // Only the training part is divided, so that a test part stays untouched.
    SplitFractions of_train = fractions;
    if (!dataset.indices("test").empty()) {
      const double kept = fractions.train + fractions.val;
      of_train = {fractions.train / kept, fractions.val / kept, 0};
    }
    Dataset part = dataset;
    part.items.clear();
    for (const std::size_t i : dataset.indices("train")) part.items.push_back(dataset.items[i]);
    assign_splits(part, of_train, seed);
    std::size_t next = 0;
    for (const std::size_t i : dataset.indices("train")) {
      dataset.items[i].split = part.items[next++].split;
    }
    session.note("note",
                 fmt::format("the set has no val part: drawn from its train part, seed {}", seed));
  }
  for (const char* split : {"train", "val"}) {
    const std::vector<std::size_t> counts = dataset.count_by_class(dataset.indices(split));
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] != 0) continue;
      throw data_error(
          "{}: the {} split has no image of class '{}'. Expected at least one of every class. Add "
          "some, or choose other fractions with --split.",
          dataset.root.string(), split, dataset.classes[c]);
    }
  }
  if (dataset.classes.size() < 2) {
    throw data_error("{}: has one class only, '{}'. Expected two or more to tell apart.",
                     dataset.root.string(), dataset.classes.front());
  }
}

std::string describe_part(const Dataset& dataset, const std::vector<std::size_t>& which) {
  const std::vector<std::size_t> counts = dataset.count_by_class(which);
  std::string text = fmt::format("{} images:", which.size());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    text += fmt::format("{} {} {}", c == 0 ? "" : ",", dataset.classes[c], counts[c]);
  }
  return text;
}

}  // namespace hilum
