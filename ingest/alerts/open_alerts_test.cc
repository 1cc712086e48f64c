#include "ingest/alerts/open_alerts.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/alerts/event_problem.h"

namespace secondstory::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Time At(int minute) {
  return absl::FromUnixSeconds(1772366400) + absl::Minutes(minute);
}

Alert MakeAlert(const std::string& fingerprint, int start, int end) {
  Alert alert;
  alert.fingerprint = fingerprint;
  alert.start_time = At(start);
  alert.end_time = At(end);
  alert.fired.set_source("alertmanager/prod");
  alert.fired.set_source_event_id(
      absl::StrCat(fingerprint, "/", start, "/fired"));
  alert.fired.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  alert.fired.set_title("x");
  *alert.fired.mutable_event_time() = FromTime(At(start));
  return alert;
}

PollRound Round(int minute, std::vector<Alert> alerts, bool complete = true) {
  return PollRound{At(minute), std::move(alerts), complete};
}

// "a/0/fired@0": ids and minutes.
std::vector<std::string> Names(const PollOutcome& outcome) {
  std::vector<std::string> names;
  for (const v1::Event& event : outcome.events) {
    EXPECT_EQ(EventProblem(event), "");
    names.push_back(
        absl::StrCat(event.source_event_id(), "@",
                     absl::ToInt64Minutes(ToTime(event.event_time()) - At(0))));
  }
  return names;
}

std::vector<std::string> LookAndCommit(OpenAlerts* open,
                                       const PollRound& round) {
  const PollOutcome outcome = open->Look(round);
  open->Commit(outcome);
  return Names(outcome);
}

TEST(OpenAlertsTest, TellsAFiringAlertOnce) {
  OpenAlerts open;
  EXPECT_THAT(LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 5)})),
              ElementsAre("a/0/fired@0"));
  EXPECT_THAT(LookAndCommit(&open, Round(2, {MakeAlert("a", 0, 6)})),
              IsEmpty());
}

TEST(OpenAlertsTest, TellsItAgainWhenItWasNotCommitted) {
  OpenAlerts open;
  open.Look(Round(1, {MakeAlert("a", 0, 5)}));
  EXPECT_THAT(LookAndCommit(&open, Round(2, {MakeAlert("a", 0, 6)})),
              ElementsAre("a/0/fired@0"));
}

TEST(OpenAlertsTest, StoresAgainWhatWasNotCommitted) {
  OpenAlerts open;
  open.Look(Round(1, {MakeAlert("a", 0, 5)}));
  const PollOutcome again = open.Look(Round(2, {MakeAlert("a", 0, 5)}));
  EXPECT_EQ(again.changed.size(), 1u) << "the disk was full";
  open.Commit(again);
  EXPECT_THAT(open.Look(Round(3, {MakeAlert("a", 0, 5)})).changed, IsEmpty());
  open.Look(Round(4, {}));
  const PollOutcome missing = open.Look(Round(4, {}));
  ASSERT_EQ(missing.changed.size(), 1u);
  EXPECT_EQ(missing.changed[0].missing_since, At(4));
}

TEST(OpenAlertsTest, FoldsReplicasIntoOne) {
  OpenAlerts open;
  EXPECT_THAT(LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 5),
                                             MakeAlert("a", 0, 7)})),
              ElementsAre("a/0/fired@0"));
  // The later end counts.
  EXPECT_THAT(LookAndCommit(&open, Round(2, {})), IsEmpty());
  EXPECT_THAT(LookAndCommit(&open, Round(6, {})), IsEmpty());
  EXPECT_EQ(LookAndCommit(&open, Round(7, {})).size(), 2u);
}

TEST(OpenAlertsTest, ResolvesAMissingAlertOnceItsEndHasPassed) {
  OpenAlerts open;
  LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 5)}));
  EXPECT_THAT(LookAndCommit(&open, Round(2, {})), IsEmpty());
  EXPECT_THAT(LookAndCommit(&open, Round(4, {})), IsEmpty());
  const PollOutcome outcome = open.Look(Round(5, {}));
  // It ended at the latest when it was first missing.
  EXPECT_THAT(Names(outcome), ElementsAre("a/0/fired@0", "a/0/resolved@2"));
  EXPECT_EQ(outcome.events[1].kind(), v1::EVENT_KIND_ALERT_RESOLVED);
  EXPECT_EQ(outcome.events[1].labels().at(kResolutionLabel),
            "inferred: missing from all replicas since "
            "2026-03-01T12:02:00.000Z; was to end at "
            "2026-03-01T12:05:00.000Z");
  open.Commit(outcome);
  EXPECT_EQ(open.size(), 0u);
  EXPECT_THAT(LookAndCommit(&open, Round(6, {})), IsEmpty());
}

