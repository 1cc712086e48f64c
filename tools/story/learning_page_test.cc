#include "tools/story/learning_page.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

PageOptions Narrow() {
  PageOptions options;
  options.width = 80;
  return options;
}

v1::SearchResult Result(v1::SearchKind kind, const std::string& incident,
                        const std::string& snippet, uint32_t start,
                        uint32_t end) {
  v1::SearchResult result;
  result.set_kind(kind);
  result.set_incident_id(incident + "00001111222233334444");
  result.set_incident_title("Launches of new servers fail");
  result.set_id("cccc1111222233334444");
  *result.mutable_start_time() = FromTime(absl::FromUnixSeconds(1524051000));
  result.set_snippet(snippet);
  result.add_highlights(start);
  result.add_highlights(end);
  return result;
}

TEST(SearchPageTest, PutsWhatFollowsEachOtherUnderOneIncident) {
  EXPECT_EQ(
      SearchPage(
          {Result(v1::SEARCH_KIND_ENTRY, "aaaa",
                  "restarted the hub, and the launches that waited for "
                  "it went through one by one",
                  14, 17),
           Result(v1::SEARCH_KIND_ACCOUNT, "aaaa", "I took the hub for", 11,
                  14),
           Result(v1::SEARCH_KIND_ACTION, "bbbb", "Watch the hub", 10, 13)},
          Narrow()),
      R"(2018-04-18  Launches of new servers fail                            aaaa00001111
  line     restarted the [hub], and the launches that waited for it went through
           one by one
  account  I took the [hub] for

2018-04-18  Launches of new servers fail                            bbbb00001111
  action  Watch the [hub]
)");
}

TEST(SearchPageTest, LeavesASnippetAloneWhoseMarksDoNotFit) {
  EXPECT_THAT(SearchPage({Result(v1::SEARCH_KIND_ENTRY, "aaaa", "short", 4, 9)},
                         Narrow()),
              testing::HasSubstr("line  short\n"));
}

TEST(SearchPageTest, SaysHowToLookForMore) {
  EXPECT_THAT(SearchPage({}, Narrow()),
              testing::HasSubstr("Nothing was found."));
}

TEST(SimilarSectionTest, SaysWhatIsAlikeAndWhatHelped) {
  v1::SimilarIncident one;
  one.mutable_incident()->set_title("Hub full, launches hang");
  one.mutable_incident()->set_incident_id("aaaa00001111222233334444");
  *one.mutable_incident()->mutable_start_time() =
      FromTime(absl::FromUnixSeconds(1520051000));
  one.add_reasons("same alert: HubSlow");
  one.add_reasons("same service: hub");
  one.add_what_helped("Rolled the hub back. (5 min before it was mitigated)");
  EXPECT_EQ(SimilarSection({one}, Narrow()),
            R"(Incidents before that were like it

1.  2018-03-03  Hub full, launches hang                             aaaa00001111
    same alert: HubSlow; same service: hub
    Then: Rolled the hub back. (5 min before it was mitigated)
)");
  EXPECT_EQ(SimilarSection({}, Narrow()), "");
}

TEST(InsightsPageTest, ShowsSpreadsWithWhatTheyCannotSay) {
  v1::GetInsightsResponse insights;
  insights.set_incident_count(4);
  v1::DurationSpread* const spread = insights.add_durations();
  spread->set_name("start to detect");
  spread->set_count(4);
  spread->mutable_min()->set_seconds(40);
  spread->mutable_quartile_1()->set_seconds(120);
  spread->mutable_median()->set_seconds(300);
  spread->mutable_quartile_3()->set_seconds(900);
  spread->mutable_decile_9()->set_seconds(6000);
  spread->mutable_max()->set_seconds(90000);
  for (const uint32_t count : {1, 1, 1, 0, 0, 0, 1}) {
    spread->add_histogram(count);
  }
  spread->set_warning("only 4 incidents: a single one moves the median");
  v1::RecurringTheme* const theme = insights.add_surprises();
  theme->set_words("failover standby");
  theme->set_service("db-3");
  theme->set_incident_count(2);
  v1::Account* const account = theme->add_accounts();
  account->set_role("on-call, databases");
  account->set_observed_effect("The standby refused every write");
  account->set_incident_id("aaaa00001111222233334444");
  v1::ServiceInsight* const service = insights.add_services();
  service->set_service("db-3");
  service->set_incident_count(3);
  service->set_surprise_count(2);
  v1::ActionCount* const actions = insights.add_actions();
  actions->set_state(v1::ACTION_STATE_OPEN);
  actions->set_count(3);
  actions->set_overdue_count(1);
  v1::Incident* const incident = insights.add_anniversaries();
  incident->set_title("Launches fail");
  incident->set_incident_id("bbbb00001111222233334444");
  *incident->mutable_start_time() = FromTime(absl::FromUnixSeconds(1524051000));
  EXPECT_EQ(InsightsPage(insights, Narrow()), R"(4 incidents

How long it took; half are at most HALF
                   COUNT  LEAST  1/4    HALF   3/4     9/10        MOST
  start to detect  4      40 s   2 min  5 min  15 min  1 h 40 min  25 h
  start to detect: only 4 incidents: a single one moves the median

                   <1 min  <5 min  <15 min  <1 h  <4 h  <1 d  longer
  start to detect  1       1       1        .     .     .     1

What surprised people again and again
  failover standby, in 2 incidents, about db-3
      on-call, databases: The standby refused every write (aaaa00001111)

Services
  SERVICE  INCIDENTS  SURPRISES
  db-3     3          2

Actions
  3 open (1 overdue)

Anniversaries of these days
  2018-04-18  Launches fail                                         bbbb00001111
)");
}

TEST(InsightsPageTest, SaysThatThereIsNothing) {
  EXPECT_EQ(InsightsPage({}, Narrow()),
            "No incidents then. --since and --until say when.\n");
}

}  // namespace
}  // namespace secondstory::story
