// Images that stay in the memory of the device that trains: a network eats floats that were moved,
// brightened and normalised there, so an image travels once in a run, as bytes, and not in every
// epoch as floats. The values are those of Preparation::fill, bit for bit.
#pragma once

#include <mutex>
#include <unordered_map>

#include "data/prepare.h"
#include "engine/tensor.h"

namespace hilum {

class ResidentImages {
 public:
  // For a loader with such options, and LoaderOptions::has from here.
  ResidentImages(const LoaderOptions& options, Device device);

  // The device has this one, item of the data set. May be called from many threads.
  bool has(std::size_t item) const;
  // N x H x W x C of the batch, on the device. Images that it lacks are taken from batch.images.
  Tensor prepare(const Batch& batch);

 private:
  const Preparation preparation_;
  const Device device_;
  Tensor scale_, shift_;                            // a channel
  mutable std::mutex mutex_;                        // guards what follows
  std::unordered_map<std::size_t, Tensor> images_;  // bytes, four in an element
};

}  // namespace hilum
