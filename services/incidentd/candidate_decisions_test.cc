#include "services/incidentd/candidate_decisions.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kNow = 1'700'000'000'000'000;

std::string Id(char digit) { return std::string(32, digit); }

void AddLine(v1::EventKind kind, char digit, v1::Candidate* candidate) {
  v1::CandidateEvent* line = candidate->add_events();
  line->set_event_id(Id(digit));
  line->set_kind(kind);
}

// Alerts `a`, with the repeat `b`, and `c`; a report `d`; a note `e`.
v1::Candidate MakeCandidate(char digit = 'a') {
  v1::Candidate candidate;
  candidate.set_candidate_id(Id(digit));
  candidate.set_revision(3);
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  AddLine(v1::EVENT_KIND_ALERT_FIRED, 'a', &candidate);
  candidate.mutable_events(0)->add_repeat_event_ids(Id('b'));
  candidate.mutable_events(0)->set_repeat_count(1);
  AddLine(v1::EVENT_KIND_ALERT_FIRED, 'c', &candidate);
  AddLine(v1::EVENT_KIND_USER_REPORT, 'd', &candidate);
  AddLine(v1::EVENT_KIND_NOTE, 'e', &candidate);
  return candidate;
}

v1::SplitCandidateRequest Splitting(const std::string& digits) {
  v1::SplitCandidateRequest request;
  request.set_candidate_id(Id('a'));
  for (const char digit : digits) request.add_event_ids(Id(digit));
  request.set_author("sam");
  request.set_reason("another outage");
  return request;
}

// Besides those of the candidate: a stored alert `f`, and a change `9`.
absl::StatusOr<std::optional<v1::Event>> FindEvent(const std::string& id) {
  const std::map<char, v1::EventKind> stored = {
      {'e', v1::EVENT_KIND_NOTE},
      {'f', v1::EVENT_KIND_ALERT_FIRED},
      {'9', v1::EVENT_KIND_CHANGE_FINISHED}};
  const auto at = stored.find(id[0]);
  if (at == stored.end()) return std::optional<v1::Event>();
  v1::Event event;
  event.set_event_id(id);
  event.set_kind(at->second);
  return std::optional<v1::Event>(event);
}

absl::StatusOr<std::optional<v1::Candidate>> SplitOff(
    const v1::Candidate& stored, const std::string& digits,
    int64_t now_micros = kNow) {
  return Split(stored, Splitting(digits), now_micros, FindEvent);
}

TEST(SplitTest, KeepsWhatWasTakenWhatStayedAndWhoDecided) {
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> next,
                          SplitOff(MakeCandidate(), "dc"));
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->revision(), 4u);
  ASSERT_THAT(next->splits(), SizeIs(1));
  const v1::CandidateSplit& split = next->splits(0);
  EXPECT_THAT(split.taken_event_ids(), ElementsAre(Id('c'), Id('d')));
  EXPECT_THAT(split.kept_event_ids(), ElementsAre(Id('a'), Id('b')));
  EXPECT_EQ(split.author(), "sam");
  EXPECT_EQ(split.reason(), "another outage");
  EXPECT_EQ(ToMicros(split.split_time()), kNow);
  EXPECT_THAT(next->differences(),
              ElementsAre("2 of 4 alerts and reports split off by sam: another "
                          "outage"));
}

TEST(SplitTest, TakesTheRepeatsOfALineAlong) {
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> next,
                          SplitOff(MakeCandidate(), "a"));
  EXPECT_THAT(next->splits(0).taken_event_ids(), ElementsAre(Id('a'), Id('b')));
}

TEST(SplitTest, TakesARepeatAloneWhenItIsNamed) {
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> next,
                          SplitOff(MakeCandidate(), "b"));
  EXPECT_THAT(next->splits(0).taken_event_ids(), ElementsAre(Id('b')));
}

TEST(SplitTest, StoresNothingWhenItIsDecidedAlready) {
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> next,
                          SplitOff(MakeCandidate(), "c"));
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> again,
                          SplitOff(*next, "c", kNow + 1));
  EXPECT_EQ(again, std::nullopt);
  // The assembler has acted on it.
  v1::Candidate smaller = *next;
  smaller.mutable_events()->DeleteSubrange(1, 1);
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> later,
                          SplitOff(smaller, "c", kNow + 1));
  EXPECT_EQ(later, std::nullopt);
}

