// Goal: what decisions demand is a function of their set, the later winning.
// Method: decisions over a few ids, in any order.
#include "timeline/bonds.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Ids = std::vector<std::string>;

Decision Split(int minute, Ids taken, Ids kept) {
  return {absl::UnixEpoch() + absl::Minutes(minute), std::move(taken),
          std::move(kept), "sam", "because"};
}

Decision Merge(int minute, Ids ids) {
  return Split(minute, {}, std::move(ids));
}

// "a=b" for each pair that must be together, "a|b" for each that must not.
Ids Demands(std::vector<Decision> decisions) {
  Bonds bonds;
  for (Decision& decision : decisions) bonds.Add(std::move(decision));
  bonds.Update();
  Ids demands;
  const Ids ids = {"a", "b", "c", "d"};
  for (const std::string& x : ids) {
    for (const std::string& y : ids) {
      const Bond one = bonds.Find(x);
      const Bond other = bonds.Find(y);
      if (x >= y || one == kNoBond || other == kNoBond) continue;
      if (one == other) demands.push_back(absl::StrCat(x, "=", y));
      if (bonds.MustPart(one, other))
        demands.push_back(absl::StrCat(x, "|", y));
    }
  }
  return demands;
}

TEST(BondsTest, DemandsNothingOfThoseNobodyDecidedAbout) {
  EXPECT_THAT(Demands({}), IsEmpty());
}

TEST(BondsTest, PartsWhatASplitTookFromWhatItKeptAndKeepsEachTogether) {
  EXPECT_THAT(Demands({Split(0, {"a", "b"}, {"c", "d"})}),
              ElementsAre("a=b", "a|c", "a|d", "b|c", "b|d", "c=d"));
}

TEST(BondsTest, JoinsWhatAMergeNames) {
  EXPECT_THAT(Demands({Merge(0, {"a", "b"}), Merge(1, {"b", "c"})}),
              ElementsAre("a=b", "a=c", "b=c"));
}

TEST(BondsTest, LetsALaterMergeUndoASplit) {
  EXPECT_THAT(Demands({Split(0, {"a"}, {"b"}), Merge(1, {"a", "b"})}),
              ElementsAre("a=b"));
}

TEST(BondsTest, LetsALaterSplitUndoAMerge) {
  EXPECT_THAT(Demands({Merge(0, {"a", "b"}), Split(1, {"a"}, {"b"})}),
              ElementsAre("a|b"));
}

TEST(BondsTest, KeepsWhatAnEarlierDecisionSaysBeside) {
  EXPECT_THAT(Demands({Split(0, {"a"}, {"b", "c"}), Split(1, {"b"}, {"c"})}),
              ElementsAre("a|b", "a|c", "b|c"));
}

TEST(BondsTest, JoinsNothingByWayOfAThirdThatALaterOneParted) {
  EXPECT_THAT(Demands({Merge(0, {"a", "b"}), Merge(1, {"b", "c"}),
                       Split(2, {"a"}, {"c"})}),
              ElementsAre("a|b", "a|c", "b=c"));
}

TEST(BondsTest, LeavesOpenNothingThatDependsOnTheOrderOfAdding) {
  std::vector<Decision> decisions = {
      Merge(0, {"a", "b", "c", "d"}), Split(1, {"a"}, {"b"}),
      Split(2, {"c"}, {"a", "d"}), Merge(3, {"b", "d"})};
  const Ids expected = Demands(decisions);
  std::sort(decisions.begin(), decisions.end());
  do {
    EXPECT_EQ(Demands(decisions), expected);
  } while (std::next_permutation(decisions.begin(), decisions.end()));
}

TEST(BondsTest, NamesThoseConcernedByWayOfOtherDecisionsAndNobodyElse) {
  Bonds bonds;
  bonds.Add(Merge(0, {"a", "b"}));
  bonds.Add(Merge(1, {"x", "y"}));
  EXPECT_THAT(bonds.Update(), ElementsAre("a", "b", "x", "y"));
  EXPECT_TRUE(bonds.Add(Split(2, {"b"}, {"c"})));
  EXPECT_THAT(bonds.Update(), ElementsAre("a", "b", "c"));
}

TEST(BondsTest, IgnoresADecisionThatItKnows) {
  Bonds bonds;
  EXPECT_TRUE(bonds.Add(Merge(0, {"a", "b"})));
  bonds.Update();
  EXPECT_FALSE(bonds.Add(Merge(0, {"a", "b"})));
  EXPECT_THAT(bonds.Update(), IsEmpty());
}

TEST(BondsTest, SaysWhichDecisionWasTheLast) {
  Bonds bonds;
  bonds.Add(Split(5, {"a"}, {"b"}));
  bonds.Add(Merge(3, {"a", "c"}));
  EXPECT_EQ(DescribeDecision(*bonds.LatestOf("a")),
            "split off by sam: because");
  EXPECT_EQ(DescribePlace(*bonds.LatestOf("b"), "b"),
            "stayed when others were split off by sam: because");
  EXPECT_EQ(DescribeDecision(*bonds.LatestOf("c")), "merged by sam: because");
  EXPECT_EQ(bonds.LatestOf("d"), nullptr);
}

TEST(BondsTest, ForgetsOnlyWhatHasNothingToDoWithTheRetained) {
  Bonds bonds;
  bonds.Add(Merge(0, {"a", "b"}));
  bonds.Add(Merge(0, {"b", "c"}));
  bonds.Add(Merge(0, {"x", "y"}));
  bonds.Add(Merge(9, {"u", "v"}));
  bonds.Update();
  bonds.Forget(absl::UnixEpoch() + absl::Minutes(5),
               [](const std::string& id) { return id == "c"; });
  EXPECT_EQ(bonds.Find("a"), bonds.Find("c"));
  EXPECT_EQ(bonds.LatestOf("x"), nullptr);
  EXPECT_EQ(bonds.Find("x"), kNoBond);
  EXPECT_NE(bonds.LatestOf("u"), nullptr) << "its events may be still to come";
}

}  // namespace
}  // namespace secondstory::timeline
