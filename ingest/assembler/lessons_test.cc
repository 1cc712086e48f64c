#include "ingest/assembler/lessons.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using ::testing::HasSubstr;

v1::Candidate ParseCandidate(const std::string& text) {
  v1::Candidate candidate;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &candidate));
  return candidate;
}

v1::CandidateDecision MakeDecision(uint64_t position, v1::DecisionKind kind,
                                   v1::Candidate candidate) {
  v1::CandidateDecision decision;
  decision.set_position(position);
  decision.set_kind(kind);
  *decision.mutable_candidate() = std::move(candidate);
  return decision;
}

std::string Line(absl::string_view id, absl::string_view service,
                 absl::string_view title) {
  return absl::StrCat("events { event_id: '", id,
                      "' kind: EVENT_KIND_ALERT_FIRED service: '", service,
                      "' title: '", title, "' }");
}

const uint64_t kCart = timeline::PatternOf("cart", "slow");
const uint64_t kMail = timeline::PatternOf("mail", "queue of 12");
const uint64_t kDisk = timeline::PatternOf("disk", "full");

// One of cart, one of mail, and one of disk that fired twice.
v1::Candidate Split(const std::string& split) {
  return ParseCandidate(absl::StrCat(
      Line("a", "cart", "slow"), Line("b", "mail", "queue of 7"),
      "events { event_id: 'n' kind: EVENT_KIND_NOTE service: 'x' }",
      "events { event_id: 'c' kind: EVENT_KIND_ALERT_FIRED service: 'disk' "
      "title: 'full' repeat_count: 1 repeat_event_ids: 'd' }",
      "splits {", split, "}"));
}

double Weigh(const Lessons& lessons, uint64_t position, uint64_t one,
             uint64_t other) {
  const auto& affinity = lessons.grouping().Before(position);
  return affinity == nullptr ? 0 : affinity->Weigh(one, {other});
}

TEST(LessonsTest, TeachesRankingByConfirmations) {
  Lessons lessons;
  const v1::Candidate candidate = ParseCandidate(
      "ranked_changes { event_id: 'x' evidence { rule: 'lag' log_odds: -2 } }"
      "confirmation { contributing_event_ids: 'x' }");
  lessons.Take(MakeDecision(7, v1::DECISION_KIND_CONFIRMED, candidate));
  lessons.Take(MakeDecision(8, v1::DECISION_KIND_PROMOTED, candidate));
  lessons.Take(MakeDecision(9, v1::DECISION_KIND_IMPORTED, candidate));
  EXPECT_EQ(lessons.ranking().Before(7).decision_count, 0u);
  EXPECT_EQ(lessons.ranking().Before(9).decision_count, 1u);
  EXPECT_EQ(lessons.ranking().latest().decision_count, 2u);
  EXPECT_EQ(lessons.grouping().latest(), nullptr);
}

TEST(LessonsTest, TeachesHowOftenAChangeContributesByWhatIsMadeOfCandidates) {
  Lessons lessons;
  v1::Candidate candidate = ParseCandidate(
      "ranked_changes { event_id: 'x' evidence { rule: 'lag' log_odds: 0 } }");
  candidate.set_state(v1::CANDIDATE_STATE_DISMISSED);
  lessons.Take(MakeDecision(7, v1::DECISION_KIND_DISMISSED, candidate));
  EXPECT_EQ(lessons.ranking().Before(7).weights.any_change, 0);
  EXPECT_LT(lessons.ranking().Before(8).weights.any_change, 0);
  candidate.set_state(v1::CANDIDATE_STATE_PROMOTED);
  lessons.Take(MakeDecision(8, v1::DECISION_KIND_PROMOTED, candidate));
  EXPECT_GT(lessons.ranking().latest().weights.any_change,
            lessons.ranking().Before(8).weights.any_change);
  EXPECT_EQ(lessons.ranking().latest().decision_count, 2u);
}

