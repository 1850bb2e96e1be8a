// Weights of another library into a network, by name: layouts are converted, and a report says of
// every tensor, of the file and of the network, what became of it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/module.h"
#include "engine/weights/weight_file.h"

namespace hilum {

enum class LoadStatus {
  loaded,     // as it lay in the file but for the order of a filter's axes
  converted,  // `how` says what was done
  kept,       // of the head: stays as initialised, `how` says why
  unused,     // of the file: the network has no place for it
};

struct LoadRow {
  std::string name;    // in the network; empty where unused
  std::string source;  // in the file; empty where it has none
  Shape shape;         // in the file, else in the network
  LoadStatus status;
  std::string how;
};

struct LoadReport {
  std::string source, format;
  std::vector<LoadRow> rows;
  std::vector<std::string> notes;
  std::map<std::string, std::string> metadata;  // of the file

  std::size_t count(LoadStatus status) const;
  std::string summary() const;  // a line: how many of each
  std::string text() const;     // a line a tensor, then the notes
};

struct LoadOptions {
  // The head (the dense layers at the end, or else the last convolution) may stay as initialised:
  // from its first layer on that the file does not have, or has for another number of classes.
  // Otherwise all must be there and nothing may be left over.
  bool keep_head = false;
  // The file's network reads blue, green, red: its first filters are turned round.
  bool bgr = false;
  // The file's input is this many times ours (red, green, blue): its first filters are scaled.
  std::array<float, 3> input_scale = {1, 1, 1};
  // The network's name of a tensor of PyTorch, and its path of a Keras layer; "" for none. Without
  // the first, names are taken as they are; without the second, Keras' layers are taken in order.
  std::function<std::string(const std::string&name)> torch_name, keras_layer;
  float keras_epsilon = 1e-5f;  // of Keras' batch norm, which its files do not hold
};

// Everything is checked before anything is written: after a data error the network is as it was.
// Errors name the tensor and both shapes. The network is on the CPU still.
LoadReport load_weights(Module& net, const WeightFile& file, const LoadOptions& options = {});

}  // namespace hilum
