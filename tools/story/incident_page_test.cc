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
  event.set_kind(v1::EVENT_KIND_USER_REPORT);
  event.set_service("hub");
  event.mutable_event()->set_reason("opened this candidate");
  v1::TimelineEntry note = Entry(1524051300, "we looked at the proxy first");
  note.set_author("ana");
  EXPECT_EQ(
      TimelinePage({event, note}, {}),
      R"(TIME (UTC)  KIND         SERVICE  WHAT                          WHY IT IS HERE
2018-04-18
11:30:00    user report  hub      launch success drops to zero  opened this candidate
11:35:00    note                  we looked at the proxy first  added by a person
)");
}

TEST(TimelinePageTest, SaysHowBadAnAlertIsAndWhetherItResolved) {
  v1::TimelineEntry over = Entry(1524051000, "launches fail");
  over.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  over.mutable_event()->set_severity(v1::SEVERITY_CRITICAL);
  over.mutable_event()->mutable_resolve_time()->set_seconds(1524051600);
  v1::TimelineEntry open = over;
  open.mutable_event()->clear_resolve_time();
  const std::string page = TimelinePage({over, open}, {});
  EXPECT_THAT(page, testing::HasSubstr("critical alert"));
  EXPECT_THAT(page, testing::HasSubstr("launches fail (resolved at 11:40:00)"));
  EXPECT_THAT(page,
              testing::HasSubstr("launches fail (not known to have resolved)"));
}

TEST(LineListTest, GivesEachLineItsId) {
  v1::TimelineEntry note = Entry(1524051300, "we looked at the proxy first");
  note.set_entry_id("aaaa11112222333344445555");
  EXPECT_EQ(LineList({note}, {}),
            "TIME (UTC)           SERVICE  WHAT                          ID\n"
            "2018-04-18 11:35:00           we looked at the proxy first  "
            "aaaa11112222\n");
}

TEST(IncidentPageTest, SaysWhereTimesComeFromAndShowsPeopleByRole) {
  v1::Incident incident = Example();
  incident.clear_summary();
  incident.set_severity(2);
  incident.set_severity_name("SEV2");
  incident.set_kind(v1::INCIDENT_KIND_NEAR_MISS);
  *incident.mutable_detect_time() = FromTime(absl::FromUnixSeconds(1524051300));
  v1::TimeOrigin* const start = incident.add_time_origins();
  start->set_field("start_time");
  start->set_event_id("00112233445566778899aabbccddeeff");
  v1::TimeOrigin* const detect = incident.add_time_origins();
  detect->set_field("detect_time");
  detect->set_set_by("ana");
  v1::Participant* const participant = incident.add_participants();
  participant->set_name("bo");
  participant->set_role("on-call, hub");
  *incident.mutable_review_due_time() =
      FromTime(absl::FromUnixSeconds(1524051000));
  PageOptions options;
  options.now = absl::FromUnixSeconds(1524051000) + absl::Hours(30);
  EXPECT_EQ(IncidentPage(incident, options), R"(Launches fail

  State       mitigated
  Kind        near miss
  Severity    2, SEV2 (1 is worst)
  Services    hub
  Began       2018-04-18 11:30:00 UTC, by event 001122334455
  Noticed     2018-04-18 11:35:00 UTC, said by ana
  People      on-call, hub
  Review due  2018-04-18, overdue for 30 h
  Candidates  00112233445566778899aabbccddeeff
  Incident    ffeeddccbbaa99887766554433221100
)");
}

TEST(TimelinePageTest, PutsAccountsUnderTheirLine) {
  v1::TimelineEntry note = Entry(1524051300, "the proxy was restarted");
  v1::Account* const account = note.add_accounts();
  account->set_role("on-call, hub");
  account->set_action("restarted it");
  EXPECT_EQ(
      TimelinePage({note}, {}),
      R"(TIME (UTC)  KIND  SERVICE  WHAT                     WHY IT IS HERE
2018-04-18
11:35:00    note           the proxy was restarted
                 on-call, hub
            did  restarted it
)");
}

}  // namespace
}  // namespace secondstory::story