TEST(LessonsTest, TeachesGroupingByWhatASplitParted) {
  Lessons lessons;
  lessons.Take(MakeDecision(7, v1::DECISION_KIND_SPLIT,
                            Split("taken_event_ids: 'b' kept_event_ids: 'a' "
                                  "kept_event_ids: 'c' kept_event_ids: 'd'")));
  EXPECT_EQ(Weigh(lessons, 7, kCart, kMail), 0);
  EXPECT_LT(Weigh(lessons, 8, kCart, kMail), 0);
  EXPECT_LT(Weigh(lessons, 8, kDisk, kMail), 0);
  EXPECT_EQ(Weigh(lessons, 8, kCart, kDisk), 0)
      << "that they stayed is no news";
}

TEST(LessonsTest, LearnsNothingOfAnAlertThatFiredOnBothSidesOfASplit) {
  Lessons lessons;
  lessons.Take(MakeDecision(7, v1::DECISION_KIND_SPLIT,
                            Split("taken_event_ids: 'b' taken_event_ids: 'd' "
                                  "kept_event_ids: 'a' kept_event_ids: 'c'")));
  EXPECT_LT(Weigh(lessons, 8, kCart, kMail), 0);
  EXPECT_EQ(Weigh(lessons, 8, kDisk, kMail), 0);
  EXPECT_EQ(Weigh(lessons, 8, kDisk, kCart), 0);
}

TEST(LessonsTest, TeachesGroupingByAMergeOnceAllItsCandidatesAreTold) {
  const std::string merge =
      "merges { candidate_ids: 'a' candidate_ids: 'b' event_ids: 'a' "
      "event_ids: 'b' merge_time { seconds: 5 } }";
  Lessons lessons;
  lessons.Take(MakeDecision(
      7, v1::DECISION_KIND_MERGED,
      ParseCandidate(absl::StrCat(Line("a", "cart", "slow"), merge))));
  EXPECT_EQ(lessons.grouping().latest(), nullptr);
  lessons.Take(MakeDecision(
      8, v1::DECISION_KIND_MERGED,
      ParseCandidate(absl::StrCat(Line("b", "mail", "queue of 3"), merge))));
  EXPECT_EQ(Weigh(lessons, 8, kCart, kMail), 0);
  EXPECT_GT(Weigh(lessons, 9, kCart, kMail), 0);
}

TEST(LessonsTest, GoesOnFromWhatItForgot) {
  const v1::Candidate split = Split("taken_event_ids: 'b' kept_event_ids: 'a'");
  Lessons whole;
  Lessons resumed;
  for (uint64_t position = 1; position < 20; ++position) {
    const v1::CandidateDecision decision =
        MakeDecision(position, v1::DECISION_KIND_SPLIT, split);
    whole.Take(decision);
    resumed.Take(decision);
    SS_ASSERT_OK_AND_ASSIGN(
        const Learnt learnt,
        ParseLearnt(FormatLearnt(resumed.ForgetThrough(position))));
    resumed = Lessons(learnt);
  }
  EXPECT_EQ(Weigh(resumed, 30, kCart, kMail), Weigh(whole, 30, kCart, kMail));
  EXPECT_EQ(FormatLearnt(resumed.ForgetThrough(30)),
            FormatLearnt(whole.ForgetThrough(30)));
}

TEST(LessonsTest, RefusesWhatItDidNotWrite) {
  const std::string good = FormatLearnt({});
  EXPECT_THAT(ParseLearnt(good), IsOk());
  for (const std::string& bad :
       {std::string(), good.substr(0, good.find(" affinity")), good + " x"}) {
    EXPECT_THAT(ParseLearnt(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("again")))
        << bad;
  }
}

TEST(LessonsTest, FitsIntoACursorHoweverMuchWasTaught) {
  timeline::Affinity affinity;
  for (uint64_t i = 0; i < 1000; ++i) affinity.Join({{i}, {i + 1}});
  Learnt learnt;
  learnt.ranking.decision_count = UINT64_MAX;
  learnt.grouping = affinity;
  EXPECT_LT(FormatLearnt(learnt).size(), 3500u);
}

}  // namespace
}  // namespace secondstory::ingest
