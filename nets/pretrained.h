// Weights that others trained, into the networks of this folder: what their tensors are called
// there, and what has to be said about them.
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "engine/weights/load.h"

namespace hilum {

// What the file's network takes for input.
enum class PretrainedInput {
  automatic,  // caffe for the networks of which Keras has Caffe's weights (VGG, SqueezeNet), else
              // rgb
  rgb,        // red, green, blue as our loader gives them
  bgr,        // the same channels the other way round
  caffe,      // blue, green, red from 0 to 255, less a mean: the first filters are scaled, so that
              // they take images of deviation 1 as everyone else's do
};

struct PretrainedOptions {
  bool keep_head = false;  // as in LoadOptions
  PretrainedInput input = PretrainedInput::automatic;
};

// Mean and deviation of ImageNet's images in [0, 1], red, green, blue, as torchvision takes them.
inline constexpr std::array<float, 3> imagenet_mean = {0.485f, 0.456f, 0.406f};
inline constexpr std::array<float, 3> imagenet_deviation = {0.229f, 0.224f, 0.225f};

// What the published weights of a network were trained on: bytes over 255, less a mean, over a
// deviation. EfficientNet-Lite takes (byte - 127) / 128, everyone else ImageNet's.
struct PretrainedScaling {
  std::array<float, 3> mean = imagenet_mean, deviation = imagenet_deviation;
};
PretrainedScaling pretrained_scaling(const std::string& net);

// Reads `path` (safetensors, .pth, .pt, .h5) into `net`, which make_net(name, …) made and which is
// on the CPU still. Data errors where the file cannot be read or is of another network: the network
// is then as it was.
LoadReport load_pretrained(Module& net, const std::string& name, const std::filesystem::path& path,
                           const PretrainedOptions& options = {});

// The name of net.h for a tensor or a layer of other libraries, "" where there is none.
std::string torch_name(const std::string& net, const std::string& name);
std::string keras_layer(const std::string& net, const std::string& layer);
// Whether keras_layer() knows this network.
bool has_keras_names(const std::string& net);

}  // namespace hilum
