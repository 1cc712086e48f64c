#include "services/incidentd/candidate_handlers.h"

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000;

v1::Candidate Submitted() {
  v1::Candidate candidate;
  candidate.set_candidate_id(std::string(32, 'a'));
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  candidate.set_title("checkout slow");
  *candidate.mutable_onset_time() = FromMicros(kNow - 60);
  return candidate;
}

TEST(ReviseTest, NumbersRevisionsFromOneAndStampsThem) {
  const auto first = Revise({}, Submitted(), kNow);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->revision(), 1u);
  EXPECT_EQ(ToMicros(first->submit_time()), kNow);
  v1::Candidate changed = Submitted();
  changed.set_state(v1::CANDIDATE_STATE_QUIET);
  EXPECT_EQ(Revise(first, changed, kNow)->revision(), 2u);
}

TEST(ReviseTest, StoresNothingWhenOnlyTheDifferencesAreWordedAnew) {
  const auto first = Revise({}, Submitted(), kNow);
  v1::Candidate again = Submitted();
  again.add_differences("worded anew");
  EXPECT_EQ(Revise(first, again, kNow + 1), std::nullopt);
}

TEST(ReviseTest, IgnoresWhatOnlyTheServerMaySay) {
  v1::Candidate forged = Submitted();
  forged.set_revision(77);
  forged.set_incident_id("x");
  forged.set_decided_by("x");
  forged.set_dismiss_reason("x");
  const auto stored = Revise({}, forged, kNow);
  EXPECT_EQ(stored->revision(), 1u);
  EXPECT_EQ(stored->incident_id(), "");
  EXPECT_EQ(stored->decided_by(), "");
  EXPECT_EQ(stored->dismiss_reason(), "");
}

TEST(ReviseTest, LeavesADecisionAsItIs) {
  v1::Candidate decided = *Revise({}, Submitted(), kNow);
  decided.set_state(v1::CANDIDATE_STATE_DISMISSED);
  decided.set_decided_by("sam");
  decided.set_dismiss_reason("a drill");
  // That it went quiet, or into another, is nothing new then.
  v1::Candidate merged = Submitted();
  merged.set_state(v1::CANDIDATE_STATE_MERGED);
  merged.set_merged_into_candidate_id(std::string(32, 'b'));
  EXPECT_EQ(Revise(decided, merged, kNow), std::nullopt);
  merged.set_title("more was seen");
  const auto next = Revise(decided, merged, kNow);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->state(), v1::CANDIDATE_STATE_DISMISSED);
  EXPECT_EQ(next->dismiss_reason(), "a drill");
  EXPECT_EQ(next->merged_into_candidate_id(), "");
}

v1::ConfirmChangesRequest Confirming(const std::vector<std::string>& ids) {
  v1::ConfirmChangesRequest request;
  request.set_author("sam");
  request.mutable_contributing_event_ids()->Add(ids.begin(), ids.end());
  request.set_none_contributed(ids.empty());
  return request;
}

TEST(ConfirmTest, KeepsTheChangesSortedEachOnce) {
  const v1::Candidate first = *Revise({}, Submitted(), kNow);
  const auto next = Confirm(first, Confirming({"b", "a", "b"}), kNow + 1, {});
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->revision(), 2u);
  EXPECT_EQ(next->confirmation().author(), "sam");
  EXPECT_THAT(next->confirmation().contributing_event_ids(),
              ::testing::ElementsAre("a", "b"));
  EXPECT_THAT(next->differences(),
              ::testing::ElementsAre("confirmed: 2 changes contributed"));
}

TEST(ConfirmTest, StoresNothingWhenTheSameIsConfirmedAgain) {
  const v1::Candidate first = *Revise({}, Submitted(), kNow);
  const v1::Candidate none = *Confirm(first, Confirming({}), kNow, {});
  EXPECT_EQ(Confirm(none, Confirming({}), kNow + 1, {}), std::nullopt);
  const v1::Candidate one = *Confirm(none, Confirming({"a"}), kNow + 1, {});
  EXPECT_EQ(Confirm(one, Confirming({"a", "a"}), kNow + 2, {}), std::nullopt);
}

