// Cutting, storing and handing out features.
#include "apps/feed.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "kernels/device.h"
#include "kernels/error.h"

namespace hilum {
namespace {

// A device of its own prepares its images itself, where all take a quarter of its memory at most.
std::unique_ptr<ResidentImages> on_device(const LoaderOptions& options, std::size_t images,
                                          Device device) {
  const std::size_t bytes = images * options.size * options.size * options.channels;
  const std::size_t memory = device_memory(device);  // 0: unknown, that of the host
  if (device == Device::cpu || (memory != 0 && bytes > memory / 4)) return nullptr;
  return std::make_unique<ResidentImages>(options, device);
}

LoaderOptions loader_options(LoaderOptions options, const ResidentImages* resident, bool keeps) {
  if (keeps) options.shuffle = false;  // each image is seen once, to be stored by its position
  if (resident) options.has = [resident](std::size_t item) { return resident->has(item); };
  return options;
}

Shape with_batch(const Shape& one, std::size_t n) {
  std::vector<std::size_t> sizes{n};
  for (std::size_t i = 1; i < one.rank(); ++i) sizes.push_back(one[i]);
  return Shape(sizes);
}

}  // namespace

FrozenBody::FrozenBody(Module& net, const NetRecipe& recipe, Device device, bool recompute)
    : net_(net), chain_(net), steps_(chain_.frozen_steps()), recompute_(recompute) {
  if (steps_ == 0) return;
  const NoGrad no_grad;
  const Tensor image = Tensor::zeros({1, recipe.size, recipe.size, recipe.channels}, device);
  folded_.emplace([this](Tensor x) { return chain_.run(std::move(x), 0, steps_); }, image);
  feature_shape_ = chain_.run(image, 0, steps_).shape();
}

Tensor FrozenBody::features(const Tensor& pixels) const {
  const NoGrad no_grad;
  if (steps_ == 0 || !plan_is_allowed()) return chain_.run(pixels, 0, steps_);
  if (!plan_ || plan_->images() < pixels.size(0)) {
    const auto body = [this](Tensor x) { return chain_.run(std::move(x), 0, steps_); };
    plan_.emplace(record_graph(body, net_, with_batch(pixels.shape(), 1)), pixels.size(0));
  }
  return (*plan_)(pixels);
}

Tensor FrozenBody::rest(Tensor features) const {
  if (recompute_) return chain_.run_recomputed(std::move(features), steps_, chain_.size());
  if (steps_ == 0) return net_(std::move(features));
  return chain_.run(std::move(features), steps_, chain_.size());
}

std::size_t feature_bytes(const FrozenBody& body, std::size_t images) {
  return body.feature_shape().count() * sizeof(float) * images;
}

FeatureStore::FeatureStore(const std::filesystem::path& folder, std::size_t images,
                           std::size_t floats)
    : bytes_(std::max<std::size_t>(images * floats * sizeof(float), 1)), floats_(floats) {
  std::string name = (folder / "features.XXXXXX").string();
  const int file = mkstemp(name.data());
  int error = file < 0 ? errno : 0;
  if (file >= 0) {
    unlink(name.c_str());
    error = posix_fallocate(file, 0, static_cast<off_t>(bytes_));
    if (error == 0) {
      void* mapped = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      if (mapped == MAP_FAILED) error = errno;
      if (error == 0) data_ = static_cast<float*>(mapped);
    }
    close(file);
  }
  if (error != 0) {
    throw data_error(
        "features in {}: {} MiB cannot be kept there: {}. Keep fewer copies, or none with "
        "--feature-cache 0.",
        folder.string(), bytes_ >> 20, std::strerror(error));
  }
}

FeatureStore::~FeatureStore() { munmap(data_, bytes_); }

Feed::Feed(const Dataset& dataset, std::vector<std::size_t> which, const LoaderOptions& options,
           const FrozenBody& body, std::size_t copies, const std::filesystem::path& folder,
           Device device)
    : dataset_(dataset),
      which_(std::move(which)),
      options_(options),
      body_(body),
      device_(device),
      resident_(on_device(options, which_.size(), device)),
      loader_(dataset, which_, loader_options(options, resident_.get(), copies > 0)),
      filled_(body.steps() > 0 ? copies : 0, false) {
  if (!filled_.empty()) {
    store_ = std::make_unique<FeatureStore>(folder, which_.size() * copies,
                                            body.feature_shape().count());
  }
}

bool Feed::start(std::uint64_t epoch, std::size_t first_batch, const std::function<bool()>& go_on) {
  if (filled_.empty()) {
    loader_.start(epoch, first_batch);
    return true;
  }
  copy_ = epoch % filled_.size();
  if (!filled_[copy_] && !fill(copy_, go_on)) return false;
  next_batch_ = first_batch;
  if (options_.shuffle) {
    order_ = epoch_order(options_.seed, epoch, which_.size());
  } else {
    order_.resize(which_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }
  return true;
}

bool Feed::fill(std::size_t copy, const std::function<bool()>& go_on) {
  Batch batch;
  std::size_t done = copy * which_.size();
  loader_.start(copy);
  while (loader_.next(batch)) {
    if (go_on && !go_on()) return false;
    const std::vector<float> features = body_.features(input(batch)).values();
    std::copy(features.begin(), features.end(), store_->at(done));
    done += batch.n;
  }
  filled_[copy] = true;
  return true;
}

Tensor Feed::input(const Batch& batch) const {
  return resident_ ? resident_->prepare(batch) : input_of(batch, device_);
}

bool Feed::next(Batch& batch, Tensor& features) {
  if (filled_.empty()) {
    if (!loader_.next(batch)) return false;
    features = body_.features(input(batch));
    return true;
  }
  const std::size_t first = next_batch_ * options_.batch;
  if (first >= which_.size()) return false;
  ++next_batch_;
  batch.n = std::min(options_.batch, which_.size() - first);
  batch.pixels.clear();
  batch.labels.clear();
  batch.index.clear();
  const std::size_t floats = body_.feature_shape().count();
  Tensor host = Tensor::empty(with_batch(body_.feature_shape(), batch.n));
  for (std::size_t i = 0; i < batch.n; ++i) {
    const std::size_t at = order_[first + i];
    std::copy_n(store_->at(copy_ * which_.size() + at), floats, host.data() + i * floats);
    batch.index.push_back(which_[at]);
    batch.labels.push_back(static_cast<std::int32_t>(dataset_.items[which_[at]].label));
  }
  features = host.to(device_);
  return true;
}

}  // namespace hilum
