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
constexpr const char* resnet = "He et al., arXiv 1512.03385";
constexpr const char* vgg = "Simonyan and Zisserman, arXiv 1409.1556";
constexpr const char* densenet = "Huang et al., arXiv 1608.06993";
constexpr const char* efficientnet = "Tan and Le, arXiv 1905.11946";
constexpr const char* squeezenet = "Iandola et al., arXiv 1602.07360";

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
      {"resnet18", {224, 3, "residual blocks of two 3x3 convolutions", resnet}, make_resnet},
      {"resnet34", {224, 3, "residual blocks of two 3x3 convolutions", resnet}, make_resnet},
      {"resnet50", {224, 3, "residual bottlenecks", resnet}, make_resnet},
      {"resnet50:gap",
       {224, 3, "resnet50 with a head of dense 128, dropout, dense", resnet},
       make_resnet},
      {"resnet101", {224, 3, "residual bottlenecks", resnet}, make_resnet},
      {"resnet152", {224, 3, "residual bottlenecks", resnet}, make_resnet},
      {"vgg16", {224, 3, "13 convolutions of 3x3, three dense", vgg}, make_vgg},
      {"vgg16_bn", {224, 3, "vgg16 with batch norm", vgg}, make_vgg},
      {"vgg19", {224, 3, "16 convolutions of 3x3, three dense", vgg}, make_vgg},
      {"vgg19_bn", {224, 3, "vgg19 with batch norm", vgg}, make_vgg},
      {"vgg19:fc", {224, 3, "vgg19 with no average pool before its dense layers", vgg}, make_vgg},
      {"densenet121", {224, 3, "four blocks of 6 to 24 dense layers", densenet}, make_densenet},
      {"densenet169", {224, 3, "four blocks of 6 to 32 dense layers", densenet}, make_densenet},
      {"efficientnet_lite0",
       {224, 3, "inverted residuals of depthwise convolutions", efficientnet},
       make_efficientnet},
      {"squeezenet1_1",
       {224, 3, "eight Fire modules, no dense layer", squeezenet},
       make_squeezenet},
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

void check_size(const NetRequest& request, std::size_t smallest) {
  if (request.size >= smallest) return;
  throw usage_error("{}: images of {}x{} vanish on the way. Expected at least {}x{}.", request.name,
                    request.size, request.size, smallest, smallest);
}

std::unique_ptr<Module> make_net(const std::string& name, std::size_t classes, std::size_t channels,
                                 std::size_t size) {
  const NetRow& row = find_net(name);
  if (classes < 2) throw usage_error("{}: {} classes. Expected at least 2.", name, classes);
  if (channels == 0) throw usage_error("{}: images of 0 channels. Expected 1 or 3.", name);
  const std::size_t colon = std::min(name.find(':'), name.size());
  const std::string variant = colon == name.size() ? "" : name.substr(colon + 1);
  return row.make({name.substr(0, colon), variant, classes, channels, size});
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
