// The loader: threads that each prepare whole batches, a window of batches ahead of the consumer.
//
// Workers take the next batch number under a lock and prepare it alone, so which thread made a
// batch changes nothing in it. Whatever is under way for an epoch that was left is dropped when it
// is done.
#include "data/loader.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "data/prepare.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "kernels/threads.h"

namespace hilum {
namespace {

// The given cache, or one that keeps nothing.
std::shared_ptr<ImageCache> cache_for(const LoaderOptions& options) {
  if (!options.images) {
    return std::make_shared<ImageCache>(options.size, options.channels, 0);
  }
  const ImageCache& given = *options.images;
  if (given.size() != options.size || given.channels() != options.channels) {
    throw usage_error("loader of {0} x {0} x {1}: is given images of {2} x {2} x {3}.",
                      options.size, options.channels, given.size(), given.channels());
  }
  return options.images;
}

struct Made {
  Batch batch;
  std::exception_ptr error;
};

}  // namespace

struct Loader::State {
  State(const Dataset& set, std::vector<std::size_t> items, const LoaderOptions& opts)
      : dataset(set),
        which(std::move(items)),
        options(opts),
        images(cache_for(opts)),
        preparation(opts) {}
  ~State() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
      ++generation;
    }
    work.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  std::size_t batches() const {
    return options.drop_last ? which.size() / options.batch
                             : (which.size() + options.batch - 1) / options.batch;
  }

  // Fills batch number `b` of the epoch. False when the epoch was left meanwhile.
  bool make(std::size_t b, std::uint64_t of_epoch, std::uint64_t of_generation,
            const std::vector<std::size_t>& in_order, Batch& batch) {
    const std::size_t first = b * options.batch;
    batch.n = std::min(options.batch, which.size() - first);
    batch.height = batch.width = options.size;
    batch.channels = options.channels;
    batch.epoch = of_epoch;
    batch.pixels.resize(options.has ? 0 : batch.n * preparation.floats());
    batch.images.assign(options.has ? batch.n : 0, nullptr);
    batch.labels.resize(batch.n);
    batch.index.resize(batch.n);
    for (std::size_t i = 0; i < batch.n; ++i) {
      if (generation.load(std::memory_order_relaxed) != of_generation) return false;
      const std::size_t at = in_order[first + i];
      const Item& item = dataset.items.at(which[at]);
      if (!options.has) {
        preparation.fill(*images->get(item.path), of_epoch, which[at],
                         &batch.pixels[i * preparation.floats()]);
      } else if (!options.has(which[at])) {
        batch.images[i] = images->get(item.path);
      }
      batch.labels[i] = static_cast<std::int32_t>(item.label);
      batch.index[i] = which[at];
    }
    return true;
  }

  void run_worker() {
    set_thread_count(1);  // of this thread: the workers share out the cores among themselves
    std::unique_lock lock(mutex);
    while (true) {
      work.wait(lock, [&] {
        return stop || (next_to_make < batches() && next_to_make < next_to_give + ahead());
      });
      if (stop) return;
      const std::size_t b = next_to_make++;
      const std::uint64_t of_epoch = epoch, of_generation = generation;
      const std::shared_ptr<const std::vector<std::size_t>> in_order = order;
      Made made;
      if (!spare.empty()) made.batch = std::move(spare.back()), spare.pop_back();
      lock.unlock();
      bool whole = true;
      try {
        whole = make(b, of_epoch, of_generation, *in_order, made.batch);
      } catch (...) {
        made.error = std::current_exception();
      }
      lock.lock();
      if (whole && of_generation == generation) {
        ready[b] = std::move(made);
        given.notify_all();
      } else {
        spare.push_back(std::move(made.batch));
      }
    }
  }

  std::size_t ahead() const { return std::max(options.prefetch, options.workers); }

  const Dataset& dataset;
  const std::vector<std::size_t> which;
  const LoaderOptions options;
  const std::shared_ptr<ImageCache> images;
  const Preparation preparation;

  std::mutex mutex;  // guards what follows
  std::condition_variable work, given;
  bool stop = false;
  std::atomic<std::uint64_t> generation = 0;  // counts start()
  std::uint64_t epoch = 0;
  std::shared_ptr<const std::vector<std::size_t>> order;  // positions in `which`
  std::size_t next_to_make = 0, next_to_give = 0;
  std::map<std::size_t, Made> ready;
  std::vector<Batch> spare;  // buffers to use again: fresh memory is slow to touch first
  double waited = 0;
  std::vector<std::thread> threads;  // last: they use all of the above
};

std::vector<std::size_t> epoch_order(std::uint64_t seed, std::uint64_t epoch, std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, Philox{seed}.child(purpose("order")).child(epoch).key, 0);
  return order;
}

