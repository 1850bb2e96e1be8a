// kernels/work.h: every item once, whatever the threads do, and each thread's own part first.
#include "kernels/work.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <vector>

namespace hilum {
namespace {

TEST(Work, GivesEveryItemOnceAndOwnItemsFirst) {
  for (const int threads : {1, 2, 3, 8}) {
    for (const std::size_t items : {0, 1, 7, 1000}) {
      std::vector<int> taken(items);
      std::vector<std::vector<std::size_t>> order(static_cast<std::size_t>(threads));
      omp_set_num_threads(threads);
      Work work(items);
#pragma omp parallel
      {
        auto& mine = order[static_cast<std::size_t>(omp_get_thread_num())];
        for (std::size_t item = 0; work.next(item);) {
#pragma omp atomic
          ++taken[item];
          mine.push_back(item);
        }
      }
      EXPECT_EQ(taken, std::vector<int>(items, 1)) << threads << " threads";
      for (std::size_t t = 0; t < order.size(); ++t) {
        std::size_t own = 0;  // the first items are those of the static schedule, in order
        const std::size_t length = items / order.size() + (t < items % order.size() ? 1 : 0);
        const std::size_t begin = t * (items / order.size()) + std::min(t, items % order.size());
        while (own < order[t].size() && order[t][own] == begin + own && own < length) ++own;
        for (; own < order[t].size(); ++own) {
          EXPECT_TRUE(order[t][own] < begin || order[t][own] >= begin + length);
        }
      }
    }
  }
  omp_set_num_threads(omp_get_num_procs());
}

TEST(Work, AThreadThatIsDoneHelpsTheOthers) {
  omp_set_num_threads(2);
  Work work(20);
  std::vector<std::size_t> first, others;
#pragma omp parallel
  {
    std::size_t item = 0;
    if (omp_get_thread_num() == 0 && work.next(item)) first.push_back(item);
#pragma omp barrier
    while (omp_get_thread_num() == 1 && work.next(item)) others.push_back(item);
  }
  EXPECT_EQ(first, std::vector<std::size_t>{0});
  std::vector<std::size_t> expected;
  for (std::size_t i = 10; i < 20; ++i) expected.push_back(i);  // its own,
  for (std::size_t i = 9; i >= 1; --i) expected.push_back(i);   // then the other's from the end
  EXPECT_EQ(others, expected);
  omp_set_num_threads(omp_get_num_procs());
}

TEST(Teams, ShareOutSharesAndItemsOnce) {
  for (const int threads : {1, 2, 3, 5, 8}) {
    for (const std::size_t shares : {1, 2, 4}) {
      omp_set_num_threads(threads);
      std::vector<std::vector<int>> done(shares, std::vector<int>(10));
      std::vector<int> late(shares);
      Teams teams(shares);
#pragma omp parallel
      {
        teams.join();
        for (auto [share, past] = teams.shares(); share < past; ++share) {
          for (auto [i, end] = teams.part(10); i < end; ++i) ++done[share][i];
          teams.wait();  // from here on everybody sees the whole share
          int sum = 0;
          for (const int n : done[share]) sum += n;
#pragma omp atomic
          late[share] += sum == 10 ? 0 : 1;
          teams.wait();
        }
      }
      EXPECT_EQ(done, std::vector<std::vector<int>>(shares, std::vector<int>(10, 1)))
          << threads << " threads";
      EXPECT_EQ(late, std::vector<int>(shares)) << threads << " threads, " << shares << " shares";
    }
  }
  omp_set_num_threads(omp_get_num_procs());
}

}  // namespace
}  // namespace hilum
