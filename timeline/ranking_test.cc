#include "timeline/ranking.h"

#include <cmath>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class RankingTest : public ::testing::Test {
 protected:
  void AddChange(Event event) {
    owned_.push_back(std::make_unique<KnownEvent>(std::move(event)));
    changes_.push_back(owned_.back().get());
  }
  void AddAlert(Event event) {
    owned_.push_back(std::make_unique<KnownEvent>(std::move(event)));
    symptoms_.push_back(owned_.back().get());
  }
  Ranking Rank(const Topology& topology = Topology()) {
    return RankChanges(symptoms_, changes_, topology, RankingOptions());
  }
  static const Evidence* FindEvidence(const RankedChange& change,
                                      absl::string_view rule) {
    for (const Evidence& each : change.evidence) {
      if (each.rule == rule) return &each;
    }
    return nullptr;
  }

  std::vector<std::unique_ptr<KnownEvent>> owned_;
  std::vector<const KnownEvent*> symptoms_;
  std::vector<const KnownEvent*> changes_;
};

TEST_F(RankingTest, SaysThatNoChangeExplainsItWhenThereIsNone) {
  AddAlert(MakeAlert(absl::Hours(80), "cart", "HighLatency"));
  const Ranking ranking = Rank();
  EXPECT_THAT(ranking.changes, IsEmpty());
  EXPECT_EQ(ranking.no_change_score, 1);
  EXPECT_EQ(ranking.no_change_reason,
            "no change near the onset explains this: none is known from the "
            "72 h before the first alert");
}

TEST_F(RankingTest, PrefersTheLaterOfTwoEqualChanges) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "One change", "a1"));
  AddChange(MakeChange(absl::Minutes(56), "cart", "Two change", "a2"));
  AddAlert(MakeAlert(absl::Minutes(60), "mail", "HighLatency"));
  const Ranking ranking = Rank();
  ASSERT_THAT(ranking.changes, SizeIs(2));
  EXPECT_EQ(ranking.changes[0].revision, "a2");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "lag")->text,
            "4 min before the first alert");
}

TEST_F(RankingTest, NamesTheWordsInCommonAndWeighsRareOnesMore) {
  for (int i = 0; i < 30; ++i) {
    AddChange(MakeChange(absl::Minutes(i), "site", "Update latency config"));
  }
  AddChange(MakeChange(absl::Minutes(5), "site", "Update varnish config"));
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "Varnish latency"));
  const Ranking ranking = Rank();
  ASSERT_FALSE(ranking.changes.empty());
  EXPECT_EQ(ranking.changes[0].title, "Update varnish config");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "words")->text,
            "touches `varnish`, named in the alert");
}

TEST_F(RankingTest, SaysLittleOfWordsThatAllChangesHave) {
  for (int i = 0; i < 30; ++i) {
    AddChange(MakeChange(absl::Minutes(i), "site", "Update latency config"));
  }
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "Varnish latency"));
  EXPECT_LT(FindEvidence(Rank().changes[0], "words")->log_odds, 0.2);
}

TEST_F(RankingTest, WeighsOnceThatAChangeIsOfTheServiceThatAlerted) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy 1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(10), "cart", "HighLatency"));
  const Ranking ranking = Rank();
  EXPECT_NE(FindEvidence(ranking.changes[0], "same_service"), nullptr);
  EXPECT_EQ(FindEvidence(ranking.changes[0], "words"), nullptr);
}

TEST_F(RankingTest, WeighsTheDependencyGraph) {
  const Topology topology =
      *Topology::ParseCsv("source,target\nweb,api\napi,db\nmail,smtp\n");
  AddChange(MakeChange(absl::Minutes(0), "db", "Tune", "d"));
  AddChange(MakeChange(absl::Minutes(0), "smtp", "Tune", "s"));
  AddAlert(MakeAlert(absl::Minutes(30), "api", "HighLatency"));
  const Ranking ranking = Rank(topology);
  EXPECT_EQ(ranking.changes[0].revision, "d");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "neighbour")->text,
            "api, which alerted, calls db");
}

TEST_F(RankingTest, ListsTheChangeThatWasRolledBackFirst) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddChange(MakeChange(absl::Minutes(50), "mail", "Deploy mail", "4.5.6"));
  AddAlert(MakeAlert(absl::Minutes(60), "web", "HighLatency"));
  Event undo = MakeEvent(EventKind::kChangeRolledBack, absl::Minutes(73),
                         "cart", "Roll back");
  undo.change.previous_revision = "1.2.3";
  AddChange(undo);
  const Ranking ranking = Rank();
  ASSERT_THAT(ranking.changes, SizeIs(2)) << "the roll-back is no cause";
  EXPECT_EQ(ranking.changes[0].revision, "1.2.3");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "rolled_back")->text,
            "undone 13 min after the first alert");
}

Event MakeRollBack(absl::Duration after, absl::string_view service,
                   absl::string_view title = "Roll back") {
  return MakeEvent(EventKind::kChangeRolledBack, after, service, title);
}

