// Tensor handles and their storage; the tape side of Tensor is in tape.cpp.
#include "engine/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/tensor_state.h"
#include "kernels/device.h"
#include "kernels/error.h"

namespace hilum {
namespace {

const TensorState& checked(const std::shared_ptr<TensorState>& state) {
  if (state == nullptr) {
    throw usage_error("tensor: used before it was given a value. Expected a defined tensor.");
  }
  return *state;
}

void check_type(const TensorState& state, DType wanted) {
  if (state.dtype != wanted) {
    throw usage_error("tensor {}: read as {} and holds {}.", state.shape.str(), dtype_name(wanted),
                      dtype_name(state.dtype));
  }
}

Tensor share_storage(const TensorState& from, const Shape& shape) {
  auto state = std::make_shared<TensorState>();
  state->storage = from.storage;
  state->shape = shape;
  state->dtype = from.dtype;
  return Tensor(std::move(state));
}

LabelRange range_of(const TensorState& labels) {
  if (labels.storage->device == Device::cuda) return labels.storage->labels;
  const auto* const first = static_cast<const std::int32_t*>(labels.storage->data);
  const auto [least, largest] = std::minmax_element(first, first + labels.shape.count());
  return labels.shape.count() == 0 ? LabelRange{} : LabelRange{*least, *largest};
}

template <class T>
Tensor copy_in(std::span<const T> values, const Shape& shape, DType dtype) {
  if (values.size() != shape.count()) {
    throw usage_error("tensor {}: expected {} values, got {}.", shape.str(), shape.count(),
                      values.size());
  }
  Tensor tensor = Tensor::empty(shape, Device::cpu, dtype);
  if (!values.empty()) {
    std::memcpy(tensor.state()->storage->data, values.data(), values.size_bytes());
  }
  return tensor;
}

}  // namespace

std::size_t dtype_size(DType dtype) { return dtype == DType::u8 ? 1 : 4; }

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::i32:
      return "i32";
    case DType::u8:
      return "u8";
  }
  return "?";
}

Shape::Shape(std::initializer_list<std::size_t> sizes)
    : Shape(std::span<const std::size_t>(sizes.begin(), sizes.size())) {}

Shape::Shape(std::span<const std::size_t> sizes) : rank_(sizes.size()) {
  if (rank_ > max_rank) {
    throw usage_error("shape: {} sizes. Expected at most {}.", rank_, max_rank);
  }
  std::size_t count = 1;
  for (std::size_t size : sizes) {
    // Room for eight bytes an element, so that no later product of sizes overflows.
    if (size != 0 && count > std::numeric_limits<std::size_t>::max() / 8 / size) {
      throw usage_error("shape: the number of elements overflows.");
    }
    count *= size;
  }
  std::copy(sizes.begin(), sizes.end(), sizes_);
}

std::size_t Shape::operator[](std::size_t i) const {
  if (i >= rank_)
    throw usage_error("shape {}: no axis {}. Expected less than {}.", str(), i, rank_);
  return sizes_[i];
}

std::size_t Shape::count() const {
  std::size_t count = 1;
  for (std::size_t i = 0; i < rank_; ++i) count *= sizes_[i];
  return count;
}

std::string Shape::str() const {
  if (rank_ == 0) return "scalar";
  return fmt::format("{}", fmt::join(sizes_, sizes_ + rank_, "x"));
}

Storage::Storage(std::size_t bytes, Device device) : data(nullptr), bytes(bytes), device(device) {
  if (const char* reason = why_missing(device)) throw device_error("tensor: {}.", reason);
  data = allocate(bytes, device);
}

Tensor Tensor::empty(const Shape& shape, Device device, DType dtype) {
  auto state = std::make_shared<TensorState>();
  state->storage = std::make_shared<Storage>(shape.count() * dtype_size(dtype), device);
  state->shape = shape;
  state->dtype = dtype;
  return Tensor(std::move(state));
}

Tensor Tensor::zeros(const Shape& shape, Device device) { return full(shape, 0, device); }

Tensor Tensor::full(const Shape& shape, float value, Device device) {
  Tensor tensor = empty(shape, device == Device::cuda ? Device::cpu : device);
  std::fill_n(tensor.data(), tensor.count(), value);
  return tensor.to(device);
}

Tensor Tensor::from(std::span<const float> values, const Shape& shape) {
  return copy_in(values, shape, DType::f32);
}
Tensor Tensor::from(std::span<const std::int32_t> values, const Shape& shape) {
  return copy_in(values, shape, DType::i32);
}

const Shape& Tensor::shape() const { return checked(state_).shape; }
Device Tensor::device() const { return checked(state_).storage->device; }
DType Tensor::dtype() const { return checked(state_).dtype; }

const float* Tensor::data() const {
  check_type(checked(state_), DType::f32);
  return static_cast<const float*>(state_->storage->data);
}
float* Tensor::data() { return const_cast<float*>(std::as_const(*this).data()); }

const std::int32_t* Tensor::labels() const {
  check_type(checked(state_), DType::i32);
  return static_cast<const std::int32_t*>(state_->storage->data);
}
std::int32_t* Tensor::labels() { return const_cast<std::int32_t*>(std::as_const(*this).labels()); }

float Tensor::item() const {
  if (count() != 1) {
    throw usage_error("item: a tensor {} has {} values. Expected one.", shape().str(), count());
  }
  return values()[0];
}

std::vector<float> Tensor::values() const {
  std::vector<float> copy(count());
  device_copy(device(), Way::to_host, copy.data(), data(), copy.size() * sizeof(float));
  return copy;
}

Tensor Tensor::to(Device device) const {
  if (this->device() == device) return *this;
  Tensor copy = empty(shape(), device, dtype());
  copy.copy_from(*this);
  return copy;
}

void Tensor::copy_from(const Tensor& source) {
  const TensorState &to = checked(state_), &from = checked(source.state_);
  if (to.shape != from.shape || to.dtype != from.dtype) {
    throw usage_error("copy of {} {} into {} {}. Expected the same shape and type.",
                      dtype_name(from.dtype), from.shape.str(), dtype_name(to.dtype),
                      to.shape.str());
  }
  if (to.storage == from.storage) return;
  const bool to_gpu = to.storage->device == Device::cuda;
  const bool from_gpu = from.storage->device == Device::cuda;
  const Way way = to_gpu ? (from_gpu ? Way::within : Way::to_device) : Way::to_host;
  device_copy(to_gpu ? to.storage->device : from.storage->device, way, to.storage->data,
              from.storage->data, from.shape.count() * dtype_size(from.dtype));
  if (to.dtype == DType::i32) to.storage->labels = range_of(from);
}

LabelRange label_range(const Tensor& labels) {
  check_type(checked(labels.state()), DType::i32);
  return range_of(*labels.state());
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.count() != count()) {
    throw usage_error("reshape {} to {}: {} values do not make {}.", this->shape().str(),
                      shape.str(), count(), shape.count());
  }
  const Shape before = this->shape();
  return record("reshape", {*this}, share_storage(*state_, shape),
                [before](Tensor dy) { return std::vector<Tensor>{dy.reshape(before)}; });
}

Tensor Tensor::detach() const { return share_storage(checked(state_), state_->shape); }

Tensor Tensor::clone() const {
  Tensor copy = empty(shape(), device(), dtype());
  copy.copy_from(*this);
  return copy;
}

}  // namespace hilum
