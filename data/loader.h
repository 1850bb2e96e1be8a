// Batches for training and evaluation, made ahead of time by worker threads. The same batches come
// out whatever the number of workers. Plain buffers, no tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "data/image_cache.h"

namespace hilum {

struct Batch {
  std::size_t n = 0, height = 0, width = 0, channels = 0;
  std::uint64_t epoch = 0;
  std::vector<float> pixels;  // n x height x width x channels, normalised
  // With LoaderOptions::has: n, null where it says yes.
  std::vector<std::shared_ptr<const Image>> images;
  std::vector<std::int32_t> labels;  // n
  std::vector<std::size_t> index;    // n, into Dataset::items
};

// Per channel, of pixels scaled to [0, 1].
struct Normalisation {
  std::vector<float> mean, deviation;
};

struct LoaderOptions {
  std::size_t size = 128;    // images are resized to size x size
  std::size_t channels = 3;  // 1 or 3
  std::size_t batch = 32;
  bool shuffle = false;  // by (seed, epoch)
  bool drop_last = false;
  Augmentation augmentation;    // applied only where it is given
  Normalisation normalisation;  // empty: pixels in [0, 1]
  std::uint64_t seed = 0;
  std::size_t workers = 1;             // threads that prepare batches; 0 prepares them in next()
  std::size_t prefetch = 4;            // batches ready ahead
  std::shared_ptr<ImageCache> images;  // where decoded images are kept; null: nowhere
  // Given, batches hold no pixels but the images as they are, save those for which this says that
  // they need not come: the loader's user prepares them itself.
  std::function<bool(std::size_t item)> has;
};

// The order in which a shuffled epoch visits n images.
std::vector<std::size_t> epoch_order(std::uint64_t seed, std::uint64_t epoch, std::size_t n);

class Loader {
 public:
  // `which`: indices into dataset.items. The dataset must outlive the loader.
  Loader(const Dataset& dataset, std::vector<std::size_t> which, LoaderOptions options);
  ~Loader();

  // Starts an epoch at batch `first_batch` (resuming in the middle of one).
  void start(std::uint64_t epoch, std::size_t first_batch = 0);
  // False when the epoch is over. Errors of workers come out here.
  bool next(Batch& batch);
  std::size_t batches() const;  // in an epoch
  std::size_t images() const;
  double wait_seconds() const;     // spent in next() waiting, since the start of the epoch
  std::size_t files_read() const;  // by the images' cache, so far

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Mean and deviation per channel over these images, after resizing. A deviation below one gray
// level (all images black, say) is returned as one gray level, so that one can always divide by it.
Normalisation measure_normalisation(const Dataset& dataset, const std::vector<std::size_t>& which,
                                    ImageCache& images);

}  // namespace hilum
