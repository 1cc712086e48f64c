#include "services/incidentd/story_convert.h"

#include <string>

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::HasSubstr;
using testing::Not;

template <typename Message>
Message Parsed(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

StoryParts Parts() {
  StoryParts parts;
  parts.incident = Parsed<v1::Incident>(R"pb(
    incident_id: "i"
    title: "kim saw checkout down"
    severity: 2
    severity_name: "SEV2"
    state: INCIDENT_STATE_IN_REVIEW
    kind: INCIDENT_KIND_NEAR_MISS
    created_by: "pat"
    start_time { seconds: 100 }
    resolve_time { seconds: 400 }
    time_origins { field: "start_time" set_by: "sam" }
    time_origins { field: "review_due_time" set_by: "sam" }
    facilitator: "robin"
    participants { name: "sam" role: "on-call" }
    participants { name: "kim" })pb");
  parts.entries.push_back(Parsed<v1::TimelineEntry>(R"pb(
    entry_id: "e"
    event_time { seconds: 110 }
    title: "alert"
    kind: EVENT_KIND_ALERT_FIRED
    event {
      event_id: "e"
      source: "prom"
      reason: "first"
      resolve_time { seconds: 300 }
      repeat_count: 2
      severity: SEVERITY_CRITICAL
    })pb"));
  parts.entries.push_back(Parsed<v1::TimelineEntry>(R"pb(
    entry_id: "l"
    event_time { seconds: 120 }
    title: "sam restarted it"
    kind: EVENT_KIND_HUMAN_ACTION
    author: "sam"
    append_time { seconds: 500 }
    known_time { seconds: 500 })pb"));
  parts.events["e"] = Parsed<v1::Event>(R"pb(
    event_id: "e"
    source: "prom"
    source_event_id: "1"
    position: 7
    event_time { seconds: 110 }
    append_time { seconds: 130 }
    observe_time { seconds: 115 }
    actor: "sam"
    change { revision: "abc" })pb");
  parts.accounts.push_back(Parsed<stored::v1::AccountRecord>(R"pb(
    account {
      account_id: "a"
      role: "on-call"
      words: "it looked idle"
      surprised: false
      entry_id: "l"
    }
    author: "sam")pb"));
  parts.actions.push_back(Parsed<v1::ActionItem>(R"pb(
    action_id: "t"
    title: "ask sam"
    owner: "team-web"
    state: ACTION_STATE_DROPPED)pb"));
  parts.answers.push_back(Parsed<v1::Gap>(R"pb(
    gap_id: "g"
    rule: "silence"
    entry_ids: "e"
    answer {
      text: "asleep"
      author: "kim"
      answer_time { seconds: 9 }
    })pb"));
  return parts;
}

TEST(ToStoryTest, TakesOverWhatTheRulesRead) {
  const review::Story story = ToStory(Parts());
  EXPECT_EQ(story.incident.severity_name, "SEV2");
  EXPECT_EQ(story.incident.state, review::IncidentState::kInReview);
  EXPECT_EQ(story.incident.kind, review::IncidentKind::kNearMiss);
  EXPECT_EQ(story.incident.resolve_time, absl::FromUnixSeconds(400));
  EXPECT_EQ(story.incident.detect_time, std::nullopt);
  ASSERT_EQ(story.incident.time_origins.size(), 1u);
  const review::Entry& alert = story.entries.at(0);
  EXPECT_TRUE(alert.is_event);
  EXPECT_EQ(alert.known_time, absl::FromUnixSeconds(115));
  EXPECT_EQ(alert.append_time, absl::FromUnixSeconds(130));
  EXPECT_EQ(alert.resolve_time, absl::FromUnixSeconds(300));
  EXPECT_EQ(alert.actor, "sam");
  EXPECT_EQ(alert.revision, "abc");
  EXPECT_EQ(alert.severity, review::Severity::kCritical);
  const review::Entry& line = story.entries.at(1);
  EXPECT_FALSE(line.is_event);
  EXPECT_EQ(line.kind, review::EventKind::kHumanAction);
  EXPECT_EQ(line.author, "sam");
  EXPECT_EQ(story.accounts.at(0).author, "sam");
  EXPECT_EQ(story.accounts.at(0).surprised, false);
  EXPECT_EQ(story.actions.at(0).state, review::ActionState::kDropped);
  EXPECT_EQ(ToProto(story.answered_gaps.at(0)).SerializeAsString(),
            Parts().answers.at(0).SerializeAsString());
}

TEST(ToExportTest, LeavesOutAuthorsOfAccountsAndWhatIsTheServersOwn) {
  const v1::IncidentExport exported = ToExport(Parts());
  EXPECT_EQ(exported.format_version(), 1u);
  EXPECT_EQ(exported.incident().severity_name(), "");
  EXPECT_FALSE(exported.entries(1).has_known_time());
  EXPECT_FALSE(exported.events(0).has_append_time());
  EXPECT_EQ(exported.events(0).position(), 0u);
  EXPECT_EQ(exported.events(0).observe_time().seconds(), 115);
  EXPECT_EQ(exported.accounts(0).role(), "on-call");
}

TEST(HideNamesTest, LeavesNobodysNameInAnyText) {
  const StoryParts parts = Parts();
  v1::IncidentExport exported = ToExport(parts);
  HideNames(review::Roles(ToStory(parts)), &exported);
  const std::string text = exported.DebugString();
  for (const char* name : {"sam", "kim", "robin", "pat"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("\"") + name)));
    EXPECT_THAT(text, Not(HasSubstr(std::string(name) + " ")));
    EXPECT_THAT(text, Not(HasSubstr(std::string(name) + "\"")));
  }
  EXPECT_EQ(exported.actions(0).owner(), "team-web");
  EXPECT_EQ(exported.incident().created_by(), "somebody");
  EXPECT_EQ(exported.incident().participants(0).name(), "on-call");
}

}  // namespace
}  // namespace secondstory::incidentd
