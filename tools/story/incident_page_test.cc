#include "tools/story/incident_page.h"

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

v1::Incident Example() {
  v1::Incident incident;
  incident.set_incident_id("ffeeddccbbaa99887766554433221100");
  incident.set_title("Launches fail");
  incident.set_state(v1::INCIDENT_STATE_MITIGATED);
  incident.set_summary("Nobody could start a server for two hours.");
  *incident.mutable_start_time() = FromTime(absl::FromUnixSeconds(1524051000));
  incident.add_services("hub");
  incident.add_candidate_ids("00112233445566778899aabbccddeeff");
  return incident;
}

v1::TimelineEntry Entry(int64_t seconds, const std::string& title) {
  v1::TimelineEntry entry;
  *entry.mutable_event_time() = FromTime(absl::FromUnixSeconds(seconds));
  entry.set_title(title);
  return entry;
}

TEST(IncidentPageTest, LeavesOutWhatNobodyHasSaidYet) {
  EXPECT_EQ(IncidentPage(Example(), {}), R"(Launches fail

  State       mitigated
  Severity    not said yet
  Services    hub
  Began       2018-04-18 11:30:00 UTC
  Candidates  00112233445566778899aabbccddeeff
  Incident    ffeeddccbbaa99887766554433221100

  Nobody could start a server for two hours.
)");
}

TEST(IncidentListTest, GivesOneLineForEach) {
  EXPECT_EQ(IncidentList({Example()}, {}),
            R"(BEGAN (UTC)          STATE      SEV  SERVICES  WHAT           ID
2018-04-18 11:30:00  mitigated  -    hub       Launches fail  ffeeddccbbaa
)");
  EXPECT_EQ(IncidentList({}, {}), "No incidents.\n");
}

TEST(TimelinePageTest, ShowsPeopleByRole) {
  v1::TimelineEntry event = Entry(1524051000, "launch success drops to zero");
  event.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  event.set_service("hub");
  event.mutable_event()->set_reason("opened this candidate");
  v1::TimelineEntry note = Entry(1524051300, "we looked at the proxy first");
  note.set_author("ana");
  EXPECT_EQ(
      TimelinePage({event, note}, {}),
      R"(TIME (UTC)  KIND         SERVICE  WHAT                          WHY IT IS HERE
2018-04-18
11:30:00    alert fired  hub      launch success drops to zero  opened this candidate
11:35:00    note                  we looked at the proxy first  added by a person
)");
}

}  // namespace
}  // namespace secondstory::story
