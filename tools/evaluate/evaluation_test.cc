// Goal: the figures are what their names say.
// Method: small histories made by code, in which the right figure is known.
#include "tools/evaluate/evaluation.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/scenario.h"

namespace secondstory::evaluate {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// Incidents ten days apart: a deploy of a service, and two alerts of it 4 min
// later; every fifth is without a deploy.
History MakeHistory(int count) {
  History history;
  for (int i = 0; i < count; ++i) {
    const absl::Duration at = absl::Hours(240 * i);
    const std::string service = absl::StrCat("service-", i % 3);
    Incident incident;
    if (i % 5 != 4) {
      history.events.push_back(timeline::MakeChange(
          at, service, absl::StrCat("Deploy ", i), absl::StrCat("rev", i)));
      incident.contributing = {history.events.back().id};
    }
    history.events.push_back(timeline::MakeChange(at - absl::Hours(5), "other",
                                                  absl::StrCat("Other ", i)));
    for (int minute : {4, 5}) {
      history.events.push_back(timeline::MakeAlert(
          at + absl::Minutes(minute), service, absl::StrCat("Slow", minute)));
      incident.symptoms.push_back(history.events.back().id);
    }
    history.incidents.push_back(incident);
  }
  return history;
}

TEST(AssembleTest, RanksTheContributingChangeOfEachIncident) {
  const Assembled assembled = Assemble(MakeHistory(5), {});
  ASSERT_THAT(assembled.verdicts, SizeIs(5));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(assembled.verdicts[i].rank, 1);
  EXPECT_FALSE(assembled.verdicts[4].has_change);
  EXPECT_GT(assembled.verdicts[4].no_change_score,
            assembled.verdicts[0].no_change_score);
}

TEST(AssembleTest, CountsPairsOfSymptomsAcrossIncidents) {
  History history = MakeHistory(1);
  EXPECT_EQ(Assemble(history, {}).right, 1);
  EXPECT_EQ(Assemble(history, {}).wrong, 0);
  // The same two alerts, of which people say that they do not belong together.
  const Incident both = history.incidents[0];
  history.incidents = {{{both.symptoms[0]}, {}}, {{both.symptoms[1]}, {}}};
  EXPECT_EQ(Assemble(history, {}).right, 0);
  EXPECT_EQ(Assemble(history, {}).wrong, 1);
}

TEST(AssembleTest, CountsApartWhatPeoplePutTogether) {
  History history = MakeHistory(2);
  history.incidents[0].symptoms.push_back(history.incidents[1].symptoms[0]);
  history.incidents.pop_back();
  const Assembled assembled = Assemble(history, {});
  EXPECT_EQ(assembled.right, 1);
  EXPECT_EQ(assembled.missed, 2);
}

TEST(AssembleTest, CountsTheUnconfirmedForGroupingAlone) {
  History history = MakeHistory(5);
  const Assembled all = Assemble(history, {});
  for (Incident& incident : history.incidents) {
    incident.is_confirmed = false;
    incident.contributing.clear();
  }
  const Assembled assembled = Assemble(history, {});
  EXPECT_EQ(assembled.right, all.right);
  EXPECT_THAT(DescribeRanking(assembled.verdicts, 1),
              HasSubstr("ranking: 0 incidents that name a change"));
  EXPECT_EQ(LearnFrom(assembled.verdicts).decision_count, 0);
  EXPECT_EQ(LearnFrom(all.verdicts).decision_count, 5);
}

TEST(AssembleTest, HoldsAnUnknownSymptomForNoChange) {
  History history = MakeHistory(1);
  history.incidents[0].symptoms = {"nowhere"};
  const Assembled assembled = Assemble(history, {});
  EXPECT_EQ(assembled.verdicts[0].no_change_score, 1);
  EXPECT_EQ(assembled.verdicts[0].rank, 0);
}

TEST(CrossValidateTest, JudgesEveryIncidentOnceUnderWeightsOfOthers) {
  const History history = MakeHistory(20);
  const std::vector<Verdict> plain = Assemble(history, {}).verdicts;
  const std::vector<Verdict> learnt = CrossValidate(history, plain, 4, 1);
  ASSERT_THAT(learnt, SizeIs(20));
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(learnt[i].has_change, plain[i].has_change);
    EXPECT_EQ(learnt[i].rank, plain[i].rank);
  }
}

TEST(CrossValidateTest, GivesSameTextForSameSeed) {
  const History history = MakeHistory(12);
  const std::vector<Verdict> plain = Assemble(history, {}).verdicts;
  const auto text = [&](uint64_t seed) {
    return DescribeRanking(CrossValidate(history, plain, 3, seed), seed);
  };
  EXPECT_EQ(text(7), text(7));
}

Verdict MakeVerdict(int rank, double no_change_score, bool has_change = true) {
  Verdict verdict;
  verdict.has_change = has_change;
  verdict.rank = rank;
  verdict.no_change_score = no_change_score;
  return verdict;
}

TEST(DescribeRankingTest, GivesMeansOfRanks) {
  const std::string text =
      DescribeRanking({MakeVerdict(1, 0), MakeVerdict(2, 0), MakeVerdict(4, 0),
                       MakeVerdict(0, 0)},
                      1);
  EXPECT_THAT(text, HasSubstr("4 incidents that name a change"));
  EXPECT_THAT(text, HasSubstr("top-1  0.250 ["));
  EXPECT_THAT(text, HasSubstr("top-3  0.500 ["));
  EXPECT_THAT(text, HasSubstr("MRR    0.438 ["));
}

TEST(DescribeRankingTest, ComparesEveryNamedOneWithEveryNone) {
  EXPECT_THAT(DescribeRanking({MakeVerdict(1, 0.1), MakeVerdict(1, 0.6),
                               MakeVerdict(0, 0.5, false)},
                              1),
              HasSubstr("AUC 0.500"));
  EXPECT_THAT(DescribeRanking({MakeVerdict(1, 0.1)}, 1),
              HasSubstr("both are needed for a figure"));
}

TEST(DescribeRankingTest, PutsScoresBesideWhatWasConfirmed) {
  Verdict verdict = MakeVerdict(1, 0.1);
  verdict.scores = {{0.82, true}, {0.81, false}, {0.01, false}};
  const std::string text = DescribeRanking({verdict}, 1);
  EXPECT_THAT(text, HasSubstr("0.80        2       0.815        0.500\n"));
  EXPECT_THAT(text, HasSubstr("0.00        1       0.010        0.000\n"));
}

TEST(DescribeGroupingTest, GivesPrecisionRecallAndTheirHarmonicMean) {
  Assembled assembled;
  assembled.right = 3;
  assembled.wrong = 1;
  assembled.missed = 3;
  EXPECT_EQ(DescribeGrouping(assembled),
            "grouping: pairs of symptoms: precision 0.750  recall 0.500  F1 "
            "0.600\n");
  EXPECT_THAT(DescribeGrouping({}), HasSubstr("no incident has two"));
}

}  // namespace
}  // namespace secondstory::evaluate
