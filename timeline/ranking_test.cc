#include "timeline/ranking.h"

#include <cmath>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/learning.h"
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
  void AddContext(Event event) {
    owned_.push_back(std::make_unique<KnownEvent>(std::move(event)));
    context_.push_back(owned_.back().get());
  }
  void AddResolve(absl::Duration after) {
    owned_.push_back(std::make_unique<KnownEvent>(
        MakeEvent(EventKind::kAlertResolved, after, "web", "HighLatency")));
    resolves_.push_back(owned_.back().get());
  }
  Ranking Rank(const Topology& topology = Topology()) {
    return RankChanges({symptoms_, changes_, context_, resolves_}, topology,
                       options_);
  }
  static const Evidence* FindEvidence(const RankedChange& change,
                                      absl::string_view rule) {
    for (const Evidence& each : change.evidence) {
      if (each.rule == rule) return &each;
    }
    return nullptr;
  }

  RankingOptions options_;
  std::vector<std::unique_ptr<KnownEvent>> owned_;
  std::vector<const KnownEvent*> symptoms_;
  std::vector<const KnownEvent*> changes_;
  std::vector<const KnownEvent*> context_;
  std::vector<const KnownEvent*> resolves_;
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

TEST_F(RankingTest, CanBeTakenBackToWhatTheDefaultsSay) {
  for (int i = 0; i < 5; ++i) {
    AddChange(MakeChange(absl::Minutes(i), "cart", "Update varnish config",
                         absl::StrCat("a", i)));
  }
  AddAlert(MakeAlert(absl::Minutes(60), "cart", "Varnish latency"));
  const Ranking plain = Rank();
  options_.weights.of = {0.7, 1.4, 0.8, 2, 1, 0.5, 1.1, 1, 1};
  options_.weights.any_change = 0.6;
  Ranking learnt = Rank();
  Unweigh(options_.weights, &learnt.changes);
  for (const RankedChange& change : plain.changes) {
    for (const RankedChange& other : learnt.changes) {
      if (other.event_id != change.event_id) continue;
      for (const Evidence& each : change.evidence) {
        if (each.rule == "order") continue;
        const Evidence* raw = FindEvidence(other, each.rule);
        ASSERT_NE(raw, nullptr) << each.rule;
        EXPECT_NEAR(raw->log_odds, each.log_odds, 2e-4) << each.rule;
      }
    }
  }
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

TEST_F(RankingTest, SaysNoDirectionWhereTheTopologyHasBoth) {
  AddChange(MakeChange(absl::Minutes(0), "db", "Tune"));
  AddAlert(MakeAlert(absl::Minutes(30), "api", "HighLatency"));
  const Topology learnt({{"api", {"db"}}, {"db", {"api"}}});
  const Ranking ranking = Rank(learnt);
  EXPECT_EQ(FindEvidence(ranking.changes[0], "neighbour")->text,
            "db is connected with api, which alerted");
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

TEST_F(RankingTest, NamesAkinWordsWhereNoneIsTheSame) {
  AddChange(MakeChange(absl::Minutes(0), "site", "Move mwmaintenance jobs"));
  for (int i = 0; i < 20; ++i) {
    AddChange(MakeChange(absl::Minutes(i), "site", "Update varnish"));
  }
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "MaintenanceOverdue"));
  const Ranking ranking = Rank();
  EXPECT_EQ(ranking.changes[0].title, "Move mwmaintenance jobs");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "words")->text,
            "touches `mwmaintenance`; the alert says `maintenance`");
}

TEST_F(RankingTest, NamesTheSubjectWhereTheWordsDiffer) {
  AddChange(MakeChange(absl::Minutes(0), "site", "Raise innodb buffers"));
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "DatabaseSlow"));
  EXPECT_EQ(FindEvidence(Rank().changes[0], "subject")->text,
            "about databases, as the alert");
}

TEST_F(RankingTest, TakesAReworkForLikelierThanRoutine) {
  AddChange(MakeChange(absl::Minutes(0), "a", "Migrate stores"));
  AddChange(MakeChange(absl::Minutes(0), "b", "Depool stores"));
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "HighLatency"));
  const Ranking ranking = Rank();
  EXPECT_EQ(ranking.changes[0].title, "Migrate stores");
  EXPECT_GT(FindEvidence(ranking.changes[0], "work")->log_odds, 0);
  EXPECT_LT(FindEvidence(ranking.changes[1], "work")->log_odds, 0);
}

TEST_F(RankingTest, KeepsTheOddsOfAnyChangeWhateverTheWork) {
  AddChange(MakeChange(absl::Minutes(0), "a", "Migrate stores"));
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "HighLatency"));
  const double rework = Rank().no_change_score;
  changes_.clear();
  AddChange(MakeChange(absl::Minutes(0), "a", "Depool stores"));
  EXPECT_NEAR(Rank().no_change_score, rework, 0.001);
}

