#include "review/lifecycle.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "review/sample.h"

namespace secondstory::review {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr IncidentState kStates[] = {
    IncidentState::kOpen,      IncidentState::kMitigated,
    IncidentState::kResolved,  IncidentState::kInReview,
    IncidentState::kPublished, IncidentState::kClosed,
    IncidentState::kMerged};

TEST(LifecycleTest, AllowsExactlyTheTransitionsOfTheApi) {
  std::set<std::string> allowed;
  for (IncidentState from : kStates) {
    for (IncidentState to : kStates) {
      if (from == to) continue;
      for (Mover mover : {Mover::kUpdate, Mover::kReview, Mover::kMerge}) {
        if (CheckTransition(from, to, mover).ok()) {
          allowed.insert(absl::StrCat(NameOf(from), ">", NameOf(to)));
        }
      }
    }
  }
  EXPECT_THAT(
      allowed,
      ElementsAre("CLOSED>IN_REVIEW", "IN_REVIEW>MERGED", "IN_REVIEW>PUBLISHED",
                  "MITIGATED>MERGED", "MITIGATED>OPEN", "MITIGATED>RESOLVED",
                  "OPEN>MERGED", "OPEN>MITIGATED", "OPEN>RESOLVED",
                  "PUBLISHED>CLOSED", "PUBLISHED>IN_REVIEW",
                  "RESOLVED>IN_REVIEW", "RESOLVED>MERGED", "RESOLVED>OPEN"));
}

TEST(LifecycleTest, NamesAllowedStatesAndCallsWhenTransitionIsRefused) {
  EXPECT_THAT(CheckTransition(IncidentState::kResolved,
                              IncidentState::kInReview, Mover::kUpdate),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("state RESOLVED does not become IN_REVIEW by "
                                 "this call; allowed: OPEN by UpdateIncident, "
                                 "IN_REVIEW by StartReview")));
  EXPECT_THAT(CheckTransition(IncidentState::kMerged, IncidentState::kOpen,
                              Mover::kUpdate),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it stays there")));
}

TEST(LifecycleTest, AllowsStayingSoThatACallCanBeRepeated) {
  for (IncidentState state : kStates) {
    EXPECT_THAT(CheckTransition(state, state, Mover::kReview), IsOk());
  }
}

TEST(LifecycleTest, LetsOnlyNearMissAndSuccessBeginResolved) {
  EXPECT_THAT(
      CheckInitialState(IncidentKind::kIncident, IncidentState::kResolved),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("allowed: OPEN")));
  for (IncidentKind kind : {IncidentKind::kNearMiss, IncidentKind::kSuccess}) {
    EXPECT_THAT(CheckInitialState(kind, IncidentState::kResolved), IsOk());
    EXPECT_THAT(CheckInitialState(kind, IncidentState::kOpen), IsOk());
    EXPECT_THAT(CheckInitialState(kind, IncidentState::kMitigated),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("allowed: OPEN, RESOLVED")));
  }
}

TEST(LifecycleTest, RefusesFacilitatorWhoWasThereWhateverTheCase) {
  Incident incident = CheckoutStory().incident;
  EXPECT_THAT(CheckFacilitator(incident), IsOk());
  incident.facilitator = "Alice ";
  EXPECT_THAT(CheckFacilitator(incident),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("\"Alice\" is a participant")));
  incident.facilitator = " ";
  EXPECT_THAT(CheckFacilitator(incident),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("facilitator is empty")));
}

TEST(LifecycleTest, RefusesTimesThatEndBeforeTheyBeginAndNamesBoth) {
  Incident incident = CheckoutStory().incident;
  EXPECT_THAT(CheckTimes(incident), IsOk());
  incident.resolve_time = At("2026-03-01T11:23:00Z");
  EXPECT_THAT(CheckTimes(incident),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("resolve_time 2026-03-01T11:23:00+00:00 is "
                                 "before mitigate_time "
                                 "2026-03-01T11:24:00+00:00")));
}

TEST(LifecycleTest, GivesWorseIncidentsAnEarlierReview) {
  const absl::Time resolved = At("2026-03-01T12:00:00Z");
  EXPECT_EQ(ReviewDueTime(0, resolved), std::nullopt);
  EXPECT_EQ(ReviewDueTime(6, resolved), std::nullopt);
  for (uint32_t severity = 2; severity <= 5; ++severity) {
    EXPECT_LT(*ReviewDueTime(severity - 1, resolved),
              *ReviewDueTime(severity, resolved));
  }
  EXPECT_EQ(*ReviewDueTime(1, resolved), At("2026-03-06T12:00:00Z"));
}

TEST(LifecycleTest, IsOverdueOnlyUntilItIsPublished) {
  Incident incident = CheckoutStory().incident;
  const absl::Time due = *incident.review_due_time;
  EXPECT_FALSE(IsReviewOverdue(incident, due));
  EXPECT_TRUE(IsReviewOverdue(incident, due + absl::Seconds(1)));
  incident.state = IncidentState::kPublished;
  EXPECT_FALSE(IsReviewOverdue(incident, due + absl::Seconds(1)));
}

TEST(LifecycleTest, DerivesTimesFromEventsOnly) {
  Story story = CheckoutStory();
  const std::vector<DerivedTime> times = DeriveTimes(story.entries);
  ASSERT_EQ(times.size(), 2);  // PaymentTimeouts still fires: not resolved
  EXPECT_EQ(times[0].field, TimeField::kStart);
  EXPECT_EQ(times[0].time, At("2026-03-01T10:05:00Z"));
  EXPECT_EQ(times[0].event_id, "e04");
  EXPECT_EQ(times[1].field, TimeField::kDetect);
  EXPECT_EQ(times[1].time, At("2026-03-01T10:05:20Z"));
}

TEST(LifecycleTest, DerivesResolveOnceNothingFires) {
  Entry fired = MakeEvent("a", "10:05", EventKind::kAlertFired, "cart", "Slow");
  Entry acted =
      MakeEvent("b", "10:10", EventKind::kHumanAction, "cart", "restarted");
  fired.resolve_time = At("2026-03-01T10:30:00Z");
  const std::vector<DerivedTime> times = DeriveTimes({fired, acted});
  ASSERT_EQ(times.size(), 4);
  EXPECT_EQ(times[2].field, TimeField::kAcknowledge);
  EXPECT_EQ(times[2].event_id, "b");
  EXPECT_EQ(times[3].field, TimeField::kResolve);
  EXPECT_EQ(times[3].time, At("2026-03-01T10:30:00Z"));
  EXPECT_THAT(DeriveTimes({acted}), IsEmpty());
}

TEST(LifecycleTest, LeavesOutDurationsWhoseTimesAreMissingOrReversed) {
  Incident incident = CheckoutStory().incident;
  const std::vector<NamedDuration> all = DurationsOf(incident);
  ASSERT_EQ(all.size(), 4);
  EXPECT_EQ(all[0].name, "start to detect");
  EXPECT_EQ(all[0].duration, absl::Seconds(20));
  EXPECT_EQ(all[3].duration, absl::Minutes(107));
  incident.detect_time = *incident.start_time - absl::Minutes(1);
  incident.mitigate_time.reset();
  const std::vector<NamedDuration> rest = DurationsOf(incident);
  ASSERT_EQ(rest.size(), 2);
  EXPECT_EQ(rest[0].name, "detect to acknowledge");
  EXPECT_EQ(rest[1].name, "start to resolve");
}

}  // namespace
}  // namespace secondstory::review