Loader::Loader(const Dataset& dataset, std::vector<std::size_t> which, LoaderOptions options) {
  if (options.batch == 0 || which.empty()) {
    throw usage_error("loader: {} images in batches of {}. Expected at least one of each.",
                      which.size(), options.batch);
  }
  if (options.drop_last && which.size() < options.batch) {
    throw usage_error(
        "loader: {} images do not fill one batch of {}, and the rest is to be dropped. Use smaller "
        "batches.",
        which.size(), options.batch);
  }
  for (std::size_t i : which) {
    if (i >= dataset.items.size()) {
      throw usage_error("loader: image {} of a set of {}.", i, dataset.items.size());
    }
  }
  state_ = std::make_unique<State>(dataset, std::move(which), options);
  State& s = *state_;
  s.next_to_make = s.next_to_give = s.batches();  // nothing to do before start()
  for (std::size_t i = 0; i < options.workers; ++i) {
    s.threads.emplace_back([&s] { s.run_worker(); });
  }
}

Loader::~Loader() = default;

void Loader::start(std::uint64_t epoch, std::size_t first_batch) {
  State& s = *state_;
  std::vector<std::size_t> order;
  if (s.options.shuffle) {
    order = epoch_order(s.options.seed, epoch, s.which.size());
  } else {
    order.resize(s.which.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
  }
  {
    const std::lock_guard lock(s.mutex);
    ++s.generation;
    s.epoch = epoch;
    s.order = std::make_shared<const std::vector<std::size_t>>(std::move(order));
    s.next_to_make = s.next_to_give = std::min(first_batch, s.batches());
    for (auto& [b, made] : s.ready) s.spare.push_back(std::move(made.batch));
    s.ready.clear();
    s.waited = 0;
  }
  s.work.notify_all();
}

bool Loader::next(Batch& batch) {
  State& s = *state_;
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(s.mutex);
  const std::size_t b = s.next_to_give;
  if (b >= s.batches()) return false;
  // A batch that failed stays: asking again gives the same answer.
  if (s.threads.empty()) {
    s.make(b, s.epoch, s.generation, *s.order, batch);
  } else {
    s.given.wait(lock, [&] { return s.ready.count(b) > 0; });
    Made& made = s.ready[b];
    if (made.error) std::rethrow_exception(made.error);
    std::swap(batch, made.batch);
    s.spare.push_back(std::move(made.batch));
    s.ready.erase(b);
  }
  ++s.next_to_give;
  s.work.notify_one();
  s.waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return true;
}

std::size_t Loader::batches() const { return state_->batches(); }
std::size_t Loader::images() const { return state_->which.size(); }
std::size_t Loader::files_read() const { return state_->images->files_read(); }
double Loader::wait_seconds() const {
  const std::lock_guard lock(state_->mutex);
  return state_->waited;
}

Normalisation measure_normalisation(const Dataset& dataset, const std::vector<std::size_t>& which,
                                    ImageCache& images) {
  if (which.empty()) throw usage_error("mean and deviation of no images at all.");
  const std::size_t pixels = images.size() * images.size(), channels = images.channels();
  // Whole numbers, so the order of the threads cannot matter: 255^2 a pixel leaves room for 10^14.
  struct Sums {
    std::uint64_t value[3] = {}, square[3] = {};
    std::exception_ptr error;
  };
  std::vector<Sums> sums(which.size());
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < which.size(); ++i) {
    try {
      const std::shared_ptr<const Image> image = images.get(dataset.items.at(which[i]).path);
      const std::uint8_t* pixel = image->pixels.data();
      for (std::size_t p = 0; p < pixels; ++p) {
        for (std::size_t c = 0; c < channels; ++c, ++pixel) {
          sums[i].value[c] += *pixel;
          sums[i].square[c] += std::uint64_t{*pixel} * *pixel;
        }
      }
    } catch (...) {
      sums[i].error = std::current_exception();
    }
  }
  Sums total;
  for (const Sums& s : sums) {
    if (s.error) std::rethrow_exception(s.error);
    for (std::size_t c = 0; c < channels; ++c) {
      total.value[c] += s.value[c];
      total.square[c] += s.square[c];
    }
  }
  const double count = static_cast<double>(which.size() * pixels);
  Normalisation result;
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(total.value[c]) / count;
    const double variance = static_cast<double>(total.square[c]) / count - mean * mean;
    const double deviation = std::max(1.0, std::sqrt(std::max(0.0, variance)));
    result.mean.push_back(static_cast<float>(mean / 255));
    result.deviation.push_back(static_cast<float>(deviation / 255));
  }
  return result;
}

}  // namespace hilum
