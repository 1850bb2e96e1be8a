// Weight files of this and other libraries, read by content and not by name:
//
//   safetensors       torchvision, timm, our own checkpoints
//   torch_zip         torch.save since PyTorch 1.6: a zip of a pickle and one entry a storage
//   torch_pickle      torch.save before that: pickles, then the storages
//   keras_h5          Keras' save_weights and save to HDF5, one group a layer
//
// A file from anywhere may be read: nothing in it is run, and what it claims is held against its
// size before memory is taken for it. Every refusal is a data error that names the file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/file.h"
#include "engine/tensor.h"
#include "engine/weights/numbers.h"

namespace hilum {

enum class WeightFormat { safetensors, torch_zip, torch_pickle, keras_h5 };
const char* format_name(WeightFormat format);

struct FileTensor {
  std::string name;   // "layer1.0.conv1.weight", "kernel:0"
  std::string layer;  // Keras only: the layer whose tensor it is, "fire2/squeeze1x1"
  NumberType stored;  // as it lies in the file
  Tensor tensor;      // float32, axes as in the file
};

struct WeightFile {
  std::string path;
  WeightFormat format = WeightFormat::safetensors;
  std::vector<FileTensor> tensors;              // in the file's order
  std::map<std::string, std::string> metadata;  // safetensors' own; Keras' "backend"
  std::vector<std::string> notes;               // what was left out and why
};

WeightFile read_weight_file(const std::filesystem::path& path);

// Bytes that reading a file may take in all: a small multiple of the file, so that a small file
// cannot claim a big tensor, or one storage a thousand times.
class ReadBudget {
 public:
  explicit ReadBudget(const InputFile& file);
  void take(std::uint64_t bytes, const std::string& what);  // a data error where it is spent

 private:
  std::string path_;
  std::uint64_t left_;
};

// The readers behind read_weight_file().
WeightFile read_torch_zip(const InputFile& file);
WeightFile read_torch_pickle(const InputFile& file);
WeightFile read_keras_h5(const InputFile& file);

}  // namespace hilum
