// Which layers of a network are trained. A network's head is its last child (torchvision's fc or
// classifier) with the average pool and flatten before it, if there are any; everything before that
// is its body, as Keras' applications give it without their top.
//
// Layers are counted as Keras counts them, each of these being one: convolution or dense (with its
// bias), batch norm, activation, add, concat, pool, flatten; in the order in which they are called.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/module.h"

namespace hilum {

struct Freeze {
  enum class Kind { none, all, last } kind = Kind::none;
  std::size_t layers = 0;  // last: that many of the body's last layers are trained, and the head
  bool norms = false;      // batch norms stay frozen, their statistics too, wherever they are
};

// "none", "all" (of the body) or "last:N"; usage error otherwise.
Freeze parse_freeze(const std::string& text);

struct CalledLayer {
  std::string path;  // of the module, or of the one that called the operation
  std::string op;    // "conv2d"
};

// What Keras would list, found by running one image in evaluation mode.
std::vector<CalledLayer> called_layers(Module& net, const Tensor& image);

// Name of the head; usage error where the network has no two children to tell apart.
std::string head_name(const Module& net);
// Whether a parameter or layer of this path belongs to the head called `head`.
bool in_head(const std::string& path, const std::string& head);

struct FreezeReport {
  std::size_t layers = 0, trained_layers = 0;          // as Keras counts
  std::size_t parameters = 0, trained_parameters = 0;  // numbers
  std::vector<std::string> trained;                    // paths of modules with such parameters
};

// Freezes and unfreezes all modules of `net` as asked. A usage error where the body has fewer
// layers than are to be trained.
FreezeReport apply_freeze(Module& net, const Freeze& freeze, const Tensor& image);

}  // namespace hilum