TEST_F(RankingTest, CountsTheOrderWithinTheSourceOfTheChange) {
  Event config = MakeChange(absl::Minutes(0), "cart", "Raise it", "c1");
  config.source = "config";
  AddChange(config);
  for (int i = 1; i < 9; ++i) {
    AddChange(MakeChange(absl::Minutes(i), "mail", "Deploy mail"));
  }
  AddAlert(MakeAlert(absl::Minutes(60), "edge", "HighLatency"));
  const Ranking ranking = Rank();
  for (const RankedChange& change : ranking.changes) {
    if (change.revision != "c1") continue;
    EXPECT_EQ(FindEvidence(change, "order")->text,
              "the latest change of config before it");
  }
}

TEST_F(RankingTest, WeighsWhetherItWasQuietAfterTheRollBack) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(10), "web", "HighLatency"));
  AddChange(MakeRollBack(absl::Minutes(40), "cart"));
  const double unknown =
      FindEvidence(Rank().changes[0], "rolled_back")->log_odds;
  AddResolve(absl::Minutes(44));
  const Ranking soon = Rank();
  EXPECT_GT(FindEvidence(soon.changes[0], "rolled_back")->log_odds, unknown);
  EXPECT_EQ(FindEvidence(soon.changes[0], "rolled_back")->text,
            "latest change of cart before it was rolled back 30 min after the "
            "first alert, over 4 min later");
  resolves_.clear();
  AddResolve(absl::Hours(4));
  EXPECT_LT(FindEvidence(Rank().changes[0], "rolled_back")->log_odds, unknown);
}

TEST_F(RankingTest, HoldsARollBackInVainAgainstTheChange) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(10), "web", "HighLatency"));
  AddChange(MakeRollBack(absl::Minutes(40), "cart", "Roll back, still down"));
  const Ranking ranking = Rank();
  const Evidence* evidence = FindEvidence(ranking.changes[0], "rolled_back");
  EXPECT_LT(evidence->log_odds, 0);
  EXPECT_THAT(evidence->text, HasSubstr("which did not help"));
}

TEST_F(RankingTest, WeighsThatPeopleWentOnAtTheService) {
  AddChange(MakeChange(absl::Minutes(0), "waf", "Rules"));
  AddChange(MakeChange(absl::Minutes(0), "mail", "Rules"));
  AddAlert(MakeAlert(absl::Minutes(10), "edge", "HighLatency"));
  AddContext(MakeEvent(EventKind::kHumanAction, absl::Minutes(15), "waf",
                       "rules looked at"));
  const Ranking ranking = Rank();
  EXPECT_EQ(ranking.changes[0].service, "waf");
  EXPECT_EQ(FindEvidence(ranking.changes[0], "acted_on")->text,
            "people went on at waf 5 min after the first alert");
  EXPECT_EQ(FindEvidence(ranking.changes[1], "acted_on"), nullptr)
      << "it is not over yet";
  AddResolve(absl::Minutes(30));
  EXPECT_EQ(FindEvidence(Rank().changes[1], "acted_on")->text,
            "it ended without anything being done about mail");
}

TEST_F(RankingTest, HearsWhenSomebodyNamesAReasonOutside) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(40), "web", "HighLatency"));
  const double before = Rank().no_change_score;
  AddContext(MakeEvent(EventKind::kNote, absl::Minutes(60), "web",
                       "vendor confirms its own outage"));
  const Ranking ranking = Rank();
  EXPECT_GT(ranking.no_change_score, before);
  EXPECT_EQ(FindEvidence(ranking.changes[0], "outside")->text,
            "`vendor` in \"vendor confirms its own outage\" speaks for "
            "something outside");
  EXPECT_THAT(ranking.no_change_reason, HasSubstr("something outside"));
}

TEST_F(RankingTest, HoldsLittleOfAChangeThatWasUndoneBefore) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Raise the cart limit", "a1"));
  AddChange(
      MakeChange(absl::Minutes(5), "cart", "Revert \"Raise the cart limit\""));
  AddAlert(MakeAlert(absl::Minutes(60), "web", "HighLatency"));
  const Ranking ranking = Rank();
  for (const RankedChange& change : ranking.changes) {
    if (change.revision != "a1") continue;
    EXPECT_EQ(FindEvidence(change, "undone_before")->text,
              "undone before the first alert");
  }
}

TEST_F(RankingTest, TakesARevertOfARevertForAChangeLikeOthers) {
  AddChange(MakeChange(absl::Minutes(5), "cart",
                       "Revert \"Revert \"Raise the cart limit\"\""));
  AddAlert(MakeAlert(absl::Minutes(60), "web", "HighLatency"));
  EXPECT_EQ(FindEvidence(Rank().changes[0], "is_undo"), nullptr);
}

TEST_F(RankingTest, MultipliesTheLogOddsOfARuleByItsWeight) {
  AddChange(MakeChange(absl::Minutes(0), "cart", "Deploy cart", "1.2.3"));
  AddAlert(MakeAlert(absl::Minutes(10), "cart", "HighLatency"));
  const double plain =
      FindEvidence(Rank().changes[0], "same_service")->log_odds;
  options_.weights.of[static_cast<size_t>(Rule::kPlace)] = 1.5;
  EXPECT_NEAR(FindEvidence(Rank().changes[0], "same_service")->log_odds,
              1.5 * plain, 0.001);
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
