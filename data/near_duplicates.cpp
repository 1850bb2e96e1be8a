// Hashes, the comparison of all pairs of them, and the checks by correlation. The loop over all
// pairs is compiled once for every instruction set (kernels/isa.h).
#ifndef HILUM_ISA
#include "data/near_duplicates.h"

#include <algorithm>
#include <bit>

#include "data/fit_pictures.h"
#include "data/nearest.h"
#include "kernels/isa.h"

namespace hilum {

constexpr int most_bits = 64;
constexpr std::size_t coarse_side = 16;
constexpr float coarse_likeness = 0.9f;
constexpr double fine_likeness = 0.9;

// What is compared of every pair: n x 4 words, n x coarse_side x coarse_side floats.
struct Outlines {
  const std::uint64_t* hash;
  const float* picture;
  std::size_t n;
};

}  // namespace hilum

#define HILUM_THIS_FILE "data/near_duplicates.cpp"
#include "kernels/foreach_isa.h"

namespace hilum {
namespace {

// Places above i that look alike in outline, into `alike`, which has room for all; returns how
// many.
std::size_t alike_above(const Outlines& all, std::size_t i, std::size_t* alike) {
  HILUM_DISPATCH_ISA(alike_above, all, i, alike);
}

}  // namespace

PerceptualHash perceptual_hash(const Survey& survey, std::size_t item) {
  const std::uint8_t* from = survey.picture(item);
  const Image whole{survey.side, survey.side, 1,
                    std::vector<std::uint8_t>(from, from + survey.side * survey.side)};
  const Image small = resize(whole, 16, 17);
  PerceptualHash hash = {};
  for (std::size_t y = 0; y < 16; ++y) {
    for (std::size_t x = 0; x < 16; ++x) {
      const std::uint64_t darker = small.pixels[y * 17 + x] < small.pixels[y * 17 + x + 1];
      hash[y / 4] |= darker << (y % 4 * 16 + x);
    }
  }
  return hash;
}

NearSearch find_near_duplicates(const Survey& survey, const std::vector<std::size_t>& which) {
  const std::size_t n = which.size();
  std::vector<PerceptualHash> hashes(n);
#pragma omp parallel for
  for (std::size_t i = 0; i < n; ++i) hashes[i] = perceptual_hash(survey, which[i]);
  const Pictures coarse = unit_pictures(survey, which, coarse_side);
  const Outlines outlines{n == 0 ? nullptr : hashes[0].data(), coarse.rows.data(), n};
  NearSearch search;
  search.compared = n * (n - std::min<std::size_t>(n, 1)) / 2;
#pragma omp parallel
  {
    std::vector<std::size_t> alike(n);
    FittedTo first;
    NearSearch own;
#pragma omp for schedule(dynamic, 32)
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t count = alike_above(outlines, i, alike.data());
      if (count != 0) first.set(survey.picture(which[i]));
      own.fitted += count;
      for (std::size_t k = 0; k < count; ++k) {
        const std::size_t a = which[i], b = which[alike[k]];
        const double likeness = first.likeness(survey.picture(b));
        if (likeness >= fine_likeness)
          own.pairs.push_back({std::min(a, b), std::max(a, b), likeness});
      }
    }
#pragma omp critical(hilum_near_duplicates)
    {
      search.fitted += own.fitted;
      search.pairs.insert(search.pairs.end(), own.pairs.begin(), own.pairs.end());
    }
  }
  std::sort(search.pairs.begin(), search.pairs.end(), [](const NearPair& x, const NearPair& y) {
    return x.a != y.a ? x.a < y.a : x.b < y.b;
  });
  return search;
}

}  // namespace hilum

#else
namespace hilum::HILUM_ISA {

std::size_t alike_above(const Outlines& all, std::size_t i, std::size_t* alike) {
  constexpr std::size_t d = coarse_side * coarse_side;
  const std::uint64_t* own = all.hash + 4 * i;
  std::size_t count = 0;
  for (std::size_t j = i + 1; j < all.n; ++j) {
    const std::uint64_t* other = all.hash + 4 * j;
    int bits = 0;
    for (std::size_t k = 0; k < 4; ++k) bits += __builtin_popcountll(own[k] ^ other[k]);
    if (bits > most_bits) continue;
    const float *x = all.picture + i * d, *y = all.picture + j * d;
    float product = 0;
#pragma omp simd reduction(+ : product)
    for (std::size_t k = 0; k < d; ++k) product += x[k] * y[k];
    if (product >= coarse_likeness) alike[count++] = j;
  }
  return count;
}

}  // namespace hilum::HILUM_ISA
#endif
