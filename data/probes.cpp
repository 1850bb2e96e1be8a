// The probes, in the order of the header. Each is a function of (features, labels) only.
#include "data/probes.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "data/container_features.h"
#include "data/groups.h"
#include "data/logistic.h"
#include "data/nearest.h"
#include "engine/pca.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

using Labels = std::vector<std::int32_t>;
using Indices = std::vector<std::size_t>;

// Training and test images with their labels.
struct Task {
  const Dataset& dataset;
  const Survey& survey;
  Indices train, test;
  Labels train_labels, test_labels;
  std::size_t classes;
  Device device;
};

std::vector<float> one_hot(const Labels& labels, std::size_t classes) {
  std::vector<float> p(labels.size() * classes);
  for (std::size_t i = 0; i < labels.size(); ++i)
    p[i * classes + static_cast<std::size_t>(labels[i])] = 1;
  return p;
}

// The frequencies of the classes in training, for every image.
std::vector<float> majority(const Task& task) {
  std::vector<float> share(task.classes);
  for (const std::int32_t label : task.train_labels)
    share[static_cast<std::size_t>(label)] += 1 / static_cast<float>(task.train_labels.size());
  std::vector<float> p;
  for (std::size_t i = 0; i < task.test.size(); ++i) p.insert(p.end(), share.begin(), share.end());
  return p;
}

std::vector<float> nearest_neighbour(const Task& task) {
  const std::vector<std::size_t> nearest = nearest_references(
      unit_pictures(task.survey, task.test), unit_pictures(task.survey, task.train), false);
  Labels labels;
  for (const std::size_t i : nearest) labels.push_back(task.train_labels[i]);
  return one_hot(labels, task.classes);
}

// Columns to mean 0 and deviation 1 over the training images.
void standardise(std::vector<float>& train, std::vector<float>& test, std::size_t d) {
  const std::size_t n = train.size() / d;
  for (std::size_t j = 0; j < d; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) sum += train[i * d + j];
    const double mean = sum / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) squares += std::pow(train[i * d + j] - mean, 2);
    const double deviation = std::sqrt(squares / static_cast<double>(n));
    const double scale = deviation > 1e-6 ? 1 / deviation : 0;
    for (std::vector<float>* part : {&train, &test})
      for (std::size_t i = j; i < part->size(); i += d)
        (*part)[i] = static_cast<float>(((*part)[i] - mean) * scale);
  }
}

std::vector<float> linear(const Task& task, std::vector<float> train, std::vector<float> test,
                          std::size_t d) {
  standardise(train, test, d);
  return fit_logistic(train, d, task.train_labels, task.classes).probability(test);
}

// Gray levels where mask is set, an image a row.
std::vector<float> masked(const Task& task, const Indices& which, const std::vector<bool>& mask) {
  std::vector<float> rows;
  for (const std::size_t i : which) {
    const std::uint8_t* picture = task.survey.picture(i);
    for (std::size_t k = 0; k < mask.size(); ++k)
      if (mask[k]) rows.push_back(static_cast<float>(picture[k]) / 255);
  }
  return rows;
}

// One component for about twenty images, so that the linear model is not the one that overfits.
std::vector<float> pca_logistic(const Task& task, const std::vector<bool>& mask,
                                std::size_t most_components) {
  const auto d = static_cast<std::size_t>(std::count(mask.begin(), mask.end(), true));
  const std::size_t n = task.train.size();
  const std::size_t k = std::clamp<std::size_t>(n / 20, 2, most_components);
  const std::vector<float> train = masked(task, task.train, mask),
                           test = masked(task, task.test, mask);
  PcaOptions options;
  options.device = task.device;
  options.iterations = 12;
  options.tolerance = 1e-4;
  const Pca pca = fit_pca(train.data(), n, d, k, options);
  return linear(task, pca.scores(train.data(), n, task.device),
                pca.scores(test.data(), task.test.size(), task.device), pca.k);
}

std::vector<float> container_only(const Task& task) {
  const ContainerFeatures features(task.dataset, task.survey, task.train);
  return linear(task, features.rows(task.train), features.rows(task.test), features.d());
}

// Pixels of the survey's picture by how far they are from the border.
std::vector<bool> ring(std::size_t side, std::size_t from, std::size_t to) {
  std::vector<bool> mask(side * side);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const std::size_t depth = std::min({y, x, side - 1 - y, side - 1 - x});
      mask[y * side + x] = depth >= from && depth < to;
    }
  }
  return mask;
}

