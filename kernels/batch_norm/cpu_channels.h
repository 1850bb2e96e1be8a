// Sums over the rows of a matrix of channels, and the statistics of a batch: what batch_norm's cpu1
// and batch_norm_fused's share; how they work is told in cpu1.cpp. No include guard: included once
// an instruction set, by files that have included chunks.h.

namespace hilum::HILUM_ISA {

// Calls body(c, n) for registers of n channels from c on; n is a constant in all but the last.
template <class Body>
static inline __attribute__((always_inline)) void for_channels(std::size_t channels, Body body) {
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) body(c, lanes);
  if (c < channels) body(c, channels - c);
}

// total[c] = the sum of term(row, c, n) over the rows, where term gives n channels from c on. Long
// rows are walked in the order of memory, eight at a time; short ones, which lie close together, a
// register of channels at a time, with four sums in registers that hide each other's latency.
template <class Term>
static inline __attribute__((always_inline)) void sum_of_rows(std::size_t rows,
                                                              std::size_t channels, float* total,
                                                              Term term) {
  if (channels <= 4 * lanes) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          Vec sums[4] = {};
          std::size_t m = 0;
          for (; m + 4 <= rows; m += 4) {
            for (std::size_t i = 0; i < 4; ++i) sums[i] += term(m + i, c, n);
          }
          for (; m < rows; ++m) sums[0] += term(m, c, n);
          store_first(total + c, (sums[0] + sums[1]) + (sums[2] + sums[3]), n);
        });
    return;
  }
  std::fill_n(total, channels, 0.0f);
  std::size_t m = 0;
  for (; m + 8 <= rows; m += 8) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec one =
              (term(m, c, n) + term(m + 1, c, n)) + (term(m + 2, c, n) + term(m + 3, c, n));
          const Vec two =
              (term(m + 4, c, n) + term(m + 5, c, n)) + (term(m + 6, c, n) + term(m + 7, c, n));
          store_first(total + c, load_first(total + c, n) + (one + two), n);
        });
  }
  for (; m < rows; ++m) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          store_first(total + c, load_first(total + c, n) + term(m, c, n), n);
        });
  }
}

struct TwoSums {
  Vec first, second;
};
static inline __attribute__((always_inline)) TwoSums operator+(TwoSums a, TwoSums b) {
  return {a.first + b.first, a.second + b.second};
}

// The same for two sums at once, over terms that share what they read.
template <class Term>
static inline __attribute__((always_inline)) void two_sums_of_rows(std::size_t rows,
                                                                   std::size_t channels,
                                                                   float* first, float* second,
                                                                   Term term) {
  if (channels <= 4 * lanes) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          TwoSums sums[4] = {};
          std::size_t m = 0;
          for (; m + 4 <= rows; m += 4) {
            for (std::size_t i = 0; i < 4; ++i) sums[i] = sums[i] + term(m + i, c, n);
          }
          for (; m < rows; ++m) sums[0] = sums[0] + term(m, c, n);
          const TwoSums all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
          store_first(first + c, all.first, n);
          store_first(second + c, all.second, n);
        });
    return;
  }
  std::fill_n(first, channels, 0.0f);
  std::fill_n(second, channels, 0.0f);
  auto add = [=](std::size_t c, std::size_t n, TwoSums more) __attribute__((always_inline)) {
    store_first(first + c, load_first(first + c, n) + more.first, n);
    store_first(second + c, load_first(second + c, n) + more.second, n);
  };
  std::size_t m = 0;
  for (; m + 4 <= rows; m += 4) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n) __attribute__((always_inline)) {
          add(c, n, (term(m, c, n) + term(m + 1, c, n)) + (term(m + 2, c, n) + term(m + 3, c, n)));
        });
  }
  for (; m < rows; ++m) {
    for_channels(
        channels, [=](std::size_t c, std::size_t n)
                      __attribute__((always_inline)) { add(c, n, term(m, c, n)); });
  }
}

