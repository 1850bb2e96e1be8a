// The architectures by name. A network is a Module from images [N,H,W,C] to logits [N,classes]; the
// softmax is in the loss. Parameters are zero until initialise() or load_state_dict() fills them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/module.h"

namespace hilum {

struct NetDefaults {
  std::size_t size, channels;  // of the images it was made for
  const char* description;     // one line
  const char* paper;           // where it comes from
};

// "cnn", "vgg19_bn", … are called as torchvision calls them; what follows a colon ("cnn:dropout",
// "vgg19:fc") is a variant of ours. A name that does not exist, or images too small for it, is a
// usage error that says what there is.
std::unique_ptr<Module> make_net(const std::string& name, std::size_t classes, std::size_t channels,
                                 std::size_t size);
const std::vector<std::string>& net_names();
const NetDefaults& net_defaults(const std::string& name);

}  // namespace hilum
