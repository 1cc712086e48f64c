// Goal: outcomes of one half of a history make the other half no worse.
// Method: histories are made from a seed, in which words say more, and lags
// less, than the defaults hold; half of them teach, half of them measure.
// Seed: printed; set SECONDSTORY_SEED to replay.
#include "timeline/learning.h"

#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

RankedChange MakeRanked(absl::string_view id,
                        const std::vector<Evidence>& evidence) {
  RankedChange change;
  change.event_id = std::string(id);
  change.evidence = evidence;
  return change;
}

double Uniform(std::mt19937_64* random) {
  return static_cast<double>((*random)() >> 11) / 9007199254740992.0;
}

// Ten changes, one of which contributed: drawn by odds in which words count
// twice what they say, and the lag half.
Outcome MakeOutcome(std::mt19937_64* random) {
  Outcome outcome;
  std::vector<double> odds;
  double total = 0;
  for (int i = 0; i < 10; ++i) {
    const double lag = 4 * Uniform(random) - 3;
    const double words = Uniform(random) < 0.3 ? 2 * Uniform(random) : 0;
    outcome.ranked_changes.push_back(MakeRanked(
        absl::StrCat("c", i), {{"lag", "", lag}, {"words", "", words}}));
    odds.push_back(std::exp(2 * words + 0.5 * lag));
    total += odds.back();
  }
  double at = Uniform(random) * total;
  size_t drawn = 0;
  while (drawn + 1 < odds.size() && at > odds[drawn]) at -= odds[drawn++];
  outcome.contributing_event_ids = {outcome.ranked_changes[drawn].event_id};
  return outcome;
}

// The mean negative log-likelihood of the outcomes.
double LossOf(const std::vector<Outcome>& outcomes,
              const RankingWeights& weights) {
  double loss = 0;
  for (const Outcome& outcome : outcomes) {
    double total = 1;
    double own = 0;
    for (const RankedChange& change : outcome.ranked_changes) {
      const double odds =
          std::exp(weights.any_change +
                   weights.of[static_cast<size_t>(Rule::kLag)] *
                       change.evidence[0].log_odds +
                   weights.of[static_cast<size_t>(Rule::kWords)] *
                       change.evidence[1].log_odds);
      total += odds;
      if (change.event_id == outcome.contributing_event_ids[0]) own = odds;
    }
    loss += std::log(total / own);
  }
  return loss / static_cast<double>(outcomes.size());
}

TEST(LearningTest, OneHalfOfAHistoryImprovesTheOther) {
  std::mt19937_64 random(TestSeed(7));
  Learning learning;
  for (int i = 0; i < 300; ++i) Learn(MakeOutcome(&random), &learning);
  std::vector<Outcome> other;
  for (int i = 0; i < 300; ++i) other.push_back(MakeOutcome(&random));
  EXPECT_LT(LossOf(other, learning.weights), LossOf(other, RankingWeights()));
  EXPECT_GT(learning.weights.of[static_cast<size_t>(Rule::kWords)], 1);
  EXPECT_LT(learning.weights.of[static_cast<size_t>(Rule::kLag)], 1);
}

TEST(LearningTest, KeepsTheDefaultsWithoutOutcomes) {
  EXPECT_EQ(Learning().weights, RankingWeights());
  EXPECT_THAT(RankingWeights().of, Each(1.0));
}

TEST(LearningTest, LeavesRulesAloneThatSaidNothing) {
  std::mt19937_64 random(1);
  Learning learning;
  Learn(MakeOutcome(&random), &learning);
  EXPECT_EQ(learning.weights.of[static_cast<size_t>(Rule::kPlace)], 1);
  EXPECT_EQ(learning.weights.of[static_cast<size_t>(Rule::kUndo)], 1);
}

TEST(LearningTest, MovesNoWeightFarByOneOutcome) {
  Outcome outcome;
  outcome.ranked_changes = {MakeRanked("a", {{"words", "", 50}}),
                            MakeRanked("b", {{"words", "", -50}})};
  outcome.contributing_event_ids = {"b"};
  Learning learning;
  Learn(outcome, &learning);
  EXPECT_NEAR(learning.weights.of[static_cast<size_t>(Rule::kWords)], 0.98,
              1e-9);
}

TEST(LearningTest, StaysWithinItsBoundsWhateverIsConfirmed) {
  Outcome outcome;
  outcome.ranked_changes = {MakeRanked("a", {{"words", "", 50}}),
                            MakeRanked("b", {{"words", "", -50}})};
  outcome.contributing_event_ids = {"b"};
  Learning learning;
  for (int i = 0; i < 1000; ++i) Learn(outcome, &learning);
  EXPECT_EQ(learning.weights.of[static_cast<size_t>(Rule::kWords)], 0.5);
}

