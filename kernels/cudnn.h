// What every cuDNN row shares: the handle, descriptors, and the rules of the house for its results.
// The only header of cuDNN's that kernels include. All cudnn.cpp files make libhilum_cudnn.so,
// which is loaded when a row of it is first looked at; where cuDNN is missing they are rows that
// say so. The convolution calls are those that cuDNN 9 marks as deprecated; its graph interface is
// the day's alternative, at several times the code.
//
// A row <op>_<pass>_<row> exports these functions:
//   <...>            runs it
//   <...>_why_not    null where cuDNN can run the problem
//   <...>_workspace  bytes
// and, where it can do with less workspace, <...>_least_workspace: plans again for as little as
// possible, which counts from then on, and says how much that is.
// Plans (descriptors and the algorithm, found once) are kept by problem.
#pragma once

#include <cudnn.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "kernels/row.h"

#define HILUM_EXPORT extern "C" __attribute__((visibility("default")))

namespace hilum::cudnn {

// What a convolution may take beside its operands.
inline constexpr std::size_t workspace_limit = std::size_t{256} << 20;

void check(cudnnStatus_t status, const char* what);
cudnnHandle_t handle(const Launch& launch);
cudnnHandle_t handle();  // to plan with

inline constexpr float one = 1, zero = 0;  // results are overwritten: 1 new + 0 old

// A descriptor that destroys itself.
template <class T, cudnnStatus_t (*create)(T*), cudnnStatus_t (*destroy)(T)>
class Descriptor {
 public:
  Descriptor() { check(create(&made_), "making a descriptor"); }
  ~Descriptor() { destroy(made_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator T() const { return made_; }

 private:
  T made_ = nullptr;
};
using TensorDescriptor =
    Descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using FilterDescriptor =
    Descriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>;
using ConvolutionDescriptor =
    Descriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
               cudnnDestroyConvolutionDescriptor>;
using PoolingDescriptor = Descriptor<cudnnPoolingDescriptor_t, cudnnCreatePoolingDescriptor,
                                     cudnnDestroyPoolingDescriptor>;

// N x H x W x C in memory. cuDNN counts in int; larger sizes are a device error.
void set_nhwc(cudnnTensorDescriptor_t tensor, cudnnDataType_t type, std::size_t n, std::size_t h,
              std::size_t w, std::size_t c);
int to_int(std::size_t size);

// The plan kept under `key`, built at the first call. One lock for all: rows run one after another.
template <class Plan, class Build>
Plan& cached(const std::vector<std::size_t>& key, Build build) {
  static std::mutex mutex;
  static auto& plans = *new std::map<std::vector<std::size_t>, std::unique_ptr<Plan>>;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Plan>& plan = plans[key];
  if (plan == nullptr) plan = build();
  return *plan;
}

}  // namespace hilum::cudnn