TEST(OpenAlertsTest, ResolvesNothingThatComesBack) {
  OpenAlerts open;
  LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 5)}));
  LookAndCommit(&open, Round(2, {}));
  EXPECT_THAT(LookAndCommit(&open, Round(3, {MakeAlert("a", 0, 8)})),
              IsEmpty());
  EXPECT_THAT(LookAndCommit(&open, Round(6, {MakeAlert("a", 0, 10)})),
              IsEmpty());
  EXPECT_EQ(open.size(), 1u);
}

TEST(OpenAlertsTest, ResolvesNothingThatComesBackToAnEmptyAlertmanager) {
  OpenAlerts open;
  LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 5)}));
  PollRound empty = Round(8, {});
  empty.missing_min = absl::Minutes(5);
  EXPECT_THAT(LookAndCommit(&open, empty), IsEmpty());
  EXPECT_THAT(LookAndCommit(&open, Round(9, {MakeAlert("a", 0, 13)})),
              IsEmpty());
  // Missing for good.
  empty.time = At(20);
  EXPECT_THAT(LookAndCommit(&open, empty), IsEmpty());
  empty.time = At(25);
  EXPECT_EQ(LookAndCommit(&open, empty).size(), 2u);
}

TEST(OpenAlertsTest, ResolvesNothingWhileAReplicaIsSilent) {
  OpenAlerts open;
  LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 5)}));
  EXPECT_THAT(LookAndCommit(&open, Round(9, {}, /*complete=*/false)),
              IsEmpty());
  // Missing since minute 10, but its own end was earlier.
  EXPECT_THAT(LookAndCommit(&open, Round(10, {})),
              ElementsAre("a/0/fired@0", "a/0/resolved@5"));
}

TEST(OpenAlertsTest, NeverResolvesBeforeTheStart) {
  OpenAlerts open;
  LookAndCommit(&open, Round(1, {MakeAlert("a", 3, 2)}));
  EXPECT_THAT(LookAndCommit(&open, Round(4, {})),
              ElementsAre("a/3/fired@3", "a/3/resolved@3"));
}

TEST(OpenAlertsTest, ResolvesAnOccurrenceWhenTheAlertFiresAnew) {
  OpenAlerts open;
  LookAndCommit(&open, Round(1, {MakeAlert("a", 0, 50)}));
  const PollOutcome outcome = open.Look(Round(9, {MakeAlert("a", 7, 60)}));
  EXPECT_THAT(Names(outcome),
              ElementsAre("a/7/fired@7", "a/0/fired@0", "a/0/resolved@7"));
  EXPECT_THAT(outcome.events[2].labels().at(kResolutionLabel),
              HasSubstr("fired anew at 2026-03-01T12:07:00.000Z"));
}

TEST(OpenAlertsTest, KeepsAnOccurrenceWhoseStartMovedEarlier) {
  OpenAlerts open;
  LookAndCommit(&open, Round(6, {MakeAlert("a", 5, 10)}));
  EXPECT_THAT(LookAndCommit(&open, Round(7, {MakeAlert("a", 3, 11)})),
              ElementsAre("a/3/fired@3"));
  EXPECT_THAT(LookAndCommit(&open, Round(12, {MakeAlert("a", 3, 16)})),
              IsEmpty());
  // Both end together.
  EXPECT_THAT(LookAndCommit(&open, Round(16, {})),
              ElementsAre("a/3/fired@3", "a/3/resolved@16", "a/5/fired@5",
                          "a/5/resolved@16"));
}

TEST(OpenAlertsTest, GoesOnAfterARestart) {
  std::vector<OpenAlert> stored;
  {
    OpenAlerts open;
    stored = open.Look(Round(1, {MakeAlert("a", 0, 5), MakeAlert("b", 0, 5)}))
                 .changed;
  }
  OpenAlerts open(stored);
  EXPECT_THAT(LookAndCommit(&open, Round(30, {MakeAlert("b", 0, 35)})),
              ElementsAre("b/0/fired@0", "a/0/fired@0", "a/0/resolved@5"));
}

}  // namespace
}  // namespace secondstory::ingest
