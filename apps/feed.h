// What the trained part of a network is fed: pixels, or what a frozen beginning makes of them. A
// frozen part is never run twice on the same pixels: its features are kept, and an epoch after the
// first one only reads them.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/inference.h"
#include "apps/resident.h"
#include "data/loader.h"
#include "engine/chain.h"
#include "engine/fold.h"
#include "engine/plan.h"

namespace hilum {

// A network cut before the first step that is trained, as its parameters are frozen now. While this
// lives, the batch norms of the frozen part are folded into its filters.
class FrozenBody {
 public:
  // The network as this recipe has it, on this device.
  // `recompute`: activations of the rest are not kept (--checkpoint-activations).
  FrozenBody(Module& net, const NetRecipe& recipe, Device device, bool recompute = false);

  std::size_t steps() const { return steps_; }  // 0: everything is trained
  std::size_t folded() const { return folded_ ? folded_->count() : 0; }
  std::string last_step() const { return chain_.path(steps_ - 1); }
  const Shape& feature_shape() const { return feature_shape_; }  // of one image: [1, …]
  // Without a tape: nothing is kept below the first trained step.
  Tensor features(const Tensor& pixels) const;
  Tensor rest(Tensor features) const;

 private:
  Module& net_;
  Chain chain_;
  std::size_t steps_;
  bool recompute_;
  std::optional<FoldedBatchNorms> folded_;
  Shape feature_shape_;
  mutable std::optional<Plan> plan_;  // where there can be one; for the largest batch so far
};

// Room for the features of some images, in an unnamed file of `folder`: the system keeps it in
// memory while there is room, and it is gone with the program.
class FeatureStore {
 public:
  // Data error where there is no room for it.
  FeatureStore(const std::filesystem::path& folder, std::size_t images, std::size_t floats);
  ~FeatureStore();
  FeatureStore(const FeatureStore&) = delete;
  FeatureStore& operator=(const FeatureStore&) = delete;

  float* at(std::size_t image) { return data_ + image * floats_; }

 private:
  std::size_t bytes_, floats_;
  float* data_ = nullptr;
};

class Feed {
 public:
  // As the loader; `copies`: how many epochs' features are kept (epoch e is given those of epoch
  // e modulo copies), 0 for none.
  Feed(const Dataset& dataset, std::vector<std::size_t> which, const LoaderOptions& options,
       const FrozenBody& body, std::size_t copies, const std::filesystem::path& folder,
       Device device);

  // Starts an epoch at batch `first_batch`; computes its features where they are kept and not there
  // yet. False where `go_on` said no.
  bool start(std::uint64_t epoch, std::size_t first_batch, const std::function<bool()>& go_on);
  // False when the epoch is over. Pixels are filled in only where features are not kept.
  bool next(Batch& batch, Tensor& features);
  // Spent waiting for images since the epoch was started; none where features are kept.
  double wait_seconds() const { return filled_.empty() ? loader_.wait_seconds() : 0; }
  std::size_t files_read() const { return loader_.files_read(); }
  std::size_t batches() const { return loader_.batches(); }
  std::size_t images() const { return which_.size(); }

 private:
  bool fill(std::size_t copy, const std::function<bool()>& go_on);
  Tensor input(const Batch& batch) const;

  const Dataset& dataset_;
  const std::vector<std::size_t> which_;
  const LoaderOptions options_;
  const FrozenBody& body_;
  const Device device_;
  // Where the device is another and has room for the images.
  const std::unique_ptr<ResidentImages> resident_;
  Loader loader_;
  std::vector<bool> filled_;  // by copy; empty: features are not kept
  std::unique_ptr<FeatureStore> store_;
  std::size_t copy_ = 0, next_batch_ = 0;
  std::vector<std::size_t> order_;  // positions in which_
};

// Bytes that the features of that many images take.
std::size_t feature_bytes(const FrozenBody& body, std::size_t images);

}  // namespace hilum
