#include "services/incidentd/incident_state.h"

#include <string>
#include <vector>

#include "base/proto_time.h"
#include "base/status_matchers.h"

namespace secondstory::incidentd {
namespace {

using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
constexpr int64_t kNow = 1'700'000'000 * kSecond;

v1::CandidateEvent* AddAlert(const std::string& id, int64_t micros,
                             int64_t resolve_micros, v1::Candidate* candidate) {
  v1::CandidateEvent* event = candidate->add_events();
  event->set_event_id(id);
  event->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  *event->mutable_event_time() = FromMicros(micros);
  if (resolve_micros > 0) {
    *event->mutable_resolve_time() = FromMicros(resolve_micros);
  }
  return event;
}

std::string OriginOf(const v1::Incident& incident, const std::string& field) {
  for (const v1::TimeOrigin& origin : incident.time_origins()) {
    if (origin.field() != field) continue;
    return origin.set_by().empty() ? "event " + origin.event_id()
                                   : "by " + origin.set_by();
  }
  return "none";
}

TEST(CheckTransitionTest, AllowsWhatTheProtoSaysAndNamesItOtherwise) {
  using State = v1::IncidentState;
  const State open = v1::INCIDENT_STATE_OPEN,
              mitigated = v1::INCIDENT_STATE_MITIGATED,
              resolved = v1::INCIDENT_STATE_RESOLVED;
  const std::vector<std::pair<State, State>> allowed = {
      {open, mitigated},     {open, resolved}, {mitigated, resolved},
      {mitigated, open},     {resolved, open}, {open, open},
      {mitigated, mitigated}};
  for (const auto& [from, to] : allowed) {
    EXPECT_THAT(CheckTransition(from, to), IsOk()) << from << " " << to;
  }
  EXPECT_THAT(CheckTransition(resolved, mitigated),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("RESOLVED becomes OPEN by UpdateIncident")));
  for (int to = 1; to < v1::IncidentState_ARRAYSIZE; ++to) {
    const auto state = static_cast<State>(to);
    if (state == v1::INCIDENT_STATE_PUBLISHED) continue;
    EXPECT_THAT(CheckTransition(v1::INCIDENT_STATE_PUBLISHED, state),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("ReopenReview")));
  }
}

TEST(DeriveTimesTest, TakesStartFromTheFirstSymptomAndResolveFromTheLast) {
  v1::Candidate candidate;
  v1::CandidateEvent* change = AddAlert("deploy", 5 * kSecond, 0, &candidate);
  change->set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  AddAlert("b", 20 * kSecond, 50 * kSecond, &candidate);
  AddAlert("a", 10 * kSecond, 40 * kSecond, &candidate);
  v1::Incident incident;
  EXPECT_TRUE(DeriveTimes({candidate}, kNow, &incident));
  EXPECT_EQ(ToMicros(incident.start_time()), 10 * kSecond);
  EXPECT_EQ(ToMicros(incident.detect_time()), 10 * kSecond);
  EXPECT_EQ(ToMicros(incident.resolve_time()), 50 * kSecond);
  EXPECT_EQ(OriginOf(incident, "start_time"), "event a");
  EXPECT_EQ(OriginOf(incident, "resolve_time"), "event b");
  EXPECT_FALSE(DeriveTimes({candidate}, kNow + 1, &incident));
}

TEST(DeriveTimesTest, TakesAResolveBackWhenAnAlertFiresAgain) {
  v1::Candidate candidate;
  AddAlert("a", 10 * kSecond, 40 * kSecond, &candidate);
  v1::Incident incident;
  DeriveTimes({candidate}, kNow, &incident);
  ASSERT_TRUE(incident.has_resolve_time());
  AddAlert("b", 60 * kSecond, 0, &candidate);
  EXPECT_TRUE(DeriveTimes({candidate}, kNow, &incident));
  EXPECT_FALSE(incident.has_resolve_time());
  EXPECT_EQ(OriginOf(incident, "resolve_time"), "none");
}

TEST(DeriveTimesTest, LeavesWhatAPersonSet) {
  v1::Candidate candidate;
  AddAlert("a", 10 * kSecond, 40 * kSecond, &candidate);
  v1::Incident incident;
  *incident.mutable_start_time() = FromMicros(7 * kSecond);
  SetByPerson("start_time", "sam", kNow, &incident);
  EXPECT_TRUE(DeriveTimes({candidate}, kNow, &incident));
  EXPECT_EQ(ToMicros(incident.start_time()), 7 * kSecond);
  EXPECT_EQ(OriginOf(incident, "start_time"), "by sam");
  EXPECT_EQ(OriginOf(incident, "detect_time"), "event a");
}

TEST(DeriveTimesTest, CountsNoEventThatWasTakenOffTheTimeline) {
  v1::Candidate candidate;
  AddAlert("a", 10 * kSecond, 40 * kSecond, &candidate);
  AddAlert("b", 20 * kSecond, 0, &candidate);
  v1::Incident incident;
  incident.add_detached_event_ids("b");
  DeriveTimes({candidate}, kNow, &incident);
  EXPECT_EQ(ToMicros(incident.resolve_time()), 40 * kSecond);
}

TEST(DeriveReviewDueTest, CountsDaysOfTheSeverityFromTheEndOrTheRecord) {
  SeverityPolicy policy;
  v1::Incident incident;
  incident.set_severity(3);
  incident.set_state(v1::INCIDENT_STATE_OPEN);
  DeriveReviewDue(policy, kNow, &incident);
  EXPECT_FALSE(incident.has_review_due_time());
  incident.set_state(v1::INCIDENT_STATE_RESOLVED);
  *incident.mutable_resolve_time() = FromMicros(kNow - kDay);
  DeriveReviewDue(policy, kNow, &incident);
  EXPECT_EQ(ToMicros(incident.review_due_time()), kNow + 9 * kDay);
  // One of last year that is recorded today is not overdue at once.
  *incident.mutable_create_time() = FromMicros(kNow);
  DeriveReviewDue(policy, kNow, &incident);
  EXPECT_EQ(ToMicros(incident.review_due_time()), kNow + 10 * kDay);
  incident.set_state(v1::INCIDENT_STATE_OPEN);
  DeriveReviewDue(policy, kNow, &incident);
  EXPECT_FALSE(incident.has_review_due_time());
  *incident.mutable_review_due_time() = FromMicros(kNow);
  SetByPerson("review_due_time", "sam", kNow, &incident);
  DeriveReviewDue(policy, kNow, &incident);
  EXPECT_EQ(ToMicros(incident.review_due_time()), kNow);
}

TEST(TouchTest, GivesEqualIncidentsEqualEtagsAndOthersOthers) {
  v1::Incident a;
  for (const char* key : {"x", "y", "z"}) (*a.mutable_annotations())[key] = key;
  v1::Incident b = a;
  Touch(kNow, &a);
  b.set_severity_name("SEV1");
  Touch(kNow, &b);
  EXPECT_EQ(a.etag(), b.etag());
  b.set_title("more");
  Touch(kNow, &b);
  EXPECT_NE(a.etag(), b.etag());
}

TEST(CheckWritableTest, NamesTheIncidentThatGoesOn) {
  v1::Incident incident;
  EXPECT_THAT(CheckWritable(incident), IsOk());
  incident.mutable_delete_time();
  EXPECT_THAT(CheckWritable(incident),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("RestoreIncident")));
  incident.set_state(v1::INCIDENT_STATE_MERGED);
  incident.set_merged_into_incident_id("the other");
  EXPECT_THAT(CheckWritable(incident),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("merged into the other")));
}

}  // namespace
}  // namespace secondstory::incidentd