TEST(SplitTest, StoresASplitAnewOnceAMergeHasUndoneIt) {
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> split,
                          SplitOff(MakeCandidate(), "c"));
  v1::Candidate other = MakeCandidate('c');
  v1::MergeCandidatesRequest request;
  request.set_author("kim");
  SS_ASSERT_OK_AND_ASSIGN(const std::vector<v1::Candidate> merged,
                          Merge({*split, other}, request, kNow + 1));
  SS_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Candidate> again,
                          SplitOff(merged[0], "c", kNow + 2));
  ASSERT_TRUE(again.has_value());
  EXPECT_THAT(again->splits(), SizeIs(2));
}

TEST(SplitTest, RefusesAnEventThatIsNotStored) {
  EXPECT_THAT(SplitOff(MakeCandidate(), "c0"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("event_ids[1]"), HasSubstr(Id('0')),
                             HasSubstr("no stored event"))));
}

TEST(SplitTest, RefusesAnEventOfAnotherCandidate) {
  EXPECT_THAT(SplitOff(MakeCandidate(), "f"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("event_ids[0]"), HasSubstr(Id('f')),
                             HasSubstr("not of candidate " + Id('a')))));
}

TEST(SplitTest, RefusesWhatIsNeitherAlertNorReport) {
  EXPECT_THAT(SplitOff(MakeCandidate(), "e"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("EVENT_KIND_NOTE; only alerts")));
}

TEST(SplitTest, RefusesToTakeAllOut) {
  EXPECT_THAT(SplitOff(MakeCandidate(), "acd"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("leave at least one")));
}

TEST(SplitTest, RefusesWhatWasPromotedDismissedOrMergedAndSaysWhatToDo) {
  v1::Candidate candidate = MakeCandidate();
  candidate.set_state(v1::CANDIDATE_STATE_PROMOTED);
  candidate.set_incident_id(Id('7'));
  EXPECT_THAT(SplitOff(candidate, "c"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(Id('7')), HasSubstr("SplitIncident"))));
  candidate.set_state(v1::CANDIDATE_STATE_DISMISSED);
  candidate.set_decided_by("kim");
  EXPECT_THAT(SplitOff(candidate, "c"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("dismissed by kim")));
  candidate.set_state(v1::CANDIDATE_STATE_MERGED);
  candidate.set_merged_into_candidate_id(Id('b'));
  EXPECT_THAT(SplitOff(candidate, "c"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(Id('b') + "; split that one")));
}

TEST(SplitTest, RefusesMoreThanIsKeptOfOneCandidate) {
  v1::Candidate candidate = MakeCandidate();
  for (int i = 0; i < 40'000; ++i) {
    candidate.mutable_events(1)->add_repeat_event_ids(
        absl::StrCat("c", 1'000'000 + i, std::string(24, '0')));
  }
  EXPECT_THAT(SplitOff(candidate, "c"),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("at most 1048576")));
}

v1::MergeCandidatesRequest Merging() {
  v1::MergeCandidatesRequest request;
  request.set_author("kim");
  request.set_reason("one outage");
  return request;
}

v1::Candidate MakeOther() {
  v1::Candidate other;
  other.set_candidate_id(Id('f'));
  other.set_revision(1);
  other.set_state(v1::CANDIDATE_STATE_QUIET);
  AddLine(v1::EVENT_KIND_ALERT_FIRED, 'f', &other);
  return other;
}

