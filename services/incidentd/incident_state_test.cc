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

std::string OriginOf(const v1::Incident& incident, const std::string& field) {
  for (const v1::TimeOrigin& origin : incident.time_origins()) {
    if (origin.field() != field) continue;
    return origin.set_by().empty() ? "event " + origin.event_id()
                                   : "by " + origin.set_by();
  }
  return "none";
}

review::DerivedTime Derived(review::TimeField field, int64_t micros,
                            const std::string& event_id) {
  return {field, absl::FromUnixMicros(micros), event_id};
}

constexpr auto kStartField = review::TimeField::kStart;
constexpr auto kResolveField = review::TimeField::kResolve;

TEST(TakeDerivedTimesTest, NotesWhichEventSaidSo) {
  v1::Incident incident;
  const std::vector<review::DerivedTime> derived = {
      Derived(kStartField, 10 * kSecond, "a"),
      Derived(kResolveField, 50 * kSecond, "b")};
  EXPECT_TRUE(TakeDerivedTimes(derived, kNow, &incident));
  EXPECT_EQ(ToMicros(incident.start_time()), 10 * kSecond);
  EXPECT_EQ(ToMicros(incident.resolve_time()), 50 * kSecond);
  EXPECT_FALSE(incident.has_detect_time());
  EXPECT_EQ(OriginOf(incident, "start_time"), "event a");
  EXPECT_EQ(OriginOf(incident, "resolve_time"), "event b");
  EXPECT_FALSE(TakeDerivedTimes(derived, kNow + 1, &incident));
}

TEST(TakeDerivedTimesTest, TakesBackWhatNoEventSaysAnyMoreButNotTheStart) {
  v1::Incident incident;
  TakeDerivedTimes({Derived(kStartField, 10 * kSecond, "a"),
                    Derived(kResolveField, 40 * kSecond, "a")},
                   kNow, &incident);
  EXPECT_TRUE(TakeDerivedTimes({}, kNow, &incident));
  EXPECT_FALSE(incident.has_resolve_time());
  EXPECT_EQ(OriginOf(incident, "resolve_time"), "none");
  EXPECT_EQ(ToMicros(incident.start_time()), 10 * kSecond);
}

TEST(TakeDerivedTimesTest, LeavesWhatAPersonSet) {
  v1::Incident incident;
  *incident.mutable_start_time() = FromMicros(7 * kSecond);
  SetByPerson("start_time", "sam", kNow, &incident);
  // And what was there before anybody noted where times come from.
  *incident.mutable_resolve_time() = FromMicros(9 * kSecond);
  EXPECT_FALSE(TakeDerivedTimes({Derived(kStartField, 10 * kSecond, "a"),
                                 Derived(kResolveField, 40 * kSecond, "a")},
                                kNow, &incident));
  EXPECT_EQ(ToMicros(incident.start_time()), 7 * kSecond);
  EXPECT_EQ(OriginOf(incident, "start_time"), "by sam");
  EXPECT_EQ(ToMicros(incident.resolve_time()), 9 * kSecond);
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
  EXPECT_EQ(ToMicros(incident.review_due_time()), kNow + 13 * kDay);
  // One of last year that is recorded today is not overdue at once.
  *incident.mutable_create_time() = FromMicros(kNow);
  DeriveReviewDue(policy, kNow, &incident);
  EXPECT_EQ(ToMicros(incident.review_due_time()), kNow + 14 * kDay);
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
