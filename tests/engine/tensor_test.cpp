// Shapes, handles and the caching allocator.
#include "engine/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/allocator.h"
#include "kernels/error.h"
#include "kernels/philox.h"
#include "tests/engine/helpers.h"

namespace hilum {
namespace {

TEST(Shape, CountsPrintsAndRefuses) {
  EXPECT_EQ((Shape{2, 3, 4}).count(), 24u);
  EXPECT_EQ((Shape{2, 3, 4}).str(), "2x3x4");
  EXPECT_EQ(Shape().count(), 1u);
  EXPECT_EQ(Shape().str(), "scalar");
  EXPECT_EQ((Shape{0, 5}).count(), 0u);
  EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1}), Error);
  EXPECT_THROW((Shape{std::size_t{1} << 32, std::size_t{1} << 32}), Error);
  EXPECT_THROW((Shape{2})[1], Error);
}

TEST(Tensor, HandlesShareAndClonesDoNot) {
  Tensor a = Tensor::full({2, 2}, 3);
  Tensor handle = a, shared = a.reshape({4}), copy = a.clone();
  a.data()[1] = 7;
  EXPECT_EQ(handle.data()[1], 7);
  EXPECT_EQ(shared.data()[1], 7);
  EXPECT_EQ(copy.data()[1], 3);
  EXPECT_EQ(a.to(Device::cpu).data(), a.data());
}

TEST(Tensor, WrongUseIsNamed) {
  EXPECT_THROW(Tensor().shape(), Error);
  EXPECT_THROW(Tensor().data(), Error);
  EXPECT_THROW(Tensor::full({2}, 1).item(), Error);
  EXPECT_THROW(Tensor::full({2}, 1).labels(), Error);
  const std::int32_t labels[] = {1, 2};
  EXPECT_THROW(Tensor::from(labels, {2}).data(), Error);
  EXPECT_THROW(Tensor::from(labels, {3}), Error);
  EXPECT_THROW(Tensor::from(labels, {2}).set_requires_grad(true), Error);
  EXPECT_THROW(Tensor::full({2}, 1).set_grad(Tensor::full({3}, 1)), Error);
  try {
    Tensor::empty({1}, Device::cuda);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::device);
  }
}

TEST(Tensor, Empty) {
  const Tensor none = Tensor::zeros({0, 3});
  EXPECT_EQ(none.count(), 0u);
  EXPECT_TRUE(none.values().empty());
  EXPECT_EQ(none.clone().count(), 0u);
}

TEST(Allocator, SizeClassesWasteAnEighthAtMost) {
  for (std::size_t bytes = 1; bytes < 100'000'000; bytes = bytes * 9 / 8 + 1) {
    const std::size_t rounded = size_class(bytes);
    EXPECT_GE(rounded, bytes);
    EXPECT_EQ(rounded % 64, 0u);
    EXPECT_EQ(size_class(rounded), rounded);
    EXPECT_LE(rounded - bytes, bytes / 8 + 64);
  }
}

TEST(Allocator, BlocksAreAlignedKeptAndCounted) {
  release_kept_memory();
  const MemoryStatistics before = memory_statistics();
  void* block = allocate(5'000'000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 4096, 0u);
  EXPECT_EQ(memory_statistics().in_use, before.in_use + size_class(5'000'000));
  deallocate(block, 5'000'000);
  EXPECT_EQ(memory_statistics().in_use, before.in_use);
  EXPECT_EQ(memory_statistics().kept, size_class(5'000'000));
  EXPECT_GE(memory_statistics().peak, before.in_use + size_class(5'000'000));
  void* again = allocate(4'990'000);
  EXPECT_EQ(again, block);
  deallocate(again, 4'990'000);
  EXPECT_EQ(memory_statistics().kept, size_class(5'000'000));
  release_kept_memory();
  EXPECT_EQ(memory_statistics().kept, 0u);
  EXPECT_EQ(allocate(0), nullptr);
}

// What is freed serves requests of every size: no memory is taken that is there already.
TEST(Allocator, LargeBlocksAreCutAndGrowTogether) {
  release_kept_memory();
  const std::size_t mib = std::size_t{1} << 20;
  void* whole = allocate(12 * mib);
  std::memset(whole, 1, 12 * mib);
  deallocate(whole, 12 * mib);
  void* blocks[3];
  for (void*& block : blocks) block = allocate(4 * mib);
  EXPECT_EQ(memory_statistics().kept, 0u);
  deallocate(blocks[0], 4 * mib);
  deallocate(blocks[2], 4 * mib);
  void* small = allocate(2 * mib);  // in a hole
  EXPECT_EQ(memory_statistics().kept, 6 * mib);
  deallocate(small, 2 * mib);
  deallocate(blocks[1], 4 * mib);
  EXPECT_EQ(allocate(12 * mib), whole) << "the three have not grown together";
  EXPECT_EQ(memory_statistics().kept, 0u);
  deallocate(whole, 12 * mib);
}

TEST(Allocator, RandomBlocksNeverOverlap) {
  const Philox random{5};
  struct Block {
    unsigned char* begin;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  const auto check_and_free = [&](std::size_t which) {
    const Block b = blocks[which];
    EXPECT_EQ(b.begin[0], b.mark);
    EXPECT_EQ(b.begin[b.bytes - 1], b.mark);
    EXPECT_EQ(b.begin[b.bytes / 2], b.mark);
    deallocate(b.begin, b.bytes);
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(which));
  };
  for (std::size_t i = 0; i < 2000; ++i) {
    if (blocks.size() > 12 || (!blocks.empty() && random.below(3 * i, 2) == 0)) {
      check_and_free(random.below(3 * i + 1, blocks.size()));
    }
    const std::size_t bytes = 700'000 + random.below(3 * i + 2, 5'000'000);
    Block b{static_cast<unsigned char*>(allocate(bytes)), bytes,
            static_cast<unsigned char>(i % 251)};
    b.begin[0] = b.begin[bytes / 2] = b.begin[bytes - 1] = b.mark;
    blocks.push_back(b);
    if (i % 500 == 499) release_kept_memory();
  }
  while (!blocks.empty()) check_and_free(0);
}

TEST(Allocator, OutOfMemorySaysHowMuchAndWhatToDo) {
  const MemoryStatistics before = memory_statistics();
  set_memory_limit(before.in_use + 10'000'000);
  // Kept blocks give way before anything is refused.
  deallocate(allocate(8'000'000), 8'000'000);
  deallocate(allocate(6'000'000), 6'000'000);
  for (const std::size_t bytes :
       {std::size_t{20'000'000}, std::numeric_limits<std::size_t>::max() - 100}) {
    try {
      allocate(bytes);
      FAIL() << bytes;
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_EQ(error.kind(), ErrorKind::device);
      EXPECT_NE(text.find(std::to_string(bytes)), std::string::npos) << text;
      EXPECT_NE(text.find("in use"), std::string::npos) << text;
      EXPECT_NE(text.find("peak"), std::string::npos) << text;
      EXPECT_NE(text.find("batch size"), std::string::npos) << text;
    }
  }
  EXPECT_EQ(memory_statistics().in_use, before.in_use);
  set_memory_limit(before.limit);
}

}  // namespace
}  // namespace hilum
