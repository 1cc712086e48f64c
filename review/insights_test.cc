#include "review/insights.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/sample.h"
#include "tests/support/seed.h"

namespace secondstory::review {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Digest MakeDigest(absl::string_view id, std::vector<std::string> services,
                  std::vector<std::string> alerts = {},
                  std::vector<std::string> words = {}) {
  Digest digest;
  digest.incident_id = std::string(id);
  digest.services = std::move(services);
  digest.alerts = std::move(alerts);
  digest.words = std::move(words);
  return digest;
}

Telling MakeTelling(absl::string_view incident, absl::string_view text,
                    absl::string_view service = "checkout") {
  return {std::string(incident), absl::StrCat(incident, "-account"),
          std::string(service), std::string(text)};
}

TEST(InsightsTest, SaysByRoleWhatWasSeenToHelp) {
  Story story = MakeStory();
  story.incident.mitigate_time = At("2026-03-01T11:00:00Z");
  story.incident.participants = {{"Noor Haddad", "on-call, payments"}};
  story.entries = {
      MakeEvent("late", "11:05", EventKind::kChangeRolledBack, "pay", "late"),
      MakeLine("line", "10:55", EventKind::kHumanAction, "Noor Haddad",
               "sessions ended")};
  Account account;
  account.id = "account";
  account.entry_id = "line";
  account.role = "on-call, payments";
  account.action = "Noor ended the idle sessions";
  account.observed_effect = "latency came back within two minutes";
  story.accounts = {account};
  EXPECT_THAT(WhatHelped(story),
              ElementsAre("on-call, payments ended the idle sessions. Seen "
                          "then: Latency came back within two minutes. (5 min "
                          "before it was mitigated)"));

  // What surprised did not help as it was meant to.
  story.accounts[0].surprised = true;
  EXPECT_THAT(WhatHelped(story), IsEmpty());
}

TEST(InsightsTest, DigestsASampleStoryWithoutNames) {
  const Story story = CheckoutStory();
  const Digest digest = DigestOf(story);
  EXPECT_EQ(digest.incident_id, story.incident.id);
  EXPECT_THAT(digest.services, Contains("checkout"));
  EXPECT_THAT(digest.surprises, Not(IsEmpty()));
  EXPECT_EQ(static_cast<int>(digest.surprises.size()), digest.surprise_count);
  for (const Participant& person : story.incident.participants) {
    for (const Telling& telling : digest.surprises) {
      EXPECT_THAT(telling.text, Not(HasSubstr(person.name)));
    }
  }
}

TEST(InsightsTest, GathersTellingsOfTheSameThingFromSeveralIncidents) {
  const std::vector<Theme> themes = FindThemes(
      {MakeTelling("a", "The replica takes over when the primary is gone"),
       MakeTelling("b", "A replica takes over within seconds, as primary"),
       MakeTelling("c", "The cache holds every session for a day", "cart"),
       MakeTelling("d", "Certificates are renewed by themselves", "edge")});
  ASSERT_THAT(themes, SizeIs(1));
  EXPECT_EQ(themes[0].incident_count, 2);
  EXPECT_EQ(themes[0].service, "checkout");
  EXPECT_THAT(themes[0].words, HasSubstr("replica"));
}

TEST(InsightsTest, FindsNoThemeInOneIncidentAlone) {
  EXPECT_THAT(FindThemes({MakeTelling("a", "the replica takes over"),
                          MakeTelling("a", "the replica takes over")}),
              IsEmpty());
  EXPECT_THAT(FindThemes({}), IsEmpty());
}

TEST(InsightsTest, FindsTheSameThemesInAnyOrder) {
  std::mt19937_64 random(support::Seed());
  const std::vector<std::string> words = {"replica", "cache",  "session",
                                          "queue",   "backup", "timeout"};
  std::vector<Telling> tellings;
  for (int i = 0; i < 60; ++i) {
    tellings.push_back(MakeTelling(
        absl::StrCat("incident", i % 20),
        absl::StrCat(words[random() % 6], " ", words[random() % 6])));
  }
  const std::vector<Theme> before = FindThemes(tellings);
  std::shuffle(tellings.begin(), tellings.end(), random);
  const std::vector<Theme> after = FindThemes(tellings);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].words, after[i].words);
    EXPECT_EQ(before[i].incident_count, after[i].incident_count);
  }
}

