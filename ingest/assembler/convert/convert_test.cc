#include "ingest/assembler/convert/convert.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

template <typename Message>
Message Parse(const char* text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

TEST(ConvertTest, GivesAnEventWithoutIdTheOneThatTheLogWould) {
  const timeline::Event event = ToTimelineEvent(Parse<v1::Event>(
      R"pb(source: "a" source_event_id: "b" kind: EVENT_KIND_NOTE)pb"));
  EXPECT_EQ(event.id.size(), 32u);
}

TEST(ConvertTest, CutsTheIdsOfRepeatsBeforeTheLatestLines) {
  v1::Candidate candidate;
  for (int i = 0; i < 140; ++i) {
    v1::CandidateEvent* const line = candidate.add_events();
    line->set_title(absl::StrCat("alert ", i));
    line->set_repeat_count(1000);
    for (int k = 0; k < (i == 0 ? 3 : 1000); ++k) {
      line->add_repeat_event_ids(std::string(32, 'a'));
    }
  }
  const size_t whole = candidate.ByteSizeLong();
  v1::Candidate cut = candidate;
  EXPECT_EQ(CutToSize(whole, &cut), 0);
  EXPECT_EQ(cut.ByteSizeLong(), whole);
  EXPECT_EQ(CutToSize(3 << 20, &cut), 0);
  EXPECT_LE(cut.ByteSizeLong(), 3u << 20);
  EXPECT_EQ(cut.events(0).repeat_event_ids_size(), 3);
  EXPECT_EQ(cut.events(1).repeat_event_ids_size(), 500);
  EXPECT_EQ(cut.events(1).repeat_count(), 1000u);

  const int left_out = CutToSize(2000, &cut);
  EXPECT_GT(left_out, 0);
  EXPECT_EQ(cut.events_size(), 140 - left_out);
  EXPECT_EQ(cut.events(0).title(), "alert 0");
  EXPECT_LE(cut.ByteSizeLong(), 2000u);
  EXPECT_GT(cut.ByteSizeLong(), 1800u) << "no more than it must";
}

TEST(ConvertTest, KeepsTheFieldsOfAnEvent) {
  const timeline::Event event = ToTimelineEvent(Parse<v1::Event>(R"pb(
    event_id: "0123"
    kind: EVENT_KIND_CHANGE_FINISHED
    event_time { seconds: 100 nanos: 5 }
    append_time { seconds: 200 }
    service: "cart"
    labels { key: "b" value: "2" }
    labels { key: "a" value: "1" }
    severity: SEVERITY_ERROR
    change { revision: "r" previous_revision: "q" paths: "p" services: "s" }
    position: 7
  )pb"));
  EXPECT_EQ(event.id, "0123");
  EXPECT_EQ(event.kind, timeline::EventKind::kChangeFinished);
  EXPECT_EQ(event.event_time,
            absl::FromUnixSeconds(100) + absl::Nanoseconds(5));
  EXPECT_EQ(event.append_time, absl::FromUnixSeconds(200));
  EXPECT_THAT(event.labels, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_EQ(event.severity, timeline::Severity::kError);
  EXPECT_THAT(event.change.paths, ElementsAre("p"));
  EXPECT_EQ(event.change.previous_revision, "q");
  EXPECT_EQ(event.position, 7u);
}

TEST(ConvertTest, LeavesOutLabelsThatTellOfTheReport) {
  const timeline::Event event = ToTimelineEvent(Parse<v1::Event>(R"pb(
    kind: EVENT_KIND_ALERT_RESOLVED
    labels { key: "alertname" value: "CheckoutFails" }
    labels { key: "secondstory_resolution" value: "inferred: it is missing" }
  )pb"));
  EXPECT_THAT(event.labels, ElementsAre(Pair("alertname", "CheckoutFails")));
}

TEST(ConvertTest, TakesAKindOfTheFutureForANote) {
  v1::Event event;
  event.set_kind(static_cast<v1::EventKind>(99));
  event.set_severity(static_cast<v1::Severity>(99));
  EXPECT_EQ(ToTimelineEvent(event).kind, timeline::EventKind::kNote);
  EXPECT_EQ(ToTimelineEvent(event).severity, timeline::Severity::kUnspecified);
}

TEST(ConvertTest, GivesTheSameCandidateBack) {
  const v1::Candidate candidate = Parse<v1::Candidate>(R"pb(
    candidate_id: "c"
    state: CANDIDATE_STATE_OPEN
    title: "HighLatency"
    onset_time { seconds: 100 }
    last_activity_time { seconds: 300 nanos: 7 }
    services: "cart"
    severity: SEVERITY_CRITICAL
    events {
      event_id: "e"
      source: "s"
      source_event_id: "i"
      kind: EVENT_KIND_ALERT_FIRED
      event_time { seconds: 100 }
      service: "cart"
      title: "HighLatency"
      severity: SEVERITY_CRITICAL
      reason: "opened this candidate"
      repeat_count: 1
      last_event_time { seconds: 200 }
      resolve_time { seconds: 300 }
      repeat_event_ids: "f"
    }
    ranked_changes {
      event_id: "d"
      event_time { seconds: 90 }
      service: "cart"
      title: "Deploy"
      revision: "r"
      url: "http://u"
      score: 0.25
      evidence { rule: "lag" text: "10 s before" log_odds: -1.5 }
    }
    no_change_score: 0.75
    no_change_reason: "why"
    rules_version: 1
    learning: "learning 1"
  )pb");
  const v1::Candidate back = ToProto(FromProto(candidate));
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(candidate, back))
      << back.DebugString();
}

constexpr char kConfirmed[] = R"pb(
  ranked_changes {
    event_id: "deploy"
    evidence { rule: "words" log_odds: 3 }
  }
  confirmation { contributing_event_ids: "deploy" author: "sam" }
)pb";

TEST(ToOutcomeTest, GivesWhatPeopleConfirmedAsTheDefaultsHadIt) {
  v1::Candidate candidate = Parse<v1::Candidate>(kConfirmed);
  timeline::Learning learning;
  learning.weights.of[static_cast<size_t>(timeline::Rule::kWords)] = 1.5;
  candidate.set_learning(timeline::FormatLearning(learning));
  const std::optional<timeline::Outcome> outcome = ToOutcome(candidate);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(outcome->contributing_event_ids, ElementsAre("deploy"));
  EXPECT_EQ(outcome->ranked_changes[0].evidence[0].log_odds, 2);
}

TEST(ToJudgementTest, TellsWhatWasPromotedFromWhatWasDismissed) {
  v1::Candidate candidate = Parse<v1::Candidate>(kConfirmed);
  EXPECT_FALSE(ToJudgement(candidate).has_value());
  candidate.set_state(v1::CANDIDATE_STATE_PROMOTED);
  ASSERT_TRUE(ToJudgement(candidate).has_value());
  EXPECT_TRUE(ToJudgement(candidate)->is_incident);
  EXPECT_THAT(ToJudgement(candidate)->ranked_changes, testing::SizeIs(1));
  candidate.set_state(v1::CANDIDATE_STATE_DISMISSED);
  ASSERT_TRUE(ToJudgement(candidate).has_value());
  EXPECT_FALSE(ToJudgement(candidate)->is_incident);
}

TEST(ToOutcomeTest, GivesNothingWhereNobodyConfirmedOrTheWeightsAreUnknown) {
  v1::Candidate candidate = Parse<v1::Candidate>(kConfirmed);
  candidate.set_learning("learning 99");
  EXPECT_FALSE(ToOutcome(candidate).has_value());
  candidate.clear_learning();
  EXPECT_TRUE(ToOutcome(candidate).has_value());
  candidate.clear_confirmation();
  EXPECT_FALSE(ToOutcome(candidate).has_value());
}

}  // namespace
}  // namespace secondstory::ingest
