// The steps of data/prepare.h, each by itself on one thread, and the loader around them.
#include "data/input_speed.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "data/prepare.h"
#include "kernels/threads.h"

namespace hilum {
namespace {

// What this thread has worked: not counted is what it stood waiting, for a disk or for a core that
// another program had.
double worked_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double clock_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Kernels called by this thread run on it alone while this lives.
class OneThread {
 public:
  OneThread() : before_(thread_count()) { set_thread_count(1); }
  ~OneThread() { set_thread_count(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  std::size_t before_;
};

// Numbers below `all`, spread evenly: files in one place of a set may be larger than elsewhere.
std::vector<std::size_t> some_of(std::size_t all, std::size_t most) {
  const std::size_t count = std::min(all, most);
  std::vector<std::size_t> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(i * all / count);
  return some;
}

// `prepare` is given the numbers below `images`, one round after the other. The first is not
// counted: the files may not be in memory, nor the memory touched.
double images_per_second(std::size_t images, double seconds,
                         const std::function<void(std::size_t)>& prepare) {
  const auto round = [&] {
    for (std::size_t i = 0; i < images; ++i) prepare(i);
  };
  round();
  const double begin = worked_seconds();
  std::size_t done = 0;
  do {
    round();
    done += images;
  } while (worked_seconds() - begin < seconds);
  return static_cast<double>(done) / (worked_seconds() - begin);
}

// Whole epochs of the loader.
double epochs_per_second(Loader& loader, std::uint64_t first, double seconds) {
  Batch batch;
  const double begin = clock_seconds();
  std::uint64_t done = 0;
  do {
    loader.start(first + done++);
    while (loader.next(batch)) continue;
  } while (clock_seconds() - begin < seconds);
  return static_cast<double>(done) / (clock_seconds() - begin);
}

}  // namespace

std::vector<InputStage> measure_input(const Dataset& dataset, const std::vector<std::size_t>& which,
                                      const LoaderOptions& options, double seconds) {
  const OneThread one_thread;
  Loader loader(dataset, which, options);  // throws where the options make no sense
  const Preparation augmenting(options);
  LoaderOptions as_they_are = options;
  as_they_are.augmentation = {};
  const Preparation normalising(as_they_are);
  ImageCache nothing_kept(options.size, options.channels, 0);
  std::vector<std::filesystem::path> files;
  for (const std::size_t i : some_of(which.size(), 64)) {
    files.push_back(dataset.items[which[i]].path);
  }
  // More than caches hold, as in a training.
  std::vector<std::shared_ptr<const Image>> decoded;
  for (const std::size_t i : some_of(which.size(), 256)) {
    decoded.push_back(nothing_kept.get(dataset.items[which[i]].path));
  }
  std::vector<float> floats(options.batch * normalising.floats());
  const auto out = [&](std::size_t i) { return &floats[i % options.batch * normalising.floats()]; };

  std::vector<InputStage> stages;
  stages.push_back({"decode", images_per_second(files.size(), seconds, [&](std::size_t i) {
                      read_scan(files[i], options.channels);
                    })});
  stages.push_back(
      {"decode and resize", images_per_second(files.size(), seconds,
                                              [&](std::size_t i) { nothing_kept.get(files[i]); })});
  stages.push_back(
      {"decoded: normalise", images_per_second(decoded.size(), seconds, [&](std::size_t i) {
         normalising.fill(*decoded[i], 0, i, out(i));
       })});
  std::uint64_t draw = 0;  // another one for each image
  stages.push_back({"decoded: augment and normalise",
                    images_per_second(decoded.size(), seconds, [&](std::size_t i) {
                      augmenting.fill(*decoded[i], draw++, i, out(i));
                    })});
  const auto images = static_cast<double>(loader.images());
  stages.push_back({"loader, first epoch", images * epochs_per_second(loader, 0, 0), false});
  stages.push_back({"loader, later epochs", images * epochs_per_second(loader, 1, seconds), false});
  return stages;
}

}  // namespace hilum
