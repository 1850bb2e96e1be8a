// Rows whose functions live in a device's shared object. In a table,
//
//   HILUM_CUDA_ROWS(ReluForward, "cuda1")
//
// stands for two rows, of device cuda and of device emu, both compiled from relu/cuda1.cu, where
// the function is called relu_forward_cuda1. What may follow the name is as in Row: why_not,
// workspace, tolerance, deterministic. A library's row, which emu cannot give, is loaded_row<Pass,
// Device::cuda, "cudnn">(...).
#pragma once

#include <cstddef>
#include <string>

#include "kernels/device.h"
#include "kernels/dispatch.h"
#include "kernels/row.h"

#define HILUM_CUDA_ROWS(Pass, name, ...)                               \
  ::hilum::loaded_row<Pass, ::hilum::Device::cuda, name>(__VA_ARGS__), \
      ::hilum::loaded_row<Pass, ::hilum::Device::emu, name>(__VA_ARGS__)

namespace hilum {

// A row's name as a template argument.
template <std::size_t n>
struct RowName {
  char text[n];
  consteval RowName(const char (&literal)[n]) {
    for (std::size_t i = 0; i < n; ++i) text[i] = literal[i];
  }
};

namespace detail {
// Looks the function up at the first call.
template <class Pass, Device device, RowName name, class Function>
struct LoadedRow;
template <class Pass, Device device, RowName name, class... Operands>
struct LoadedRow<Pass, device, name,
                 void (*)(const Launch&, const typename Pass::Problem&, Operands...)> {
  static void run(const Launch& launch, const typename Pass::Problem& problem,
                  Operands... operands) {
    static const auto function = reinterpret_cast<typename Pass::Function>(object_function(
        device_name(device), std::string(Pass::op) + "_" + Pass::pass + "_" + name.text));
    function(launch, problem, operands...);
  }
};
}  // namespace detail

template <class Pass, Device device, RowName name>
Row<Pass> loaded_row(const char* (*why_not)(const typename Pass::Problem&) = nullptr,
                     std::size_t (*workspace)(const typename Pass::Problem&) = nullptr,
                     double tolerance = 4, bool deterministic = true) {
  using Loaded = detail::LoadedRow<Pass, device, name, typename Pass::Function>;
  // A copy that outlives the call; the template parameter's own text would do but for gcc 12.
  static const RowName kept = name;
  return {kept.text, device,    why_not,      in_this_build(device) ? &Loaded::run : nullptr,
          workspace, tolerance, deterministic};
}

namespace detail {
// A library's row: its reasons and its workspace are functions of the object too.
template <class Pass, RowName object, RowName name, class Function>
struct LibraryRow;
template <class Pass, RowName object, RowName name, class... Operands>
struct LibraryRow<Pass, object, name,
                  void (*)(const Launch&, const typename Pass::Problem&, Operands...)> {
  using Problem = typename Pass::Problem;
  static std::string symbol(const char* end = "") {
    return std::string(Pass::op) + "_" + Pass::pass + "_" + name.text + end;
  }
  static void run(const Launch& launch, const Problem& problem, Operands... operands) {
    static const auto function =
        reinterpret_cast<typename Pass::Function>(object_function(object.text, symbol()));
    function(launch, problem, operands...);
  }
  static const char* why_not(const Problem& problem) {
    if (const char* reason = why_object_missing(object.text)) return reason;
    static const auto function = reinterpret_cast<const char* (*)(const Problem&)>(
        find_function(object.text, symbol("_why_not")));
    return function ? function(problem) : nullptr;
  }
  static std::size_t workspace(const Problem& problem) {
    using Bytes = std::size_t (*)(const Problem&);
    static const auto wanted =
        reinterpret_cast<Bytes>(find_function(object.text, symbol("_workspace")));
    static const auto least =
        reinterpret_cast<Bytes>(find_function(object.text, symbol("_least_workspace")));
    if (wanted == nullptr) return 0;
    if (least == nullptr) return wanted(problem);
    return obtainable_workspace(Device::cuda, wanted(problem), symbol(),
                                [&] { return least(problem); });
  }
};
}  // namespace detail

// library_row<Pass, "cudnn", "cudnn_tf32">(): a row of device cuda from libhilum_cudnn.so.
template <class Pass, RowName object, RowName name>
Row<Pass> library_row(double tolerance = 4, bool deterministic = true) {
  using Loaded = detail::LibraryRow<Pass, object, name, typename Pass::Function>;
  static const RowName kept = name;
  return {kept.text,          Device::cuda,
          &Loaded::why_not,   object_in_this_build(object.text) ? &Loaded::run : nullptr,
          &Loaded::workspace, tolerance,
          deterministic};
}

}  // namespace hilum
