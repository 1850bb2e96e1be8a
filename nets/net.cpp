// The table of architectures: a new one is its file, its declaration in makers.h and a row here.
#include "nets/net.h"

#include <fmt/ranges.h>

#include "kernels/error.h"
#include "nets/makers.h"

namespace hilum {
namespace {

struct NetRow {
  std::string name;
  NetDefaults defaults;
  NetMaker* make;
};

constexpr const char* three_class = "sequential network of the three-class chest experiment";
constexpr const char* five_models = "one of the five compared on chest images, COVID or not";

const std::vector<NetRow>& net_table() {
  static const std::vector<NetRow> rows = {
      {"cnn",
       {128, 3, "four blocks of 3x3 convolution and pooling, two dense", three_class},
       make_cnn},
      {"cnn:base",
       {200, 1, "four 3x3 convolutions without padding, dense 128", five_models},
       make_cnn},
      {"cnn:low", {200, 1, "cnn:base with fewer filters", five_models}, make_cnn},
      {"cnn:dropout", {200, 1, "cnn:base with dropout 0.2", five_models}, make_cnn},
      {"cnn:l1", {200, 1, "cnn:base with L1 0.001 on its filters", five_models}, make_cnn},
      {"cnn:l2", {200, 1, "cnn:base with L2 0.001 on its filters", five_models}, make_cnn},
      {"cnn:l1l2", {200, 1, "cnn:base with L1 and L2 0.001 on its filters", five_models}, make_cnn},
  };
  return rows;
}

const NetRow& find_net(const std::string& name) {
  for (const NetRow& row : net_table()) {
    if (row.name == name) return row;
  }
  throw usage_error("no network is called '{}'. Expected one of: {}.", name,
                    fmt::join(net_names(), ", "));
}

}  // namespace

std::unique_ptr<Module> make_net(const std::string& name, std::size_t classes, std::size_t channels,
                                 std::size_t size) {
  const NetRow& row = find_net(name);
  if (classes < 2) throw usage_error("{}: {} classes. Expected at least 2.", name, classes);
  if (channels == 0) throw usage_error("{}: images of 0 channels. Expected 1 or 3.", name);
  const std::size_t colon = name.find(':');
  const std::string variant = colon == std::string::npos ? "" : name.substr(colon + 1);
  return row.make(variant, classes, channels, size);
}

const std::vector<std::string>& net_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const NetRow& row : net_table()) all.push_back(row.name);
    return all;
  }();
  return names;
}

const NetDefaults& net_defaults(const std::string& name) { return find_net(name).defaults; }

}  // namespace hilum