// Labels dealt anew: every group gets the label of another, so that all its images agree.
Task shuffled(const Task& task, std::uint64_t seed) {
  std::vector<std::string> group;
  for (const Item& item : task.dataset.items) group.push_back(item.group);
  if (std::all_of(group.begin(), group.end(), [](const auto& g) { return g.empty(); }))
    group = find_groups(task.dataset, task.survey).group;
  Task result = task;
  std::map<std::string, std::size_t> number;
  std::vector<std::int32_t> labels;  // of the groups, in order of first sight
  std::vector<std::size_t> of_train, of_test;
  const auto collect = [&](const Indices& which, const Labels& known,
                           std::vector<std::size_t>& out) {
    for (std::size_t k = 0; k < which.size(); ++k) {
      const std::string& its = group[which[k]];
      const std::string name = its.empty() ? "#" + std::to_string(which[k]) : its;
      const auto [at, fresh] = number.emplace(name, labels.size());
      if (fresh) labels.push_back(known[k]);
      out.push_back(at->second);
    }
  };
  collect(task.train, task.train_labels, of_train);
  collect(task.test, task.test_labels, of_test);
  shuffle(labels, seed, purpose("shuffled labels"));
  for (std::size_t k = 0; k < of_train.size(); ++k) result.train_labels[k] = labels[of_train[k]];
  for (std::size_t k = 0; k < of_test.size(); ++k) result.test_labels[k] = labels[of_test[k]];
  return result;
}

ProbeResult scored(std::string name, std::string shows, std::vector<float> probability,
                   const Labels& labels, const Dataset& dataset) {
  ProbeResult result{std::move(name), std::move(shows), std::move(probability), labels, {}, 0};
  const Metrics metrics = compute_metrics(dataset.classes, labels, result.probability);
  result.accuracy = metrics.accuracy;
  result.auc = metrics.macro_auc;
  return result;
}

Task make_task(const Dataset& dataset, const Survey& survey, const ProbeOptions& options) {
  Task task{dataset,
            survey,
            probed_images(dataset, survey, options.train),
            probed_images(dataset, survey, options.test),
            {},
            {},
            dataset.classes.size(),
            options.device};
  for (const std::size_t i : task.train)
    task.train_labels.push_back(static_cast<std::int32_t>(dataset.items[i].label));
  for (const std::size_t i : task.test)
    task.test_labels.push_back(static_cast<std::int32_t>(dataset.items[i].label));
  const auto different =
      std::adjacent_find(task.train_labels.begin(), task.train_labels.end(), std::not_equal_to<>());
  if (task.test.empty() || different == task.train_labels.end()) {
    throw data_error(
        "{}: probes need images of two classes in '{}' and some in '{}'; there are {} and {}. "
        "Divide the set first (hilum data split), or name other splits.",
        dataset.root.string(), options.train, options.test, task.train.size(), task.test.size());
  }
  return task;
}

}  // namespace

std::vector<std::size_t> probed_images(const Dataset& dataset, const Survey& survey,
                                       const std::string& split) {
  std::vector<std::size_t> which;
  for (const std::size_t i : dataset.indices(split))
    if (survey.usable(i)) which.push_back(i);
  return which;
}

std::vector<ProbeResult> run_probes(const Dataset& dataset, const Survey& survey,
                                    const ProbeOptions& options) {
  const Task task = make_task(dataset, survey, options);
  const std::size_t side = survey.side, half = side / 2;
  const std::size_t frame = side * 6 / 64, blank = side / 6;
  std::vector<ProbeResult> results;
  const auto add = [&](const char* name, const char* shows, std::vector<float> probability) {
    results.push_back(scored(name, shows, std::move(probability), task.test_labels, dataset));
  };
  add("majority", "always the most frequent class: the floor of floors", majority(task));
  add("nearest neighbour", "copies 32 x 32 pixels: high where one patient is on both sides",
      nearest_neighbour(task));
  add("pca + logistic", "a linear look at 64 x 64 pixels",
      pca_logistic(task, ring(side, 0, half), 50));
  add("container only", "format, colour type, size, bytes: no pixel; above the floor is a shortcut",
      container_only(task));
  add("frame only", "the outer 6 of 64 pixels, where no lung is: above the floor is a shortcut",
      pca_logistic(task, ring(side, 0, frame), 10));
  add("centre blanked", "all but the middle two thirds: what the lungs are not needed for",
      pca_logistic(task, ring(side, 0, blank), 20));
  const Task dealt = shuffled(task, options.seed);
  results.push_back(scored("shuffled labels",
                           "labels dealt anew to whole groups: above chance only through leaks",
                           nearest_neighbour(dealt), dealt.test_labels, dataset));
  return results;
}

std::vector<ProbeResult> run_probes(const Dataset& dataset, const ProbeOptions& options) {
  return run_probes(dataset, make_survey(dataset), options);
}

}  // namespace hilum
