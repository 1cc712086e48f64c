#include "tests/bench/statistics.h"

#include <random>

#include "gtest/gtest.h"

namespace secondstory::bench {
namespace {

TEST(StatisticsTest, FindsQuantilesByRank) {
  EXPECT_EQ(Quantile({}, 0.5), 0);
  EXPECT_EQ(Quantile({7}, 0.99), 7);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Quantile({5, 4, 3, 2, 1}, 0), 1);
  EXPECT_EQ(Quantile({5, 4, 3, 2, 1}, 1), 5);
}

TEST(StatisticsTest, GivesTheSameIntervalForTheSameSeed) {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8};
  const Interval a = MedianInterval(values, 7), b = MedianInterval(values, 7);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_LE(a.low, a.median);
  EXPECT_LE(a.median, a.high);
}

TEST(StatisticsTest, CoversTheTrueMedianAboutAsOftenAsItSays) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(10, 2);
  int covered = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<double> values;
    for (int n = 0; n < 25; ++n) values.push_back(noise(random));
    const Interval interval = MedianInterval(values, random());
    covered += interval.low <= 10 && 10 <= interval.high;
  }
  EXPECT_GE(covered, 170);
}

TEST(StatisticsTest, IsAPointWhereNothingVaries) {
  const Interval interval = MedianInterval({4, 4, 4, 4}, 1);
  EXPECT_EQ(interval.low, 4);
  EXPECT_EQ(interval.high, 4);
}

}  // namespace
}  // namespace secondstory::bench