TEST(MergeTest, StoresTheDecisionWithEachCandidate) {
  SS_ASSERT_OK_AND_ASSIGN(
      const std::vector<v1::Candidate> merged,
      Merge({MakeOther(), MakeCandidate()}, Merging(), kNow));
  ASSERT_THAT(merged, SizeIs(2));
  EXPECT_EQ(merged[0].candidate_id(), Id('f'));
  EXPECT_EQ(merged[0].revision(), 2u);
  EXPECT_EQ(merged[1].revision(), 4u);
  ASSERT_THAT(merged[0].merges(), SizeIs(1));
  const v1::CandidateMerge& merge = merged[0].merges(0);
  EXPECT_EQ(merge.SerializeAsString(), merged[1].merges(0).SerializeAsString());
  EXPECT_THAT(merge.candidate_ids(), ElementsAre(Id('a'), Id('f')));
  EXPECT_THAT(merge.event_ids(),
              ElementsAre(Id('a'), Id('b'), Id('c'), Id('d'), Id('f')));
  EXPECT_EQ(merge.author(), "kim");
  EXPECT_EQ(merge.reason(), "one outage");
  EXPECT_EQ(ToMicros(merge.merge_time()), kNow);
  EXPECT_THAT(
      merged[0].differences(),
      ElementsAre("merged with candidate " + Id('a') + " by kim: one outage"));
}

TEST(MergeTest, StoresNothingWhenItIsDecidedAlready) {
  SS_ASSERT_OK_AND_ASSIGN(
      std::vector<v1::Candidate> merged,
      Merge({MakeCandidate(), MakeOther()}, Merging(), kNow));
  // The assembler has acted on it.
  merged[1].set_state(v1::CANDIDATE_STATE_MERGED);
  merged[1].set_merged_into_candidate_id(Id('a'));
  SS_ASSERT_OK_AND_ASSIGN(const std::vector<v1::Candidate> again,
                          Merge(merged, Merging(), kNow + 1));
  EXPECT_THAT(again, IsEmpty());
  SS_ASSERT_OK_AND_ASSIGN(const std::vector<v1::Candidate> reverse,
                          Merge({merged[1], merged[0]}, Merging(), kNow + 1));
  EXPECT_THAT(reverse, IsEmpty());
}

TEST(MergeTest, RefusesAllWhenOneWasPromotedDismissedOrMerged) {
  v1::Candidate other = MakeOther();
  other.set_state(v1::CANDIDATE_STATE_PROMOTED);
  other.set_incident_id(Id('7'));
  EXPECT_THAT(Merge({MakeCandidate(), other}, Merging(), kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(Id('f')), HasSubstr("MergeIncidents"))));
  other.set_state(v1::CANDIDATE_STATE_MERGED);
  other.set_merged_into_candidate_id(Id('b'));
  EXPECT_THAT(Merge({MakeCandidate(), other}, Merging(), kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(Id('b') + "; merge that one")));
}

TEST(ReadChangesTest, NamesEachEventThatIsNotStoredOrIsNoChange) {
  v1::ConfirmChangesRequest request;
  request.add_contributing_event_ids(Id('9'));
  SS_EXPECT_OK(ReadChanges(request, FindEvent).status());
  request.add_contributing_event_ids(Id('0'));
  request.add_contributing_event_ids(Id('f'));
  EXPECT_THAT(ReadChanges(request, FindEvent),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("contributing_event_ids[1]"),
                             HasSubstr("no stored event"),
                             HasSubstr("contributing_event_ids[2]"),
                             HasSubstr("EVENT_KIND_ALERT_FIRED"))));
}

v1::Event Change(char digit, int64_t micros) {
  v1::Event change;
  change.set_event_id(Id(digit));
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  change.set_title("limit raised");
  *change.mutable_event_time() = FromMicros(micros);
  return change;
}

std::vector<std::string> IdsOf(const v1::Candidate& candidate) {
  std::vector<std::string> ids;
  for (const v1::CandidateEvent& line : candidate.events()) {
    ids.push_back(line.event_id());
  }
  return ids;
}

v1::Candidate Confirmed(char digit, const std::string& changes,
                        const std::string& author) {
  v1::Candidate candidate = MakeCandidate(digit);
  v1::ChangeConfirmation* const found = candidate.mutable_confirmation();
  for (const char change : changes) {
    found->add_contributing_event_ids(Id(change));
  }
  found->set_author(author);
  *found->mutable_confirm_time() = FromMicros(kNow - 5);
  return candidate;
}

