// What net.cpp puts into its table: one maker an architecture, each in its own
// file. Images are size x size with that many channels.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/module.h"

namespace hilum {

// The variant is what follows the colon of the name, "" where there is none.
using NetMaker = std::unique_ptr<Module>(const std::string& variant, std::size_t classes,
                                         std::size_t channels, std::size_t size);

NetMaker make_cnn;

}  // namespace hilum
