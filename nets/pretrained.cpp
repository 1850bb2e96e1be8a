// Names of timm, of older torchvision files and of Keras (keras.applications, keras-squeezenet).
#include "nets/pretrained.h"

#include <array>
#include <regex>

#include "kernels/error.h"

namespace hilum {
namespace {

// "vgg19:fc" is a vgg19 for these purposes.
std::string base_of(const std::string& net) { return net.substr(0, net.find(':')); }

// Keras counts blocks and convolutions, torchvision every layer: two a convolution, one a pool.
std::string vgg_layer(const std::string& net, const std::string& layer) {
  if (layer == "fc1") return "classifier.0";
  if (layer == "fc2") return "classifier.3";
  if (layer == "predictions") return "classifier.6";
  std::smatch part;
  if (!std::regex_match(layer, part, std::regex("block([1-5])_conv([1-4])"))) return "";
  const std::array<int, 5> convolutions =
      net == "vgg19" ? std::array<int, 5>{2, 2, 4, 4, 4} : std::array<int, 5>{2, 2, 3, 3, 3};
  int index = 2 * (std::stoi(part[2]) - 1);
  for (int block = 1; block < std::stoi(part[1]); ++block) {
    index += 2 * convolutions[static_cast<std::size_t>(block - 1)] + 1;
  }
  return "features." + std::to_string(index);
}

std::string squeezenet_layer(const std::string& layer) {
  if (layer == "conv1") return "features.0";
  if (layer == "conv10") return "classifier.1";
  std::smatch part;
  const std::regex fire("fire([2-9])/(squeeze1x1|expand1x1|expand3x3)");
  if (!std::regex_match(layer, part, fire)) return "";
  constexpr std::array<int, 8> places = {3, 4, 6, 7, 9, 10, 11, 12};  // of fire2 to fire9
  const std::string inside = part[2] == "squeeze1x1" ? "squeeze" : part[2].str();
  return fmt::format("features.{}.{}", places[static_cast<std::size_t>(std::stoi(part[1]) - 2)],
                     inside);
}

std::string densenet_layer(std::string layer) {
  for (char& c : layer) c = c == '/' ? '_' : c;
  if (layer == "conv1_conv") return "features.conv0";
  if (layer == "conv1_bn") return "features.norm0";
  if (layer == "bn") return "features.norm5";
  if (layer == "predictions" || layer == "fc1000") return "classifier";
  std::smatch part;
  if (std::regex_match(layer, part, std::regex("pool([2-4])_(bn|conv)"))) {
    return fmt::format("features.transition{}.{}", std::stoi(part[1]) - 1,
                       part[2] == "bn" ? "norm" : "conv");
  }
  const std::regex dense("conv([2-5])_block([0-9]{1,2})_([012])_(bn|conv)");
  if (!std::regex_match(layer, part, dense)) return "";
  // Theirs: 0_bn, 1_conv, 1_bn, 2_conv; ours: norm1, conv1, norm2, conv2.
  const int place = std::stoi(part[3]);
  return fmt::format(
      "features.denseblock{}.denselayer{}.{}", std::stoi(part[1]) - 1, part[2].str(),
      part[4] == "bn" ? fmt::format("norm{}", place + 1) : fmt::format("conv{}", place));
}

// timm counts blocks by stage and batch norms from 1; a block without a widening has one less.
std::string efficientnet_name(const std::string& name) {
  static const std::array<std::pair<const char*, const char*>, 5> outside = {
      {{"conv_stem.", "_conv_stem."},
       {"bn1.", "_bn0."},
       {"conv_head.", "_conv_head."},
       {"bn2.", "_bn1."},
       {"classifier.", "_fc."}}};
  for (const auto& [theirs, ours] : outside) {
    if (name.starts_with(theirs)) return ours + name.substr(std::string(theirs).size());
  }
  static const std::regex block(
      "blocks\\.([0-6])\\.([0-3])\\.(conv_pw|conv_dw|conv_pwl|bn[123])(\\..*)");
  std::smatch part;
  if (!std::regex_match(name, part, block)) return name;
  constexpr std::array<int, 7> first = {0, 1, 3, 5, 8, 11, 15};  // block of each stage
  const std::size_t stage = static_cast<std::size_t>(std::stoi(part[1]));
  const bool widens = stage > 0;
  std::string layer = part[3];
  if (layer.starts_with("bn")) {
    layer = fmt::format("_bn{}", std::stoi(layer.substr(2)) - (widens ? 1 : 0));
  } else if (layer == "conv_dw") {
    layer = "_depthwise_conv";
  } else {
    layer = layer == "conv_pw" && widens ? "_expand_conv" : "_project_conv";
  }
  return fmt::format("_blocks.{}.{}{}", first[stage] + std::stoi(part[2]), layer, part[4].str());
}

}  // namespace

bool has_keras_names(const std::string& net) {
  const std::string base = base_of(net);
  return base == "vgg16" || base == "vgg19" || base == "squeezenet1_1" ||
         base.starts_with("densenet");
}

std::string keras_layer(const std::string& net, const std::string& layer) {
  const std::string base = base_of(net);
  if (base.starts_with("vgg")) return vgg_layer(base, layer);
  if (base.starts_with("densenet")) return densenet_layer(layer);
  return base == "squeezenet1_1" ? squeezenet_layer(layer) : "";
}

std::string torch_name(const std::string& net, const std::string& name) {
  const std::string base = base_of(net);
  // timm's tf_efficientnet_lite0; its efficientnet_lite0 pads otherwise under the same names.
  if (base == "efficientnet_lite0") return efficientnet_name(name);
  if (base.starts_with("densenet")) {
    // Files from before names could hold no dots: denselayer1.norm.1.weight.
    static const std::regex old("(.*denselayer[0-9]+\\.(?:norm|conv))\\.([12]\\..*)");
    return std::regex_replace(name, old, "$1$2");
  }
  if (base.starts_with("vgg")) {
    static const std::array<std::pair<const char*, const char*>, 3> timm = {
        {{"pre_logits.fc1.", "classifier.0."},
         {"pre_logits.fc2.", "classifier.3."},
         {"head.fc.", "classifier.6."}}};
    for (const auto& [theirs, ours] : timm) {
      if (name.starts_with(theirs)) return ours + name.substr(std::string(theirs).size());
    }
  }
  return name;
}

PretrainedScaling pretrained_scaling(const std::string& net) {
  if (base_of(net) != "efficientnet_lite0") return {};
  constexpr float mean = 127.0f / 255, deviation = 128.0f / 255;
  return {{mean, mean, mean}, {deviation, deviation, deviation}};
}

LoadReport load_pretrained(Module& net, const std::string& name, const std::filesystem::path& path,
                           const PretrainedOptions& options) {
  const WeightFile file = read_weight_file(path);
  if (file.format == WeightFormat::keras_h5 && base_of(name).starts_with("resnet")) {
    throw data_error(
        "{}: Keras' residual networks halve in the first 1x1 convolution of a stage, {} in the 3x3 "
        "one: the same weights would give other features. Take a .pth or .safetensors of "
        "torchvision's.",
        path.string(), name);
  }
  LoadOptions how;
  how.keep_head = options.keep_head;
  PretrainedInput input = options.input;
  if (input == PretrainedInput::automatic) {
    const bool caffe = file.format == WeightFormat::keras_h5 &&
                       (base_of(name).starts_with("vgg") || base_of(name) == "squeezenet1_1");
    input = caffe ? PretrainedInput::caffe : PretrainedInput::rgb;
  }
  how.bgr = input == PretrainedInput::bgr || input == PretrainedInput::caffe;
  if (input == PretrainedInput::caffe) {
    for (std::size_t c = 0; c < 3; ++c) how.input_scale[c] = 255 * imagenet_deviation[c];
  }
  how.torch_name = [&name](const std::string& theirs) { return torch_name(name, theirs); };
  if (has_keras_names(name)) {
    how.keras_layer = [&name](const std::string& layer) { return keras_layer(name, layer); };
  }
  // keras.applications' DenseNet says 1.001e-5; other networks with a table have no batch norm.
  how.keras_epsilon = base_of(name).starts_with("densenet") ? 1.001e-5f : 1e-3f;
  return load_weights(net, file, how);
}

}  // namespace hilum