TEST(TakeOverConfirmationTest, TellsWhatWasFoundOfTheOneThatGoesOnInIt) {
  const v1::Candidate merged = Confirmed('c', "89", "sam");
  const auto next = TakeOverConfirmation(merged, MakeCandidate(), kNow);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->revision(), 4u);
  EXPECT_EQ(ToMicros(next->submit_time()), kNow);
  EXPECT_EQ(next->confirmation().SerializeAsString(),
            merged.confirmation().SerializeAsString());
  EXPECT_THAT(next->differences(),
              ElementsAre("sam found what contributed to candidate " + Id('c') +
                          ", which goes on in this one"));
}

TEST(TakeOverConfirmationTest, TellsWhatWasFoundOfBoth) {
  const auto next = TakeOverConfirmation(Confirmed('c', "9", "sam"),
                                         Confirmed('a', "78", "kim"), kNow);
  ASSERT_TRUE(next.has_value());
  EXPECT_THAT(next->confirmation().contributing_event_ids(),
              ElementsAre(Id('7'), Id('8'), Id('9')));
  EXPECT_EQ(next->confirmation().author(), "kim and sam");
}

TEST(TakeOverConfirmationTest, LeavesWhatWasFoundOfTheOtherAsItIs) {
  for (const std::string changes : {"", "8"}) {
    EXPECT_EQ(TakeOverConfirmation(Confirmed('c', changes, "sam"),
                                   Confirmed('a', "78", "kim"), kNow),
              std::nullopt)
        << changes;
  }
  EXPECT_EQ(TakeOverConfirmation(Confirmed('c', "", "sam"),
                                 Confirmed('a', "", "kim"), kNow),
            std::nullopt);
}

TEST(TakeOverConfirmationTest, TellsThatNoChangeContributedUntilOneDid) {
  const auto none =
      TakeOverConfirmation(Confirmed('c', "", "sam"), MakeCandidate(), kNow);
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->has_confirmation());
  const auto one =
      TakeOverConfirmation(Confirmed('d', "9", "kim"), *none, kNow);
  ASSERT_TRUE(one.has_value());
  EXPECT_THAT(one->confirmation().contributing_event_ids(),
              ElementsAre(Id('9')));
  EXPECT_EQ(one->confirmation().author(), "kim");
}

TEST(ListContributingTest, PutsChangesInTheirPlaceOnTheTimeline) {
  v1::Candidate candidate = MakeCandidate();
  for (int i = 0; i < candidate.events_size(); ++i) {
    candidate.mutable_events(i)->set_reason("it alerts");
    *candidate.mutable_events(i)->mutable_event_time() = FromMicros(kNow + i);
  }
  const v1::Candidate before = candidate;
  ListContributing({Change('8', kNow - 1), Change('9', kNow + 1)}, &candidate);
  EXPECT_THAT(IdsOf(candidate), ElementsAre(Id('8'), Id('a'), Id('9'), Id('c'),
                                            Id('d'), Id('e')));
  EXPECT_TRUE(candidate.events(0).contributed());
  EXPECT_EQ(candidate.events(0).title(), "limit raised");
  EXPECT_FALSE(candidate.events(1).contributed());
  const v1::Candidate listed = candidate;
  ListContributing({Change('8', kNow - 1), Change('9', kNow + 1)}, &candidate);
  EXPECT_EQ(candidate.SerializeAsString(), listed.SerializeAsString());
  ListContributing({}, &candidate);
  EXPECT_EQ(candidate.SerializeAsString(), before.SerializeAsString());
}

TEST(ListContributingTest, MarksAChangeThatIsThereForAnotherReason) {
  v1::Candidate candidate;
  AddLine(v1::EVENT_KIND_CHANGE_FINISHED, '9', &candidate);
  candidate.mutable_events(0)->set_reason("same service as an alert");
  ListContributing({Change('9', kNow)}, &candidate);
  EXPECT_THAT(IdsOf(candidate), ElementsAre(Id('9')));
  EXPECT_TRUE(candidate.events(0).contributed());
  ListContributing({}, &candidate);
  EXPECT_THAT(IdsOf(candidate), ElementsAre(Id('9')));
  EXPECT_FALSE(candidate.events(0).contributed());
}

}  // namespace
}  // namespace secondstory::incidentd
