#include "timeline/affinity.h"

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kCart = 1;
constexpr uint64_t kMail = 2;
constexpr uint64_t kDisk = 3;

TEST(PatternOfTest, IsTheSameForTitlesThatDifferInNumbersOnly) {
  EXPECT_EQ(PatternOf("cart", "CPU at 97 % on node-12"),
            PatternOf("cart", "CPU at 100 % on node-3"));
  EXPECT_NE(PatternOf("cart", "CPU at 97 %"), PatternOf("mail", "CPU at 97 %"));
  EXPECT_NE(PatternOf("cart", "CPU at 97 %"), PatternOf("cart", "CPU at %"));
  EXPECT_NE(PatternOf("ab", "c"), PatternOf("a", "bc"));
}

TEST(AffinityTest, SaysNothingOfWhatNobodyDecidedAbout) {
  Affinity affinity;
  EXPECT_TRUE(affinity.empty());
  affinity.Join({{kCart}, {kMail}});
  EXPECT_EQ(affinity.Weigh(kCart, {kDisk}), 0);
  EXPECT_EQ(affinity.Weigh(kCart, {}), 0);
}

TEST(AffinityTest, SpeaksForWhatWasPutTogetherAndAgainstWhatWasParted) {
  Affinity affinity;
  affinity.Join({{kCart}, {kMail}});
  EXPECT_NEAR(affinity.Weigh(kCart, {kMail}), 1.04, 0.01);
  EXPECT_EQ(affinity.Weigh(kMail, {kCart}), affinity.Weigh(kCart, {kMail}));
  affinity.Part({{kCart}, {kDisk}});
  EXPECT_NEAR(affinity.Weigh(kCart, {kDisk}), -1.04, 0.01);
  EXPECT_EQ(affinity.Weigh(kCart, {kDisk, kMail}), 0) << "the mean";
}

TEST(AffinityTest, TakesBackWhatIsDecidedTheOtherWay) {
  Affinity affinity;
  affinity.Join({{kCart}, {kMail}});
  affinity.Part({{kMail}, {kCart}});
  EXPECT_EQ(affinity.Weigh(kCart, {kMail}), 0);
}

TEST(AffinityTest, StaysWithinItsBoundsHoweverOftenItIsTaught) {
  Affinity affinity;
  for (int i = 0; i < 1000; ++i) affinity.Join({{kCart}, {kMail}});
  EXPECT_EQ(affinity.Weigh(kCart, {kMail}), kAffinityMax);
  for (int i = 0; i < 30; ++i) affinity.Part({{kCart}, {kMail}});
  EXPECT_LT(affinity.Weigh(kCart, {kMail}), 0) << "the latest counts";
}

TEST(AffinityTest, LearnsNothingFromAPatternOnBothSides) {
  Affinity affinity;
  affinity.Part({{kCart, kMail}, {kMail, kDisk}});
  EXPECT_EQ(affinity.pair_count(), 1u);
  EXPECT_LT(affinity.Weigh(kCart, {kDisk}), 0);
}

TEST(AffinityTest, KeepsTheFirstPairsOfADecisionAndTheLatestDecisions) {
  std::vector<uint64_t> many;
  for (uint64_t i = 100; i < 300; ++i) many.push_back(i);
  Affinity affinity;
  affinity.Join({{kCart}, many});
  EXPECT_EQ(affinity.pair_count(), kAffinityPairsPerDecisionMax);
  EXPECT_GT(affinity.Weigh(kCart, {100}), 0);
  for (uint64_t i = 1000; i < 1000 + kAffinityPairCountMax; ++i) {
    affinity.Join({{kMail}, {i}});
  }
  EXPECT_EQ(affinity.pair_count(), kAffinityPairCountMax);
  EXPECT_EQ(affinity.Weigh(kCart, {100}), 0);
  EXPECT_LT(affinity.Format().size(), 3u << 10);
}

TEST(AffinityTest, GoesOnFromWhatWasStoredAsIfItHadNotStopped) {
  Affinity whole;
  Affinity resumed;
  for (uint64_t i = 0; i < 300; ++i) {
    const Sides sides = {{i % 17}, {100 + i % 23, 200 + i % 5}};
    if (i % 3 == 0) {
      whole.Part(sides);
      resumed.Part(sides);
    } else {
      whole.Join(sides);
      resumed.Join(sides);
    }
    SS_ASSERT_OK_AND_ASSIGN(resumed, Affinity::Parse(resumed.Format()));
    ASSERT_EQ(resumed.Format(), whole.Format());
  }
  EXPECT_EQ(resumed.Weigh(3, {103, 201}), whole.Weigh(3, {103, 201}));
}

TEST(AffinityTest, RefusesWhatItDidNotWrite) {
  for (const char* bad :
       {"", "affinity", "affinity 2", "affinity 1 xyz+1-1", "affinity 1 0a+1",
        "affinity 1 0a+16-0", "affinity 1 0a+1-1 "}) {
    EXPECT_THAT(
        Affinity::Parse(bad),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("again")))
        << bad;
  }
  EXPECT_THAT(Affinity::Parse("affinity 1"), IsOk());
}

}  // namespace
}  // namespace secondstory::timeline
