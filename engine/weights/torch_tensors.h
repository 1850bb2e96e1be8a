// From the values of a pickle to named tensors: finds the state dict, and gathers every tensor from
// its storage by offset, sizes and strides. Shared by the two forms of torch.save.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/weights/pickle.h"
#include "engine/weights/weight_file.h"

namespace hilum {

struct TorchStorage {
  NumberType type = NumberType::f32;
  std::string key;
  std::uint64_t count = 0;   // numbers in it
  std::uint64_t offset = 0;  // of the first one, where it is a view of a longer storage
  std::uint64_t bytes() const { return count * bytes_of(type); }
};

// What a persistent identifier stands for: ("storage", type, key, device, count, view or None).
TorchStorage parse_storage(const PickleValue& persistent, const std::string& source);

// The bytes of a storage.
using StorageReader = std::function<std::vector<char>(const TorchStorage&)>;

// Tensors of the state dict under `top`: itself, or what it holds as "state_dict", "model" or the
// like. Other values are left out with a note.
void read_state_dict(const PickleValue& top, const StorageReader& read, ReadBudget& budget,
                     WeightFile& result);

}  // namespace hilum
