#include "tools/story/incident_fields.h"

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A call with the options of `args`.
Call CallOf(const std::vector<std::string>& args) {
  Call call;
  call.arguments = *ParseArguments(args, IncidentFieldOptions());
  call.around.now = absl::FromUnixSeconds(1524051000);  // 2018-04-18 11:30
  return call;
}

TEST(SetIncidentFieldsTest, ReadsTimesOfDayNearTheStartThatIsGivenWithThem) {
  v1::Incident incident;
  google::protobuf::FieldMask mask;
  SS_ASSERT_OK(
      SetIncidentFields(CallOf({"--detect=00:10", "--start=2018-04-01 23:50"}),
                        &incident, &mask));
  EXPECT_EQ(
      absl::FormatTime(ToTime(incident.detect_time()), absl::UTCTimeZone()),
      "2018-04-02T00:10:00+00:00");
  EXPECT_THAT(mask.paths(), ElementsAre("start_time", "detect_time"));
}

TEST(SetIncidentFieldsTest, ClearsWithAnEmptyValue) {
  v1::Incident incident;
  incident.set_summary("s");
  incident.set_severity(2);
  incident.set_kind(v1::INCIDENT_KIND_SUCCESS);
  incident.add_tags("a");
  incident.mutable_review_due_time()->set_seconds(1);
  google::protobuf::FieldMask mask;
  SS_ASSERT_OK(
      SetIncidentFields(CallOf({"--summary=", "--severity=none",
                                "--kind=", "--tags=", "--review-due="}),
                        &incident, &mask));
  EXPECT_EQ(incident.ByteSizeLong(), 0u) << incident.DebugString();
  EXPECT_THAT(mask.paths(), ElementsAre("summary", "review_due_time",
                                        "severity", "kind", "tags"));
}

TEST(SetIncidentFieldsTest, ReplacesOrChangesLists) {
  v1::Incident incident;
  incident.add_services("cart");
  incident.add_services("hub");
  google::protobuf::FieldMask mask;
  SS_ASSERT_OK(SetIncidentFields(
      CallOf({"--add-services=proxy,hub", "--remove-services=cart"}), &incident,
      &mask));
  EXPECT_THAT(incident.services(), ElementsAre("hub", "proxy"));
  SS_ASSERT_OK(
      SetIncidentFields(CallOf({"--services= a , b"}), &incident, &mask));
  EXPECT_THAT(incident.services(), ElementsAre("a", "b"));
}

TEST(SetIncidentFieldsTest, NamesALinkByItsUrl) {
  v1::Incident incident;
  google::protobuf::FieldMask mask;
  SS_ASSERT_OK(SetIncidentFields(
      CallOf({"--add-link=chat = war room=https://example.com/?a=b",
              "--add-link=https://example.com/2"}),
      &incident, &mask));
  EXPECT_EQ(incident.links(0).title(), "chat = war room");
  EXPECT_EQ(incident.links(0).url(), "https://example.com/?a=b");
  EXPECT_THAT(incident.links(1).title(), IsEmpty());
  SS_ASSERT_OK(SetIncidentFields(
      CallOf({"--remove-link=https://example.com/2"}), &incident, &mask));
  EXPECT_EQ(incident.links_size(), 1);
  EXPECT_THAT(SetIncidentFields(CallOf({"--remove-link=https://a.b"}),
                                &incident, &mask),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no link to https://a.b")));
}

}  // namespace
}  // namespace secondstory::story
