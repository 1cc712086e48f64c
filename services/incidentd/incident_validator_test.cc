#include "services/incidentd/incident_validator.h"

#include <string>
#include <vector>

#include "base/limits.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Fields(const std::vector<FieldViolation>& found) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : found) {
    fields.push_back(violation.field);
    // Each names what to do.
    EXPECT_THAT(violation.description,
                testing::ContainsRegex("give|allowed|say|must|name|has 32"))
        << violation.field;
  }
  return fields;
}

v1::CreateIncidentRequest GoodCreate() {
  v1::CreateIncidentRequest request;
  request.set_author("sam");
  request.mutable_incident()->set_title("checkout down");
  *request.mutable_incident()->mutable_start_time() = FromMicros(1);
  return request;
}

TEST(CheckIncidentTest, TakesAllFieldsAtTheirLimits) {
  v1::CreateIncidentRequest request = GoodCreate();
  v1::Incident* incident = request.mutable_incident();
  incident->set_title(std::string(limits::kTitleBytesMax, 'x'));
  incident->set_summary(std::string(limits::kTextBytesMax, 'x'));
  incident->set_narrative(std::string(limits::kNarrativeBytesMax, 'x'));
  incident->set_surprise(std::string(limits::kTextBytesMax, 'x'));
  incident->set_severity(5);
  incident->set_kind(v1::INCIDENT_KIND_NEAR_MISS);
  incident->set_state(v1::INCIDENT_STATE_RESOLVED);
  incident->set_facilitator("kim");
  for (int i = 0; i < limits::kParticipantCountMax; ++i) {
    incident->add_participants()->set_name(std::to_string(i));
  }
  for (int i = 0; i < limits::kAnnotationCountMax; ++i) {
    (*incident->mutable_annotations())[std::to_string(i)] =
        std::string(limits::kAnnotationValueBytesMax, 'x');
  }
  EXPECT_THAT(Check(request), IsEmpty());
}

TEST(CheckIncidentTest, NamesEveryFieldThatIsOutOfItsLimits) {
  v1::CreateIncidentRequest request = GoodCreate();
  v1::Incident* incident = request.mutable_incident();
  incident->set_title("");
  incident->set_narrative(std::string(limits::kNarrativeBytesMax + 1, 'x'));
  incident->set_surprise(std::string(limits::kTextBytesMax + 1, 'x'));
  incident->set_severity(6);
  incident->set_kind(static_cast<v1::IncidentKind>(9));
  incident->set_state(v1::INCIDENT_STATE_PUBLISHED);
  incident->mutable_acknowledge_time()->set_seconds(-1);
  incident->set_facilitator("sam");
  incident->add_participants()->set_name("sam");
  incident->add_participants()->set_name("sam");
  incident->add_participants();
  (*incident->mutable_annotations())[""] = "x";
  (*incident->mutable_annotations())["long"] =
      std::string(limits::kAnnotationValueBytesMax + 1, 'x');
  request.clear_author();
  EXPECT_THAT(
      Fields(Check(request)),
      testing::UnorderedElementsAre(
          "incident.title", "incident.narrative", "incident.surprise",
          "incident.severity", "incident.kind", "incident.acknowledge_time",
          "incident.participants[1].name", "incident.participants[2].name",
          "incident.annotations[\"\"]", "incident.annotations[\"long\"]",
          "incident.state", "incident.facilitator", "author"));
}

TEST(CheckIncidentTest, LooksOnlyAtTheFieldsThatAnUpdateTakes) {
  v1::UpdateIncidentRequest request;
  request.mutable_incident()->set_incident_id(std::string(32, 'a'));
  request.set_etag("e");
  request.set_author("sam");
  request.mutable_update_mask()->add_paths("severity");
  request.mutable_incident()->set_severity(2);
  EXPECT_THAT(Check(request), IsEmpty());
  request.mutable_incident()->set_severity(6);
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field, "incident.severity")));
  request.mutable_update_mask()->set_paths(0, "etag");
  EXPECT_THAT(Check(request), ElementsAre(Field(&FieldViolation::description,
                                                HasSubstr("\"etag\""))));
  request.mutable_update_mask()->set_paths(0, "start_time");
  EXPECT_THAT(Check(request), ElementsAre(Field(&FieldViolation::field,
                                                "incident.start_time")));
  request.mutable_update_mask()->clear_paths();
  EXPECT_THAT(Check(request),
              ElementsAre(Field(&FieldViolation::field, "update_mask")));
}

TEST(CheckIncidentTest, LooksOnlyAtTheFieldsThatAnUpdateOfALineTakes) {
  v1::UpdateTimelineEntryRequest request;
  request.set_incident_id(std::string(32, 'a'));
  request.mutable_entry()->set_entry_id(std::string(32, 'b'));
  request.set_etag("e");
  request.set_author("sam");
  request.mutable_update_mask()->add_paths("description");
  EXPECT_THAT(Check(request), IsEmpty());
  request.mutable_update_mask()->add_paths("title");
  EXPECT_THAT(Fields(Check(request)), ElementsAre("entry.title"));
  request.set_remove(true);
  EXPECT_THAT(Fields(Check(request)), ElementsAre("update_mask"));
  request.mutable_update_mask()->Clear();
  EXPECT_THAT(Check(request), IsEmpty());
}

TEST(CheckIncidentTest, RefusesToMergeAnIncidentIntoItself) {
  v1::MergeIncidentsRequest request;
  request.set_incident_id(std::string(32, 'a'));
  request.set_source_incident_id(std::string(32, 'a'));
  request.set_etag("e");
  request.set_author("sam");
  EXPECT_THAT(
      Check(request),
      ElementsAre(AllOf(Field(&FieldViolation::field, "source_incident_id"),
                        Field(&FieldViolation::description,
                              HasSubstr("name another incident")))));
}

TEST(CheckIncidentTest, WantsIdsWhereEventsAndLinesMove) {
  v1::SplitIncidentRequest split;
  EXPECT_THAT(Fields(Check(split)), ElementsAre("incident_id", "etag", "author",
                                                "entry_ids", "title"));
  v1::AttachEventsRequest attach;
  attach.set_incident_id(std::string(32, 'a'));
  attach.set_etag("e");
  attach.set_author("sam");
  attach.add_event_ids("x");
  EXPECT_THAT(Fields(Check(attach)), ElementsAre("event_ids[0]"));
}

}  // namespace
}  // namespace secondstory::incidentd
