// Checkpoints in the safetensors format (8 bytes of header length, a JSON header, raw little-endian
// tensors; https://github.com/huggingface/safetensors): any reader can open them.
//
// Convolution filters are stored as torchvision stores them, [K, C/G, R, S]; see state_dict().
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/module.h"
#include "engine/weights/numbers.h"

namespace hilum {

struct TensorFile {
  std::vector<NamedTensor> tensors;  // float32 (other float types are converted) or i32
  std::map<std::string, std::string> metadata = {};  // __metadata__
  std::vector<NumberType> stored = {};               // as each tensor lay in the file that was read
};

// Checks header length, JSON, types, shapes, offsets, overlaps and gaps before anything is
// allocated; data errors name the file.
TensorFile read_safetensors(const std::filesystem::path& path);
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

// Parameters and buffers of a network under torchvision's names and layouts.
std::vector<NamedTensor> state_dict(const Module& module);

// Copies tensors into the network by name. Data errors where one is missing, unknown or of another
// shape: they name the tensor, both shapes and the file (`source`).
void load_state_dict(Module& module, const std::vector<NamedTensor>& tensors,
                     const std::string& source);

}  // namespace hilum