TEST(LearningTest, HoldsAllChangesForLessLikelyWhereNoneContributed) {
  Outcome outcome;
  outcome.ranked_changes = {MakeRanked("a", {{"lag", "", 1}})};
  Learning learning;
  Learn(outcome, &learning);
  EXPECT_LT(learning.weights.any_change, 0);
}

// How well "some change" was foretold of what was an incident, or was not.
double LossOf(const std::vector<Judgement>& judgements,
              const RankingWeights& weights) {
  double loss = 0;
  for (const Judgement& judgement : judgements) {
    const double odds = std::exp(
        weights.any_change + judgement.ranked_changes[0].evidence[0].log_odds);
    loss += std::log1p(judgement.is_incident ? 1 / odds : odds);
  }
  return loss / static_cast<double>(judgements.size());
}

TEST(LearningTest, ForetellsNoChangeMoreOftenWhereMostCandidatesAreDismissed) {
  std::mt19937_64 random(TestSeed(7));
  const auto make = [&] {
    Judgement judgement;
    judgement.ranked_changes = {
        MakeRanked("a", {{"lag", "", 2 * Uniform(&random)}})};
    judgement.is_incident = Uniform(&random) < 0.2;
    return judgement;
  };
  Learning learning;
  for (int i = 0; i < 300; ++i) Learn(make(), &learning);
  std::vector<Judgement> other;
  for (int i = 0; i < 300; ++i) other.push_back(make());
  EXPECT_LT(LossOf(other, learning.weights), LossOf(other, RankingWeights()));
  EXPECT_LT(learning.weights.any_change, 0);
  EXPECT_THAT(learning.weights.of, Each(1.0)) << "which change, it cannot say";
  EXPECT_EQ(learning.decision_count, 300u);
}

TEST(LearningTest, MovesLittleByAJudgementAndBackByItsOpposite) {
  Judgement judgement;
  judgement.ranked_changes = {MakeRanked("a", {{"lag", "", 1}})};
  Learning learning;
  Learn(judgement, &learning);
  const double dismissed = learning.weights.any_change;
  EXPECT_LT(dismissed, 0);
  EXPECT_GE(dismissed, -0.005);
  judgement.is_incident = true;
  Learn(judgement, &learning);
  EXPECT_GT(learning.weights.any_change, dismissed);
}

TEST(LearningTest, LearnsNothingFromChangesThatWereNotListed) {
  Outcome outcome;
  outcome.ranked_changes = {MakeRanked("a", {{"lag", "", 1}})};
  outcome.contributing_event_ids = {"unlisted"};
  Learning learning;
  Learn(outcome, &learning);
  EXPECT_EQ(learning.weights, RankingWeights());
  EXPECT_EQ(learning.decision_count, 1u);
}

TEST(LearningTest, GoesOnFromWhatWasStoredAsIfItHadNotStopped) {
  std::mt19937_64 random(TestSeed(7));
  Learning whole;
  Learning resumed;
  for (int i = 0; i < 50; ++i) {
    const Outcome outcome = MakeOutcome(&random);
    Learn(outcome, &whole);
    Learn(outcome, &resumed);
    absl::StatusOr<Learning> read = ParseLearning(FormatLearning(resumed));
    ASSERT_TRUE(read.ok()) << read.status();
    resumed = *read;
  }
  EXPECT_EQ(FormatLearning(whole), FormatLearning(resumed));
  EXPECT_EQ(whole.weights, resumed.weights);
}

TEST(LearningTest, TakesTheWeightsOutOfWhatWasRankedWithThem) {
  RankingWeights weights;
  weights.of[static_cast<size_t>(Rule::kWords)] = 2;
  weights.of[static_cast<size_t>(Rule::kOrder)] = 0.5;
  weights.any_change = 1;
  std::vector<RankedChange> changes = {
      MakeRanked("a", {{"words", "", 3},
                       {"order", "", 2},
                       {"frequency", "", -0.5},
                       {"of the future", "", 7}})};
  Unweigh(weights, &changes);
  EXPECT_EQ(changes[0].evidence[0].log_odds, 1.5);
  EXPECT_EQ(changes[0].evidence[1].log_odds, 2);
  EXPECT_EQ(changes[0].evidence[2].log_odds, -1);
  EXPECT_EQ(changes[0].evidence[3].log_odds, 7);
}

TEST(LearningTest, RefusesWhatItDidNotWrite) {
  const std::string good = FormatLearning(Learning());
  EXPECT_TRUE(ParseLearning(good).ok());
  for (const std::string& bad :
       {std::string(), std::string("learning 99") + good.substr(10),
        good + " 1", good.substr(0, good.size() - 9)}) {
    const auto read = ParseLearning(bad);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr("again"));
  }
}

}  // namespace
}  // namespace secondstory::timeline
