// Random numbers for the whole house: Philox4x32-10, a counter-based generator (Salmon, Moraes,
// Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011). There is no state: the
// i-th number of a stream is a function of (key, stream, i), so any thread, CPU or GPU, may draw
// any of them in any order and all draw the same.
//
// One round takes the counter (c0, c1, c2, c3) and the key (k0, k1) to
//   (hi(M1 c2) ^ c1 ^ k0,  lo(M1 c2),  hi(M0 c0) ^ c3 ^ k1,  lo(M0 c0))
// with the 64-bit products' high and low words; after each of the ten rounds the key is moved on by
// (W0, W1).
//
// How to use it: the key is the seed, the stream says what the numbers are for, the index counts.
//   const Philox random = Philox{seed}.child(purpose("augment")).child(epoch);
//   random.uniform(image), random.normal(image), ...
// Different kinds of numbers at one index share bits, so each purpose has its own stream. Where
// counting by hand is a burden, RandomSequence counts.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#if defined(__CUDACC__)
#define HILUM_HOST_DEVICE __host__ __device__
#else
#define HILUM_HOST_DEVICE
#endif

namespace hilum {

// 128 random bits.
struct PhiloxBlock {
  std::uint32_t word[4];

  HILUM_HOST_DEVICE constexpr std::uint64_t bits64(int half) const {
    return static_cast<std::uint64_t>(word[2 * half + 1]) << 32 | word[2 * half];
  }
};

inline constexpr std::uint32_t philox_m0 = 0xD2511F53u, philox_m1 = 0xCD9E8D57u;
inline constexpr std::uint32_t philox_w0 = 0x9E3779B9u, philox_w1 = 0xBB67AE85u;

// The ten rounds: counter and key as the paper's four and two words, lowest first.
HILUM_HOST_DEVICE constexpr PhiloxBlock philox4x32_10(PhiloxBlock c, std::uint32_t k0,
                                                      std::uint32_t k1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = static_cast<std::uint64_t>(philox_m0) * c.word[0];
    const std::uint64_t b = static_cast<std::uint64_t>(philox_m1) * c.word[2];
    c = {{static_cast<std::uint32_t>(b >> 32) ^ c.word[1] ^ k0, static_cast<std::uint32_t>(b),
          static_cast<std::uint32_t>(a >> 32) ^ c.word[3] ^ k1, static_cast<std::uint32_t>(a)}};
    k0 += philox_w0;
    k1 += philox_w1;
  }
  return c;
}

// The top 24 bits of a word as a float in [0, 1): every value is exact.
HILUM_HOST_DEVICE constexpr float unit_float(std::uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1p-24f;
}

// The top 53 bits as a double in [0, 1).
HILUM_HOST_DEVICE constexpr double unit_double(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// A whole number in [0, n) from 64 random bits: the high word of bits x n. The bias is below
// n / 2^64. n = 0 gives 0.
HILUM_HOST_DEVICE constexpr std::uint64_t whole_below(std::uint64_t bits, std::uint64_t n) {
  const std::uint64_t low = 0xFFFFFFFFu;
  const std::uint64_t cross = (bits & low) * (n >> 32) + ((bits & low) * (n & low) >> 32);
  const std::uint64_t other = (bits >> 32) * (n & low) + (cross & low);
  return (bits >> 32) * (n >> 32) + (cross >> 32) + (other >> 32);
}

struct Philox {
  std::uint64_t key = 0;     // the seed
  std::uint64_t stream = 0;  // the upper half of the counter; the index is the lower half

  HILUM_HOST_DEVICE constexpr PhiloxBlock block(std::uint64_t index) const {
    return philox4x32_10(
        {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
          static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}},
        static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
  }

  // A generator of its own for every value of `what`, its key drawn from this one's, in a stream
  // apart from the numbers.
  HILUM_HOST_DEVICE constexpr Philox child(std::uint64_t what) const {
    return {Philox{key, ~stream}.block(what).bits64(0), stream};
  }

  // Word `index` of the sequence of all words, four to a block: the packed form, for arrays.
  HILUM_HOST_DEVICE constexpr std::uint32_t word(std::uint64_t index) const {
    return block(index / 4).word[index % 4];
  }
  // Uniform in [0, 1) with 24 bits, from word(index).
  HILUM_HOST_DEVICE constexpr float uniform_float(std::uint64_t index) const {
    return unit_float(word(index));
  }

  // The others take block `index` to themselves.
  // Uniform in [0, 1) with 53 bits.
  HILUM_HOST_DEVICE constexpr double uniform(std::uint64_t index) const {
    return unit_double(block(index).bits64(0));
  }
  // Uniform in [low, high).
  HILUM_HOST_DEVICE constexpr double uniform(std::uint64_t index, double low, double high) const {
    return low + (high - low) * uniform(index);
  }
  // A whole number in [0, n); see whole_below.
  HILUM_HOST_DEVICE constexpr std::uint64_t below(std::uint64_t index, std::uint64_t n) const {
    return whole_below(block(index).bits64(0), n);
  }
  // Standard normal, by Box and Muller (1958): sqrt(-2 ln u) cos(2 pi v) with u in (0, 1]. The bits
  // are fixed as far as the platform's log and cos are.
  HILUM_HOST_DEVICE double normal(std::uint64_t index) const {
    const PhiloxBlock bits = block(index);
    const double u = unit_double(bits.bits64(0)) + 0x1p-53;
    return std::sqrt(-2 * std::log(u)) *
           std::cos(6.283185307179586476925 * unit_double(bits.bits64(1)));
  }
};

// The stream or child number of a purpose, from its name (64-bit FNV-1a).
constexpr std::uint64_t purpose(std::string_view name) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  return hash;
}

// Draws one number after another: for code whose number of draws depends on what it drew.
class RandomSequence {
 public:
  explicit RandomSequence(Philox philox) : philox_(philox) {}

  double uniform() { return philox_.uniform(next_++); }
  double uniform(double low, double high) { return philox_.uniform(next_++, low, high); }
  double normal() { return philox_.normal(next_++); }
  std::uint64_t below(std::uint64_t n) { return philox_.below(next_++, n); }

 private:
  Philox philox_;
  std::uint64_t next_ = 0;
};

// Every order of the values is equally likely (Fisher and Yates; Knuth, volume 2, algorithm P).
template <class T>
void shuffle(std::vector<T>& values, std::uint64_t seed, std::uint64_t stream) {
  const Philox random{seed, stream};
  for (std::size_t i = values.size(); i > 1; --i) {
    using std::swap;
    swap(values[i - 1], values[random.below(i, i)]);
  }
}

// 0 … n-1 in random order.
inline std::vector<std::size_t> permutation(std::size_t n, std::uint64_t seed,
                                            std::uint64_t stream) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, seed, stream);
  return order;
}

}  // namespace hilum
