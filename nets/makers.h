// What net.cpp puts into its table: one maker a family of architectures, each in its own file.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/module.h"

namespace hilum {

// "vgg19:fc" is the variant "fc" of "vgg19". Images are size x size with that many channels.
struct NetRequest {
  std::string name, variant;
  std::size_t classes, channels, size;
};

// A usage error where images are smaller than the network can take.
void check_size(const NetRequest& request, std::size_t smallest);

using NetMaker = std::unique_ptr<Module>(const NetRequest& request);

NetMaker make_cnn;
NetMaker make_densenet;
NetMaker make_efficientnet;
NetMaker make_resnet;
NetMaker make_squeezenet;
NetMaker make_vgg;

}  // namespace hilum
