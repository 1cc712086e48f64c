#include "timeline/learning_history.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

// The only change contributed, although its lag speaks against it.
Outcome Confirmed() {
  RankedChange change;
  change.event_id = "deploy";
  change.evidence = {{"lag", "", -2}};
  return {{change}, {"deploy"}};
}

Learning LearntFrom(int outcome_count) {
  Learning learning;
  for (int i = 0; i < outcome_count; ++i) Learn(Confirmed(), &learning);
  return learning;
}

TEST(LearningHistoryTest, GivesTheDefaultsWhenNothingWasLearnt) {
  const LearningHistory history;
  EXPECT_EQ(history.Before(0).outcome_count, 0u);
  EXPECT_EQ(history.Before(100).weights, RankingWeights());
}

TEST(LearningHistoryTest, GivesWhatStandsBeforeThePosition) {
  LearningHistory history;
  history.Add(10, Confirmed());
  history.Add(20, Confirmed());
  EXPECT_EQ(history.Before(10).weights, RankingWeights());
  EXPECT_EQ(history.Before(11).weights, LearntFrom(1).weights);
  EXPECT_EQ(history.Before(20).weights, LearntFrom(1).weights);
  EXPECT_EQ(history.Before(21).weights, LearntFrom(2).weights);
  EXPECT_NE(LearntFrom(1).weights.of, LearntFrom(2).weights.of);
}

TEST(LearningHistoryTest, IgnoresWhatItKnows) {
  LearningHistory history;
  history.Add(10, Confirmed());
  history.Add(10, Confirmed());
  history.Add(5, Confirmed());
  EXPECT_EQ(history.latest().outcome_count, 1u);
}

TEST(LearningHistoryTest, KeepsWhatIsNeededAfterForgetting) {
  LearningHistory history;
  for (uint64_t position : {10, 20, 30}) history.Add(position, Confirmed());
  history.ForgetThrough(20);
  EXPECT_EQ(history.retained_count(), 2u);
  EXPECT_EQ(history.Before(21).weights, LearntFrom(2).weights);
  EXPECT_EQ(history.Before(31).weights, LearntFrom(3).weights);
}

TEST(LearningHistoryTest, GoesOnFromWhatWasStored) {
  LearningHistory history(LearntFrom(2));
  EXPECT_EQ(history.Before(1).outcome_count, 2u);
  history.Add(40, Confirmed());
  EXPECT_EQ(history.Before(41).weights, LearntFrom(3).weights);
}

}  // namespace
}  // namespace secondstory::timeline