TEST_F(RankingTest, SaysLatestBeforeARollBackOnlyOfTheLatest) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(10), "cart", "HighLatency"));
  AddChange(MakeRollBack(absl::Minutes(40), "cart"));
  const Ranking latest = Rank();
  EXPECT_EQ(FindEvidence(latest.changes[0], "rolled_back")->text,
            "latest change of cart before it was rolled back 30 min after the "
            "first alert");
  const double sure = FindEvidence(latest.changes[0], "rolled_back")->log_odds;
  // One more in between, and after the onset: it is not even listed.
  changes_.pop_back();
  AddChange(MakeChange(absl::Minutes(30), "cart", "Deploy cart", "1.2.4"));
  AddChange(MakeRollBack(absl::Minutes(40), "cart"));
  const Ranking earlier = Rank();
  ASSERT_THAT(earlier.changes, SizeIs(1));
  const Evidence* evidence = FindEvidence(earlier.changes[0], "rolled_back");
  EXPECT_EQ(evidence->text,
            "cart was rolled back 30 min after the first alert, 1 change of it "
            "after this one");
  EXPECT_LT(evidence->log_odds, sure);
}

TEST_F(RankingTest, LeavesARollBackToTheChangeThatItNames) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Raise the limit", "1.2.3"));
  AddChange(MakeChange(absl::Minutes(5), "cart", "Lower the limit", "1.2.4"));
  AddAlert(MakeAlert(absl::Minutes(10), "cart", "HighLatency"));
  AddChange(
      MakeRollBack(absl::Minutes(40), "cart", "Revert \"Raise the limit\""));
  const Ranking ranking = Rank();
  ASSERT_THAT(ranking.changes, SizeIs(2));
  EXPECT_EQ(ranking.changes[0].revision, "1.2.3");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "rolled_back")->text,
            "undone 30 min after the first alert");
  EXPECT_EQ(FindEvidence(ranking.changes[1], "rolled_back"), nullptr);
}

TEST_F(RankingTest, CountsTheStartOfARollBackForNoChangeInBetween) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(10), "cart", "HighLatency"));
  Event start = MakeRollBack(absl::Minutes(38), "cart");
  start.kind = EventKind::kChangeStarted;
  AddChange(start);
  AddChange(MakeRollBack(absl::Minutes(40), "cart"));
  EXPECT_THAT(FindEvidence(Rank().changes[0], "rolled_back")->text,
              HasSubstr("latest change of cart"));
}

TEST_F(RankingTest, TakesAChangeForLikelierWhereThereAreFew) {
  AddChange(MakeChange(absl::Hours(70), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Hours(71), "edge", "HighLatency"));
  const Ranking few = Rank();
  EXPECT_LT(few.no_change_score, 0.5);
  changes_.clear();
  for (int hour = 0; hour < 70; ++hour) {
    AddChange(MakeChange(absl::Hours(hour), "mail", "Deploy mail"));
  }
  AddChange(MakeChange(absl::Hours(70), "cart", "Deploy cart", "1.2.3"));
  const Ranking many = Rank();
  EXPECT_EQ(many.changes[0].revision, "1.2.3");
  EXPECT_LT(many.changes[0].score, few.changes[0].score);
}

TEST_F(RankingTest, ListsChangesShortlyAfterTheOnsetButNotLaterOnes) {
  AddAlert(MakeAlert(absl::Minutes(0), "cart", "HighLatency"));
  AddChange(MakeChange(absl::Minutes(9), "cart", "Near", "n"));
  AddChange(MakeChange(absl::Minutes(40), "cart", "Later", "l"));
  const Ranking ranking = Rank();
  ASSERT_THAT(ranking.changes, SizeIs(1));
  EXPECT_EQ(FindEvidence(ranking.changes[0], "lag")->text,
            "9 min after the first alert");
}

TEST_F(RankingTest, ListsAStartedChangeOnceByItsEnd) {
  Event start = MakeChange(absl::Minutes(0), "cart", "Deploy", "1.2.3");
  start.kind = EventKind::kChangeStarted;
  AddChange(start);
  AddChange(MakeChange(absl::Minutes(5), "cart", "Deploy", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(9), "cart", "HighLatency"));
  EXPECT_THAT(Rank().changes, SizeIs(1));
}

TEST_F(RankingTest, EvidenceAddsUpToTheScores) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Raise cart limit", "1.2.3"));
  AddChange(MakeChange(absl::Minutes(20), "mail", "Raise mail limit", "4.5"));
  AddAlert(MakeAlert(absl::Minutes(30), "cart", "cart limit reached"));
  const Ranking ranking = Rank();
  double total = ranking.no_change_score;
  for (const RankedChange& change : ranking.changes) {
    double log_odds = 0;
    for (const Evidence& each : change.evidence) log_odds += each.log_odds;
    EXPECT_NEAR(change.score / ranking.no_change_score, std::exp(log_odds),
                0.01 * std::exp(log_odds));
    total += change.score;
  }
  EXPECT_NEAR(total, 1, 0.001);
}

TEST_F(RankingTest, UsesNeutralWords) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(1), "cart", "HighLatency"));
  const Ranking ranking = Rank();
  for (const char* word :
       {"culprit", "cause", "blame", "fault"}) {  // tidy: allow: the rule
    EXPECT_THAT(ranking.no_change_reason, Not(HasSubstr(word)));
    EXPECT_THAT(ranking.changes[0].evidence,
                Not(Contains(Field(&Evidence::text, HasSubstr(word)))));
  }
}

}  // namespace
}  // namespace secondstory::timeline