// Mean, 1 / deviation and the new running estimates of every channel; finish(c, center, inverse)
// gets the first two before they are rounded. The workspace holds three lines of C a chunk. Chunks
// are taken from the last to the first: the last were written last and may still be in the cache.
template <class Finish>
static inline void batch_norm_statistics(const BatchNormProblem& a, float* workspace,
                                         const float* x, const float* running_mean,
                                         const float* running_var, float* mean, float* inv_std,
                                         float* running_mean_out, float* running_var_out,
                                         Finish finish) {
  const Chunks chunks(a.rows, a.c);
  float* const centers = workspace;  // chunks x C, like the next two
  float* const deviations = centers + chunks.count * a.c;
  float* const squares = deviations + chunks.count * a.c;
#pragma omp parallel
  for (auto [first, k] = my_part(chunks.count); k-- > first;) {
    const std::size_t length = chunks.length(k);
    const float* from = x + k * chunks.rows * a.c;
    float* center = centers + k * a.c;
    sum_of_rows(
        length, a.c,
        center, [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          return load_first(from + m * a.c + c, n);
        });
    for (std::size_t c = 0; c < a.c; ++c) center[c] /= static_cast<float>(length);
    two_sums_of_rows(
        length, a.c, deviations + k * a.c, squares + k * a.c,
        [=](std::size_t m, std::size_t c, std::size_t n) __attribute__((always_inline)) {
          const Vec apart = load_first(from + m * a.c + c, n) - load_first(center + c, n);
          return TwoSums{apart, apart * apart};
        });
  }
  const auto rows = static_cast<double>(a.rows);
  const double freedom = static_cast<double>(std::max<std::size_t>(a.rows, 2) - 1);
  const double weight = a.momentum;
#pragma omp parallel for schedule(static)
  for (std::size_t c0 = 0; c0 < a.c; c0 += channels_of_a_line) {
    const std::size_t width = std::min(channels_of_a_line, a.c - c0);
    double total[channels_of_a_line] = {}, all_squares[channels_of_a_line] = {};
    for (std::size_t k = 0; k < chunks.count; ++k) {
      const std::size_t i = k * a.c + c0;
      const auto length = static_cast<double>(chunks.length(k));
      for (std::size_t j = 0; j < width; ++j)
        total[j] += length * centers[i + j] + deviations[i + j];
    }
    for (std::size_t k = 0; k < chunks.count; ++k) {
      const std::size_t i = k * a.c + c0;
      const auto length = static_cast<double>(chunks.length(k));
      for (std::size_t j = 0; j < width; ++j) {
        const double back = deviations[i + j] / length;
        const double apart = centers[i + j] + back - total[j] / rows;
        all_squares[j] += squares[i + j] + length * (apart * apart - back * back);
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      const std::size_t c = c0 + j;
      const double center = total[j] / rows, square = std::max(all_squares[j], 0.0);
      const double inverse = 1 / std::sqrt(square / rows + static_cast<double>(a.epsilon));
      mean[c] = static_cast<float>(center);
      inv_std[c] = static_cast<float>(inverse);
      finish(c, center, inverse);
      running_mean_out[c] = static_cast<float>((1 - weight) * running_mean[c] + weight * center);
      running_var_out[c] =
          static_cast<float>((1 - weight) * running_var[c] + weight * (square / freedom));
    }
  }
}

// dbeta = the sum of `plain` over the chunks, dgamma = that of `weighted` times inv_std.
static inline void batch_norm_parameter_gradients(const Chunks& chunks, std::size_t channels,
                                                  const float* plain, const float* weighted,
                                                  const float* inv_std, float* dgamma,
                                                  float* dbeta) {
#pragma omp parallel for schedule(static)
  for (std::size_t c0 = 0; c0 < channels; c0 += channels_of_a_line) {
    const std::size_t width = std::min(channels_of_a_line, channels - c0);
    double sum[channels_of_a_line] = {}, product[channels_of_a_line] = {};
    for (std::size_t k = 0; k < chunks.count; ++k) {
      for (std::size_t j = 0; j < width; ++j) {
        sum[j] += plain[k * channels + c0 + j];
        product[j] += weighted[k * channels + c0 + j];
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      dbeta[c0 + j] = static_cast<float>(sum[j]);
      dgamma[c0 + j] = static_cast<float>(product[j] * inv_std[c0 + j]);
    }
  }
}

}  // namespace hilum::HILUM_ISA