TEST(ReviseTest, KeepsWhatPeopleConfirmed) {
  v1::Candidate confirmed =
      *Confirm(*Revise({}, Submitted(), kNow), Confirming({"a"}), kNow, {});
  EXPECT_EQ(Revise(confirmed, Submitted(), kNow), std::nullopt);
  v1::Candidate grown = Submitted();
  grown.set_title("more was seen");
  grown.mutable_confirmation()->set_author("forged");
  EXPECT_EQ(Revise(confirmed, grown, kNow)->confirmation().author(), "sam");
  EXPECT_FALSE(Revise({}, grown, kNow)->has_confirmation());
}

TEST(ReviseTest, KeepsConfirmedChangesOnTheTimeline) {
  v1::Event change;
  change.set_event_id("a");
  const v1::Candidate confirmed = *Confirm(*Revise({}, Submitted(), kNow),
                                           Confirming({"a"}), kNow, {change});
  ASSERT_THAT(confirmed.events(), ::testing::SizeIs(1));
  EXPECT_EQ(Revise(confirmed, Submitted(), kNow, {change}), std::nullopt);
  v1::Candidate forged = Submitted();
  forged.add_events()->set_event_id("b");
  forged.mutable_events(0)->set_contributed(true);
  const auto next = Revise(confirmed, forged, kNow, {change});
  EXPECT_EQ(next, std::nullopt) << "only people say that a change contributed";
}

TEST(ReviseTest, KeepsWhatPeopleSplitAndMerged) {
  v1::Candidate decided = *Revise({}, Submitted(), kNow);
  decided.add_splits()->set_author("sam");
  decided.add_merges()->set_author("kim");
  EXPECT_EQ(Revise(decided, Submitted(), kNow), std::nullopt);
  v1::Candidate grown = Submitted();
  grown.set_title("more was seen");
  grown.add_splits()->set_author("forged");
  const auto next = Revise(decided, grown, kNow);
  ASSERT_THAT(next->splits(), ::testing::SizeIs(1));
  EXPECT_EQ(next->splits(0).author(), "sam");
  EXPECT_THAT(next->merges(), ::testing::SizeIs(1));
  EXPECT_THAT(Revise({}, grown, kNow)->splits(), ::testing::SizeIs(0));
}

TEST(CandidateRecordOfTest, NamesTheOldPlaceInTheListOnlyWhenItMoved) {
  const v1::Candidate first = *Revise({}, Submitted(), kNow);
  EXPECT_FALSE(
      CandidateRecordOf({}, first).candidate().has_previous_onset_micros());
  v1::Candidate moved = first;
  EXPECT_FALSE(
      CandidateRecordOf(first, moved).candidate().has_previous_onset_micros());
  *moved.mutable_onset_time() = FromMicros(kNow - 90);
  EXPECT_EQ(CandidateRecordOf(first, moved).candidate().previous_onset_micros(),
            kNow - 60);
}

TEST(DecisionOfTest, SaysWhatAPersonDecidedAndNothingOfTheAssembler) {
  const v1::Candidate first = *Revise({}, Submitted(), kNow);
  EXPECT_EQ(DecisionOf(CandidateRecordOf({}, first).candidate()),
            v1::DECISION_KIND_UNSPECIFIED);
  EXPECT_EQ(
      DecisionOf(CandidateRecordOf(first, first, v1::DECISION_KIND_DISMISSED)
                     .candidate()),
      v1::DECISION_KIND_DISMISSED);
}

TEST(DecisionOfTest, KnowsAConfirmationOfBeforeDecisionsWereNamed) {
  v1::ConfirmChangesRequest request;
  request.set_author("sam");
  request.set_none_contributed(true);
  const v1::Candidate confirmed =
      *Confirm(*Revise({}, Submitted(), kNow), request, kNow, {});
  EXPECT_EQ(DecisionOf(CandidateRecordOf({}, confirmed).candidate()),
            v1::DECISION_KIND_CONFIRMED);
  v1::Candidate grown = Submitted();
  grown.set_title("more was seen");
  grown.add_differences("added: alert");
  EXPECT_EQ(
      DecisionOf(
          CandidateRecordOf({}, *Revise(confirmed, grown, kNow)).candidate()),
      v1::DECISION_KIND_UNSPECIFIED);
}

}  // namespace
}  // namespace secondstory::incidentd
