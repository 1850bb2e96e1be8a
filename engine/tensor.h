// Tensor: a handle on shared, contiguous storage with a shape, a number type and a device, and a
// place in the tape. Copying a Tensor copies the handle. Activations are NHWC, filters KRSC.
//
// No strides, no views but reshape, no lazy evaluation: what a function returns has been computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/row.h"

namespace hilum {

enum class DType { f32, i32, u8 };
std::size_t dtype_size(DType dtype);
const char* dtype_name(DType dtype);

// Up to five sizes. A shape with no sizes is a scalar: one element.
class Shape {
 public:
  static constexpr std::size_t max_rank = 5;
  Shape() = default;
  Shape(std::initializer_list<std::size_t> sizes);
  explicit Shape(std::span<const std::size_t> sizes);
  std::size_t rank() const { return rank_; }
  std::size_t operator[](std::size_t i) const;
  std::size_t count() const;  // product of the sizes
  std::string str() const;    // "32x128x128x3"
  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::size_t sizes_[max_rank] = {};
  std::size_t rank_ = 0;
};

struct TensorState;  // storage, shape, gradient, node; tensor_state.h
struct Node;         // tensor_state.h

class Tensor {
 public:
  Tensor() = default;  // no storage; defined() is false
  static Tensor empty(const Shape& shape, Device device = Device::cpu, DType dtype = DType::f32);
  static Tensor zeros(const Shape& shape, Device device = Device::cpu);
  static Tensor full(const Shape& shape, float value, Device device = Device::cpu);
  static Tensor from(std::span<const float> values, const Shape& shape);
  static Tensor from(std::span<const std::int32_t> values, const Shape& shape);

  bool defined() const { return state_ != nullptr; }
  const Shape& shape() const;
  std::size_t size(std::size_t axis) const { return shape()[axis]; }
  std::size_t count() const { return shape().count(); }
  Device device() const;
  DType dtype() const;

  // Pointers into the device's memory: on device cuda only kernels may follow them. Usage errors
  // where the number type is another.
  float* data();
  const float* data() const;
  std::int32_t* labels();
  const std::int32_t* labels() const;

  float item() const;                 // the value of a tensor with one element
  std::vector<float> values() const;  // a copy on the host
  Tensor to(Device device) const;     // explicit copy; the same handle where it is there already
  // Overwrites this tensor's values, on whichever devices the two lie. Same shape and number type.
  void copy_from(const Tensor& source);
  Tensor reshape(const Shape& shape) const;  // shares storage; on the tape
  Tensor detach() const;                     // shares storage, off the tape
  Tensor clone() const;                      // own storage, off the tape

  // Tape.
  bool requires_grad() const;
  Tensor& set_requires_grad(bool on);
  // Not defined() until backward() has reached this tensor. A result of an operation keeps its
  // gradient only where retain_grad() was called on it.
  Tensor grad() const;
  Tensor& retain_grad();
  void set_grad(const Tensor& grad);
  void clear_grad();
  // Gradients of this scalar with respect to every leaf on its tape that requires one; they are
  // added to what is there. The tape is spent: its saved tensors are freed on the way, and a second
  // backward() through any of it is a usage error. Several losses are added first.
  void backward() const;
  // With an explicit cotangent of this tensor's shape.
  void backward(const Tensor& cotangent) const;

  const std::shared_ptr<TensorState>& state() const { return state_; }
  explicit Tensor(std::shared_ptr<TensorState> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<TensorState> state_;
};

// No tape is written while one of these lives (evaluation).
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
bool grad_enabled();

}  // namespace hilum
