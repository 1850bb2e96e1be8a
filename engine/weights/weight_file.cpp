// Tells the formats apart by their first bytes.
#include "engine/weights/weight_file.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/safetensors.h"
#include "kernels/error.h"

namespace hilum {
namespace {

WeightFile from_safetensors(const std::filesystem::path& path) {
  TensorFile file = read_safetensors(path);
  WeightFile result;
  result.path = path.string();
  result.metadata = std::move(file.metadata);
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    result.tensors.push_back(
        {std::move(file.tensors[i].name), "", file.stored[i], std::move(file.tensors[i].tensor)});
  }
  return result;
}

}  // namespace

const char* format_name(WeightFormat format) {
  constexpr std::array names = {"safetensors", "PyTorch zip", "PyTorch pickle", "Keras HDF5"};
  return names[static_cast<std::size_t>(format)];
}

ReadBudget::ReadBudget(const InputFile& file) : path_(file.path()), left_(16 * file.size()) {}

void ReadBudget::take(std::uint64_t bytes, const std::string& what) {
  if (bytes > left_) {
    throw data_error(
        "{}: '{}' claims {} bytes, more than a file of this size can hold. The file is damaged.",
        path_, what, bytes);
  }
  left_ -= bytes;
}

WeightFile read_weight_file(const std::filesystem::path& path) {
  const InputFile file(path);
  std::array<char, 16> start{};
  file.read(0, start.data(), std::min<std::uint64_t>(file.size(), start.size()));
  const std::string_view bytes(start.data(), start.size());
  const std::string ending = path.extension().string();
  if (bytes.starts_with("PK\3\4")) return read_torch_zip(file);
  if (bytes.starts_with("\x89HDF\r\n\x1a\n")) return read_keras_h5(file);
  if (bytes[0] == '\x80' || ending == ".pth" || ending == ".pt" || ending == ".pkl") {
    return read_torch_pickle(file);
  }
  if (bytes[8] == '{' || ending == ".safetensors") return from_safetensors(path);
  throw data_error(
      "{}: is no weight file that is known here. Expected safetensors, PyTorch (.pth, .pt) or "
      "Keras "
      "HDF5 (.h5).",
      path.string());
}

}  // namespace hilum