TEST(InsightsTest, RanksTheIncidentWithTheSameAlertFirstAndSaysWhy) {
  const Digest subject =
      MakeDigest("now", {"checkout"}, {"checkout/LatencyHigh"}, {"pool"});
  const std::vector<Digest> past = {
      MakeDigest("service", {"checkout"}),
      MakeDigest("alert", {"checkout"}, {"checkout/LatencyHigh"}, {"pool"}),
      MakeDigest("other", {"search"}),
      MakeDigest("now", {"checkout"}, {"checkout/LatencyHigh"})};
  const std::vector<SimilarIncident> similar = FindSimilar(subject, past, 5);
  ASSERT_THAT(similar, SizeIs(2));
  EXPECT_EQ(past[similar[0].index].incident_id, "alert");
  EXPECT_THAT(similar[0].reasons,
              ElementsAre("same alert: checkout/LatencyHigh",
                          "same service: checkout", "words in common: pool"));
  EXPECT_EQ(past[similar[1].index].incident_id, "service");
  EXPECT_GT(similar[0].score, similar[1].score);
  EXPECT_THAT(FindSimilar(subject, past, 1), SizeIs(1));
}

TEST(InsightsTest, LeavesOutWhatSharesOnlyWhatMostShare) {
  std::vector<Digest> past;
  for (int i = 0; i < 100; ++i) {
    past.push_back(MakeDigest(absl::StrCat("past", i), {"edge"}));
  }
  EXPECT_THAT(FindSimilar(MakeDigest("now", {"edge"}), past, 5), IsEmpty());
}

Digest StartedAt(absl::string_view id, absl::string_view time) {
  Digest digest = MakeDigest(id, {});
  digest.times[0] = At(time);
  return digest;
}

TEST(InsightsTest, FindsAnniversariesAcrossTheTurnOfTheYear) {
  const std::vector<Digest> past = {StartedAt("turn", "2023-12-30T10:00:00Z"),
                                    StartedAt("leap", "2024-02-29T10:00:00Z"),
                                    StartedAt("now", "2026-01-01T10:00:00Z")};
  EXPECT_THAT(FindAnniversaries(past, At("2026-01-03T00:00:00Z")),
              ElementsAre(0));
  EXPECT_THAT(FindAnniversaries(past, At("2026-03-01T00:00:00Z")),
              ElementsAre(1));
  EXPECT_THAT(FindAnniversaries(past, At("2026-06-01T00:00:00Z")), IsEmpty());
}

TEST(InsightsTest, InterpolatesQuantilesBetweenOrderStatistics) {
  const std::vector<absl::Duration> sorted = {
      absl::Minutes(1), absl::Minutes(2), absl::Minutes(3), absl::Minutes(10)};
  EXPECT_EQ(Quantile(sorted, 0), absl::Minutes(1));
  EXPECT_EQ(Quantile(sorted, 0.5), absl::Seconds(150));
  EXPECT_EQ(Quantile(sorted, 0.75), absl::Seconds(285));
  EXPECT_EQ(Quantile(sorted, 1), absl::Minutes(10));
}

TEST(InsightsTest, WarnsWhereFewIncidentsAreSpread) {
  std::vector<Digest> past;
  for (int i = 0; i < 4; ++i) {
    past.push_back(StartedAt(absl::StrCat(i), "2026-03-01T10:00:00Z"));
    past.back().times[static_cast<size_t>(TimeField::kDetect)] =
        At("2026-03-01T10:00:00Z") + absl::Minutes(4 * i);
  }
  const std::vector<Spread> spreads = SpreadDurations(past);
  ASSERT_THAT(spreads, SizeIs(4));
  EXPECT_EQ(spreads[0].name, "start to detect");
  EXPECT_EQ(spreads[0].count, 4);
  EXPECT_EQ(spreads[0].median, absl::Minutes(6));
  EXPECT_THAT(spreads[0].histogram, ElementsAre(1, 1, 2, 0, 0, 0, 0));
  EXPECT_EQ(spreads[0].warning,
            "only 4 incidents: a single one moves the median");
  EXPECT_EQ(spreads[3].count, 0);
  EXPECT_EQ(spreads[3].warning, "");
}

TEST(InsightsTest, CountsServicesAndActions) {
  Digest digest = MakeDigest("a", {"cart", "checkout"});
  digest.surprises = {MakeTelling("a", "x", "checkout")};
  Action overdue, done;
  overdue.due_time = At("2026-01-01T00:00:00Z");
  done.due_time = overdue.due_time;
  done.state = ActionState::kDone;
  digest.actions = {overdue, done};
  const std::vector<ServiceCount> services = CountServices({digest});
  ASSERT_THAT(services, SizeIs(2));
  EXPECT_EQ(services[0].service, "checkout");
  EXPECT_EQ(services[0].surprise_count, 1);
  const std::vector<ActionCount> actions =
      CountActions({digest}, At("2026-02-01T00:00:00Z"));
  ASSERT_THAT(actions, SizeIs(2));
  EXPECT_EQ(actions[0].overdue_count, 1);
  EXPECT_EQ(actions[1].state, ActionState::kDone);
  EXPECT_EQ(actions[1].overdue_count, 0);
}

}  // namespace
}  // namespace secondstory::review
