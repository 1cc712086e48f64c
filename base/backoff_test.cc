#include "base/backoff.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace secondstory {
namespace {

constexpr absl::Duration kInitial = absl::Milliseconds(100);
constexpr absl::Duration kMax = absl::Seconds(15);

absl::Duration LongestNthWait(int n) {
  absl::Duration longest;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    Backoff backoff(kInitial, kMax, seed);
    for (int i = 0; i < n; ++i) backoff.Next();
    longest = std::max(longest, backoff.Next());
  }
  return longest;
}

TEST(BackoffTest, DoublesTheLongestWaitUpToTheLimit) {
  for (int n : {0, 1, 4, 7, 8, 100, 5000}) {
    const absl::Duration bound =
        n < 8 ? std::min(kMax, kInitial * (1 << n)) : kMax;
    EXPECT_LE(LongestNthWait(n), bound) << n;
    EXPECT_GT(LongestNthWait(n), bound * 0.9) << n;
  }
}

TEST(BackoffTest, SpreadsWaitsAndNeverReturnsZero) {
  Backoff backoff(kInitial, kInitial, 7);
  int short_count = 0;
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration wait = backoff.Next();
    ASSERT_GT(wait, absl::ZeroDuration());
    short_count += wait < kInitial / 2;
  }
  EXPECT_NEAR(short_count, 500, 100);
}

TEST(BackoffTest, StartsAgainAfterASuccess) {
  Backoff backoff(kInitial, kMax, 1);
  for (int i = 0; i < 20; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), kInitial);
}

}  // namespace
}  // namespace secondstory
