// Hashes, the comparison of all pairs of them, and the check by correlation.
#include "data/near_duplicates.h"

#include <algorithm>
#include <bit>

#include "data/nearest.h"

namespace hilum {
namespace {

constexpr int most_bits = 64;
constexpr double coarse_likeness = 0.9, fine_likeness = 0.9;

// Chosen when the program starts; sanitizers start before that is possible.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define HILUM_WITH_POPCOUNT __attribute__((target_clones("popcnt", "default")))
#else
#define HILUM_WITH_POPCOUNT
#endif

// Places above i whose hash is close to that of place i.
HILUM_WITH_POPCOUNT void close_hashes(const std::vector<PerceptualHash>& hashes, std::size_t i,
                                      std::vector<std::size_t>& close) {
  const PerceptualHash h = hashes[i];
  const PerceptualHash* all = hashes.data();
  for (std::size_t j = i + 1, n = hashes.size(); j < n; ++j) {
    const int bits = std::popcount(h[0] ^ all[j][0]) + std::popcount(h[1] ^ all[j][1]) +
                     std::popcount(h[2] ^ all[j][2]) + std::popcount(h[3] ^ all[j][3]);
    if (bits <= most_bits) close.push_back(j);
  }
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
  std::vector<PerceptualHash> hashes(which.size());
#pragma omp parallel for
  for (std::size_t i = 0; i < which.size(); ++i) hashes[i] = perceptual_hash(survey, which[i]);
  const Pictures coarse = unit_pictures(survey, which, 16);
  NearSearch search;
  search.compared = which.size() * (which.size() - std::min<std::size_t>(which.size(), 1)) / 2;
#pragma omp parallel
  {
    std::vector<std::size_t> close;
    NearSearch own;
#pragma omp for schedule(dynamic, 32)
    for (std::size_t i = 0; i < which.size(); ++i) {
      close.clear();
      close_hashes(hashes, i, close);
      for (const std::size_t j : close) {
        if (coarse.correlation(i, j) < coarse_likeness) continue;
        ++own.fitted;
        const double alike = fitted_likeness(survey.picture(which[i]), survey.picture(which[j]));
        if (alike < fine_likeness) continue;
        own.pairs.push_back({std::min(which[i], which[j]), std::max(which[i], which[j]), alike});
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
