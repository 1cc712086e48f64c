// Goal: whatever breaks, the stored candidates end as the undisturbed ones.
// Method: incidentd is a fake in memory with a log, candidates and a cursor; it
// fails on command, and followers die at any call.
// Seed: printed; set SECONDSTORY_SEED to replay.
#include "ingest/assembler/follower.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/scenario.h"

namespace secondstory::ingest {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::pair<timeline::EventKind, v1::EventKind> kKinds[] = {
    {timeline::EventKind::kAlertFired, v1::EVENT_KIND_ALERT_FIRED},
    {timeline::EventKind::kAlertResolved, v1::EVENT_KIND_ALERT_RESOLVED},
    {timeline::EventKind::kChangeFinished, v1::EVENT_KIND_CHANGE_FINISHED},
    {timeline::EventKind::kChangeRolledBack, v1::EVENT_KIND_CHANGE_ROLLED_BACK},
    {timeline::EventKind::kUserReport, v1::EVENT_KIND_USER_REPORT},
    {timeline::EventKind::kHumanAction, v1::EVENT_KIND_HUMAN_ACTION},
};

v1::Event ToProtoEvent(const timeline::Event& event) {
  v1::Event proto;
  proto.set_event_id(IdToHex(StableId({event.source, event.source_event_id})));
  proto.set_source(event.source);
  proto.set_source_event_id(event.source_event_id);
  for (const auto& [own, kind] : kKinds) {
    if (own == event.kind) proto.set_kind(kind);
  }
  *proto.mutable_event_time() = FromTime(event.event_time);
  *proto.mutable_append_time() =
      FromTime(event.append_time == absl::InfinitePast() ? event.event_time
                                                         : event.append_time);
  proto.set_service(event.service);
  proto.set_title(event.title);
  for (const auto& [key, value] : event.labels) {
    (*proto.mutable_labels())[key] = value;
  }
  proto.mutable_change()->set_revision(event.change.revision);
  proto.mutable_change()->set_previous_revision(event.change.previous_revision);
  return proto;
}

class FakeIncidents final : public IncidentClient {
 public:
  // Each call first takes one from here; at zero it and all later ones fail.
  int calls_left = 1 << 30;
  int events_per_response = 50;
  std::vector<v1::Event> log;
  std::vector<v1::CandidateDecision> decisions;
  uint64_t head = 0;
  std::map<std::string, v1::Candidate> candidates;
  std::vector<v1::Candidate> submissions;  // those that were stored
  std::string cursor;
  uint64_t watched_after = 0;
  // Each happens once everything was read.
  std::deque<std::function<void()>> meanwhile;

  void Append(const timeline::Event& event) {
    log.push_back(ToProtoEvent(event));
    log.back().set_position(++head);
  }

  // As ConfirmChanges: what is stored of it goes into the log as it is.
  void Confirm(const std::string& id, const std::vector<std::string>& changes) {
    v1::Candidate& candidate = candidates[id];
    v1::ChangeConfirmation& confirmation = *candidate.mutable_confirmation();
    confirmation.clear_contributing_event_ids();
    for (const std::string& change : changes) {
      confirmation.add_contributing_event_ids(change);
    }
    Decide(v1::DECISION_KIND_CONFIRMED, candidate);
  }

  // As SplitCandidate, where it can: the line `index` against the others.
  void Split(v1::Candidate candidate, size_t index) {
    v1::CandidateSplit& split = *candidate.add_splits();
    size_t count = 0;
    for (const v1::CandidateEvent& line : candidate.events()) {
      if (line.kind() != v1::EVENT_KIND_ALERT_FIRED) continue;
      auto* ids = count++ == index ? split.mutable_taken_event_ids()
                                   : split.mutable_kept_event_ids();
      *ids->Add() = line.event_id();
      ids->MergeFrom(line.repeat_event_ids());
    }
    if (count < 2 || split.taken_event_ids().empty()) return;
    std::sort(split.mutable_taken_event_ids()->begin(),
              split.mutable_taken_event_ids()->end());
    std::sort(split.mutable_kept_event_ids()->begin(),
              split.mutable_kept_event_ids()->end());
    *split.mutable_split_time() = candidate.last_activity_time();
    split.set_author("sam");
    Decide(v1::DECISION_KIND_SPLIT, candidate);
  }

  // As SplitCandidate, of alerts with a line each.
  void Split(const std::string& id, const std::string& taken) {
    v1::Candidate& candidate = candidates[id];
    v1::CandidateSplit* split = candidate.add_splits();
    split->add_taken_event_ids(taken);
    for (const v1::CandidateEvent& line : candidate.events()) {
      if (line.event_id() != taken) split->add_kept_event_ids(line.event_id());
    }
    split->set_author("sam");
    split->set_reason("another outage");
    *split->mutable_split_time() = FromTime(timeline::ScenarioStart());
    Decide(v1::DECISION_KIND_SPLIT, candidate);
  }

  // As MergeCandidates, of alerts with a line each.
  void Merge(const std::string& one, const std::string& other) {
    v1::CandidateMerge merge;
    for (const std::string& id : {one, other}) {
      for (const v1::CandidateEvent& line : candidates[id].events()) {
        merge.add_event_ids(line.event_id());
      }
    }
    std::sort(merge.mutable_event_ids()->begin(),
              merge.mutable_event_ids()->end());
    merge.set_author("kim");
    merge.set_reason("one outage");
    *merge.mutable_merge_time() = FromTime(timeline::ScenarioStart());
    for (const std::string& id : {one, other}) {
      *candidates[id].add_merges() = merge;
      Decide(v1::DECISION_KIND_MERGED, candidates[id]);
    }
  }

  void Decide(v1::DecisionKind kind, const v1::Candidate& candidate) {
    v1::CandidateDecision decision;
    decision.set_position(++head);
    decision.set_kind(kind);
    *decision.mutable_candidate() = candidate;
    decisions.push_back(decision);
  }

  // The next `count` entries of another log.
  void AppendFrom(const FakeIncidents& other, uint64_t count) {
    const uint64_t until = std::min(other.head, head + count);
    const auto is_next = [&](const auto& each) {
      return each.position() > head && each.position() <= until;
    };
    std::copy_if(other.log.begin(), other.log.end(), std::back_inserter(log),
                 is_next);
    std::copy_if(other.decisions.begin(), other.decisions.end(),
                 std::back_inserter(decisions), is_next);
    head = until;
  }

  absl::Status Watch(
      uint64_t after_position,
      absl::FunctionRef<absl::Status(const v1::WatchEventsResponse&)> take,
      absl::FunctionRef<absl::Status()> idle) override {
    watched_after = after_position;
    if (after_position > head) {
      return absl::InvalidArgumentError("after_position is beyond the end");
    }
    do {
      SS_RETURN_IF_ERROR(Fail());
      v1::WatchEventsResponse response;
      const uint64_t until = std::min(
          head, after_position + static_cast<uint64_t>(events_per_response));
      const auto is_next = [&](const auto& each) {
        return each.position() > after_position && each.position() <= until;
      };
      for (const v1::Event& event : log) {
        if (is_next(event)) *response.add_events() = event;
      }
      for (const v1::CandidateDecision& decision : decisions) {
        if (is_next(decision)) *response.add_decisions() = decision;
      }
      after_position = until;
      response.set_position(after_position);
      response.set_caught_up(after_position == head);
      SS_RETURN_IF_ERROR(take(response));
      if (after_position < head) continue;
      SS_RETURN_IF_ERROR(idle());
      if (!meanwhile.empty()) {
        meanwhile.front()();
        meanwhile.pop_front();
      }
    } while (after_position < head || !meanwhile.empty());
    SS_RETURN_IF_ERROR(idle());
    return absl::CancelledError("the log ends here");
  }

  absl::StatusOr<std::string> GetCursor() override {
    SS_RETURN_IF_ERROR(Fail());
    return cursor;
  }

  absl::Status StoreCursor(const std::string& value,
                           const std::string& previous) override {
    SS_RETURN_IF_ERROR(Fail());
    if (previous != cursor) return absl::FailedPreconditionError("another");
    cursor = value;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(
      const std::string& id) override {
    SS_RETURN_IF_ERROR(Fail());
    auto at = candidates.find(id);
    if (at == candidates.end()) return std::optional<v1::Candidate>();
    return std::optional<v1::Candidate>(at->second);
  }

  absl::StatusOr<bool> SubmitCandidate(const v1::Candidate& next) override {
    SS_RETURN_IF_ERROR(Fail());
    v1::Candidate& stored = candidates[next.candidate_id()];
    if (Content(stored) == Content(next)) return false;
    v1::Candidate decided = stored;
    stored = next;
    if (decided.has_confirmation()) {
      *stored.mutable_confirmation() = decided.confirmation();
    }
    stored.mutable_splits()->Swap(decided.mutable_splits());
    stored.mutable_merges()->Swap(decided.mutable_merges());
    submissions.push_back(next);
    return true;
  }

  absl::StatusOr<std::vector<std::string>> ListCandidateIds(
      absl::Time onset) override {
    SS_RETURN_IF_ERROR(Fail());
    std::vector<std::string> ids;
    for (const auto& [id, candidate] : candidates) {
      if (candidate.state() != v1::CANDIDATE_STATE_MERGED &&
          ToTime(candidate.onset_time()) >= onset) {
        ids.push_back(id);
      }
    }
    return ids;
  }

  // The candidates that are not merged away: what a reader sees in the end.
  std::map<std::string, std::string> Living() const {
    std::map<std::string, std::string> living;
    for (const auto& [id, candidate] : candidates) {
      if (candidate.state() != v1::CANDIDATE_STATE_MERGED) {
        living[id] = Content(candidate);
      }
    }
    return living;
  }

 private:
  absl::Status Fail() {
    return calls_left-- > 0 ? absl::OkStatus()
                            : absl::UnavailableError("incidentd is away");
  }
  static std::string Content(v1::Candidate candidate) {
    candidate.clear_differences();
    candidate.clear_confirmation();
    candidate.clear_splits();
    candidate.clear_merges();
    return candidate.DebugString();
  }
};

class FollowerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Follower> NewFollower() {
    return std::make_unique<Follower>(
        FollowerOptions(),
        *timeline::Topology::ParseCsv(timeline::WorldTopology()), &incidents_,
        &clock_, &metrics_);
  }

  static timeline::Event Alert(int minute, absl::string_view service,
                               absl::string_view name) {
    return timeline::MakeAlert(absl::Minutes(minute), service, name);
  }

  ManualClock clock_{timeline::ScenarioStart()};
  Metrics metrics_{"follower_test"};
  FakeIncidents incidents_;
};

TEST_F(FollowerTest, SubmitsCandidatesOnceItHasCaughtUp) {
  incidents_.events_per_response = 1;
  for (int i = 0; i < 5; ++i)
    incidents_.Append(Alert(i, "cart", "HighLatency"));
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->caught_up());
  EXPECT_THAT(follower->Follow(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(follower->caught_up());
  ASSERT_THAT(incidents_.submissions, SizeIs(1)) << "not one for each event";
  const v1::Candidate& candidate = incidents_.submissions[0];
  EXPECT_EQ(candidate.candidate_id(), incidents_.log[0].event_id());
  ASSERT_THAT(candidate.events(), SizeIs(1)) << "folded";
  EXPECT_EQ(candidate.events(0).repeat_count(), 4u);
}

TEST_F(FollowerTest, SubmitsAFewRevisionsOfAStormAndAllOfItInTheEnd) {
  incidents_.events_per_response = 1;
  int count = 0;
  const auto alert = [&] {
    timeline::Event event = Alert(0, "cart", "HighLatency");
    event.event_time += absl::Milliseconds(100 * count);
    event.source_event_id = absl::StrCat("alert-", count++);
    incidents_.Append(event);
    clock_.Advance(absl::Milliseconds(1));
  };
  for (int i = 0; i < 600; ++i) incidents_.meanwhile.push_back(alert);
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->Follow().ok());
  // A geometric series, not one for each alert.
  EXPECT_LT(incidents_.submissions.size(), 60u);
  EXPECT_GT(incidents_.submissions.size(), 20u);
  // Nothing more comes, and some seconds later all of it is there.
  incidents_.meanwhile.push_back(alert);
  incidents_.meanwhile.push_back([&] { clock_.Advance(absl::Seconds(7)); });
  EXPECT_FALSE(follower->Follow().ok());
  EXPECT_EQ(incidents_.submissions.back().events(0).repeat_count(), 600u);
}

TEST_F(FollowerTest, TellsOfAnotherAlertInTheMidstOfAStormAtOnce) {
  for (int i = 0; i < 200; ++i) {
    timeline::Event event = Alert(0, "cart", "HighLatency");
    event.source_event_id = absl::StrCat("alert-", i);
    incidents_.Append(event);
  }
  incidents_.meanwhile.push_back(
      [&] { incidents_.Append(Alert(0, "cart", "HighLatency")); });
  size_t before = 0;
  incidents_.meanwhile.push_back([&] {
    before = incidents_.submissions.size();
    incidents_.Append(Alert(0, "cart", "QueueGrows"));
  });
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_EQ(before, 1u) << "one more of the same waits";
  ASSERT_THAT(incidents_.submissions, SizeIs(2));
  EXPECT_THAT(incidents_.submissions[1].differences(),
              ElementsAre("1 more of HighLatency (cart)",
                          "added: alert QueueGrows (cart)"));
}

TEST_F(FollowerTest, PassesOverRemindersThatSomethingIsOverdue) {
  timeline::Event reminder = Alert(0, "cart", "HighLatency");
  reminder.source = "secondstory/review";
  incidents_.Append(reminder);
  EXPECT_THAT(NewFollower()->Follow(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(incidents_.submissions, SizeIs(0));
}

TEST_F(FollowerTest, GoesOnWhereItWasWhenTheConnectionBreaks) {
  incidents_.Append(Alert(0, "cart", "HighLatency"));
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->Follow().ok());
  incidents_.Append(Alert(1, "cart", "HighErrorRate"));
  EXPECT_FALSE(follower->Follow().ok());
  EXPECT_EQ(incidents_.watched_after, 1u);
  ASSERT_THAT(incidents_.submissions, SizeIs(2));
  EXPECT_THAT(incidents_.submissions[1].differences(),
              ElementsAre("added: alert HighErrorRate (cart)"));
}

TEST_F(FollowerTest, TellsDifferencesAgainstWhatIsStoredAfterARestart) {
  incidents_.Append(Alert(10, "cart", "HighLatency"));
  EXPECT_FALSE(NewFollower()->Follow().ok());
  timeline::Event deploy =
      timeline::MakeChange(absl::Minutes(6), "cart", "Deploy cart", "3.2.1");
  deploy.append_time = deploy.event_time + absl::Minutes(40);
  incidents_.Append(deploy);
  EXPECT_FALSE(NewFollower()->Follow().ok());
  ASSERT_THAT(incidents_.submissions, SizeIs(2));
  EXPECT_THAT(
      incidents_.submissions[1].differences(),
      Contains("added: change of cart 3.2.1, \"Deploy cart\", learnt 40 "
               "min later"));
}

TEST_F(FollowerTest, SubmitsNothingNewAfterAnIdleRestart) {
  for (const timeline::Event& event : timeline::MakeWorld(7, 200)) {
    incidents_.Append(event);
  }
  EXPECT_FALSE(NewFollower()->Follow().ok());
  const size_t stored = incidents_.submissions.size();
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_THAT(incidents_.submissions, SizeIs(stored));
}

TEST_F(FollowerTest, SaysThatACandidateMergedAlthoughItWasAwayWhenItHappened) {
  incidents_.Append(Alert(3, "cart", "HighLatency"));
  EXPECT_FALSE(NewFollower()->Follow().ok());
  incidents_.Append(Alert(1, "cart", "HighErrorRate"));
  EXPECT_FALSE(NewFollower()->Follow().ok());
  const v1::Candidate& merged =
      incidents_.candidates[incidents_.log[0].event_id()];
  EXPECT_EQ(merged.state(), v1::CANDIDATE_STATE_MERGED);
  EXPECT_EQ(merged.merged_into_candidate_id(), incidents_.log[1].event_id());
}

TEST_F(FollowerTest, SubmitsTheCandidateThatGoesOnBeforeThoseThatGoOnInIt) {
  // Ids are hashes, so that either may come first by id.
  for (int hour = 0; hour < 20; hour += 5) {
    incidents_.Append(Alert(60 * hour + 3, "cart", "HighLatency"));
  }
  EXPECT_FALSE(NewFollower()->Follow().ok());
  incidents_.submissions.clear();
  for (int hour = 0; hour < 20; hour += 5) {
    incidents_.Append(Alert(60 * hour + 1, "cart", "HighErrorRate"));
  }
  EXPECT_FALSE(NewFollower()->Follow().ok());
  std::set<std::string> submitted;
  int merged_count = 0;
  for (const v1::Candidate& candidate : incidents_.submissions) {
    submitted.insert(candidate.candidate_id());
    if (candidate.state() != v1::CANDIDATE_STATE_MERGED) continue;
    ++merged_count;
    EXPECT_THAT(submitted, Contains(candidate.merged_into_candidate_id()));
  }
  EXPECT_EQ(merged_count, 4);
}

TEST_F(FollowerTest, SplitsWhatAPersonSplitAndItStaysSplitAfterARestart) {
  incidents_.Append(Alert(0, "cart", "HighLatency"));
  incidents_.Append(Alert(2, "shop-api", "ErrorRate"));
  const std::string first = incidents_.log[0].event_id();
  const std::string second = incidents_.log[1].event_id();
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->Follow().ok());
  EXPECT_THAT(incidents_.Living(), SizeIs(1));
  incidents_.Split(first, second);
  EXPECT_FALSE(follower->Follow().ok());
  EXPECT_THAT(incidents_.candidates[first].events(), SizeIs(1));
  EXPECT_THAT(incidents_.candidates[first].differences(),
              Contains("removed: alert ErrorRate (shop-api), split off by sam: "
                       "another outage"));
  ASSERT_THAT(incidents_.candidates[second].events(), SizeIs(1));
  EXPECT_EQ(incidents_.candidates[second].events(0).reason(),
            "split off by sam: another outage");
  const size_t stored = incidents_.submissions.size();
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_THAT(incidents_.submissions, SizeIs(stored));
  EXPECT_THAT(incidents_.Living(), SizeIs(2));
}

TEST_F(FollowerTest, MergesWhatAPersonMergedAndSaysWhoAndWhy) {
  incidents_.Append(Alert(0, "cart", "HighLatency"));
  incidents_.Append(Alert(1, "mail", "QueueGrows"));
  const std::string cart = incidents_.log[0].event_id();
  const std::string mail = incidents_.log[1].event_id();
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_THAT(incidents_.Living(), SizeIs(2));
  incidents_.Merge(mail, cart);
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_THAT(incidents_.Living(), SizeIs(1));
  EXPECT_THAT(
      incidents_.candidates[cart].differences(),
      Contains("added: alert QueueGrows (mail), merged by kim: one outage"));
  EXPECT_EQ(incidents_.candidates[mail].merged_into_candidate_id(), cart);
  EXPECT_THAT(incidents_.candidates[mail].differences(),
              ElementsAre(absl::StrCat("goes on in candidate ", cart,
                                       ", merged by kim: one outage")));
}

TEST_F(FollowerTest, BeginsAnewWhenTheLogIsAnotherOne) {
  ResumePoint point;
  point.safe_position = 1000;
  for (const bool is_learning_known : {true, false}) {
    if (!is_learning_known) point.learnt.reset();
    incidents_ = FakeIncidents();
    incidents_.cursor = FormatResumePoint(point);
    incidents_.Append(Alert(0, "cart", "HighLatency"));
    const std::unique_ptr<Follower> follower = NewFollower();
    EXPECT_THAT(follower->Follow(),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_FALSE(follower->caught_up());
    EXPECT_THAT(follower->Follow(), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_THAT(incidents_.submissions, SizeIs(1));
  }
}

TEST_F(FollowerTest, ReadsFromTheBeginningWhenTheCursorMakesNoSense) {
  incidents_.cursor = "nonsense";
  incidents_.Append(Alert(0, "cart", "HighLatency"));
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_EQ(incidents_.watched_after, 0u);
  EXPECT_THAT(incidents_.submissions, SizeIs(1));
  EXPECT_THAT(incidents_.cursor, HasSubstr("safe "));
}

TEST_F(FollowerTest, CountsWhatItDoes) {
  incidents_.Append(Alert(0, "cart", "HighLatency"));
  EXPECT_FALSE(NewFollower()->Follow().ok());
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("secondstory_assembler_position 1\n"));
  EXPECT_THAT(
      text, HasSubstr("secondstory_assembler_candidates{state=\"open\"} 1\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "secondstory_assembler_revisions_total{outcome=\"stored\"} 1\n"));
}

TEST_F(FollowerTest, RanksWithWhatWasConfirmedBefore) {
  incidents_.Append(
      timeline::MakeChange(absl::Minutes(0), "cart", "Deploy", "1"));
  incidents_.Append(Alert(30, "cart", "HighLatency"));
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->Follow().ok());
  const std::string first = incidents_.log[1].event_id();
  EXPECT_EQ(incidents_.candidates[first].learning(), "");
  incidents_.Confirm(first, {incidents_.log[0].event_id()});
  incidents_.Append(Alert(600, "cart", "HighLatency"));
  EXPECT_FALSE(follower->Follow().ok());
  ASSERT_THAT(incidents_.submissions, SizeIs(2));
  EXPECT_EQ(incidents_.candidates[first].learning(), "") << "as it was ranked";
  const v1::Candidate& second =
      incidents_.candidates[incidents_.log[2].event_id()];
  EXPECT_THAT(second.learning(), HasSubstr("learning 2 decisions 1 weights"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_assembler_learnt_decisions 1\n"));
}

TEST_F(FollowerTest, LearnsFromACorrectionToo) {
  incidents_.Append(
      timeline::MakeChange(absl::Minutes(0), "cart", "Deploy", "1"));
  incidents_.Append(Alert(30, "cart", "HighLatency"));
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->Follow().ok());
  incidents_.Confirm(incidents_.log[1].event_id(),
                     {incidents_.log[0].event_id()});
  incidents_.Confirm(incidents_.log[1].event_id(), {});
  EXPECT_FALSE(follower->Follow().ok());
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_assembler_learnt_decisions 2\n"));
}

TEST_F(FollowerTest, LearnsNothingFromPromotionsAndDismissals) {
  incidents_.Append(Alert(30, "cart", "HighLatency"));
  const std::unique_ptr<Follower> follower = NewFollower();
  EXPECT_FALSE(follower->Follow().ok());
  v1::Candidate candidate = incidents_.candidates[incidents_.log[0].event_id()];
  candidate.mutable_confirmation()->set_author("sam");
  incidents_.Decide(v1::DECISION_KIND_PROMOTED, candidate);
  incidents_.Decide(v1::DECISION_KIND_DISMISSED, candidate);
  EXPECT_FALSE(follower->Follow().ok());
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_assembler_learnt_decisions 0\n"));
}

TEST_F(FollowerTest, ReadsTheWholeLogToLearnWhatAnOlderCursorDoesNotSay) {
  for (int day : {0, 20, 40}) {
    incidents_.Append(Alert(day * 1440, "cart", "HighLatency"));
    EXPECT_FALSE(NewFollower()->Follow().ok());
    incidents_.Confirm(incidents_.log.back().event_id(), {});
  }
  EXPECT_FALSE(NewFollower()->Follow().ok());
  const std::map<std::string, std::string> expected = incidents_.Living();
  SS_ASSERT_OK_AND_ASSIGN(ResumePoint point,
                          ParseResumePoint(incidents_.cursor));
  ASSERT_TRUE(point.learnt.has_value());
  EXPECT_EQ(point.safe_position, 4u) << "the third alert stands at 5";
  EXPECT_EQ(point.learnt->ranking.decision_count, 2u)
      << "the third is read again";
  point.learnt.reset();
  incidents_.cursor = FormatResumePoint(point);
  EXPECT_FALSE(NewFollower()->Follow().ok());
  EXPECT_EQ(incidents_.watched_after, 0u);
  EXPECT_EQ(incidents_.Living(), expected);
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_assembler_learnt_decisions 3\n"));
}

class FollowerCrashTest : public FollowerTest,
                          public ::testing::WithParamInterface<int> {};

TEST_P(FollowerCrashTest, EndsWithSameCandidatesHoweverOftenItDies) {
  const uint64_t seed = timeline::TestSeed(static_cast<uint64_t>(GetParam()));
  const std::vector<timeline::Event> world = timeline::MakeWorld(seed, 400);
  for (const timeline::Event& event : world) incidents_.Append(event);
  EXPECT_FALSE(NewFollower()->Follow().ok());
  const std::map<std::string, std::string> expected = incidents_.Living();

  incidents_ = FakeIncidents();
  std::mt19937_64 random(seed);
  std::unique_ptr<Follower> follower = NewFollower();
  for (const timeline::Event& event : world) {
    incidents_.Append(event);
    if (random() % 6 != 0) continue;
    incidents_.calls_left = static_cast<int>(random() % 12);
    EXPECT_FALSE(follower->Follow().ok());
    if (random() % 3 == 0) follower = NewFollower();
  }
  incidents_.calls_left = 1 << 30;
  EXPECT_THAT(follower->Follow(), StatusIs(absl::StatusCode::kCancelled));
  std::map<std::string, std::string> actual = incidents_.Living();
  for (const auto& [id, candidate] : expected) {
    ASSERT_EQ(actual[id], candidate);
  }
  for (const auto& [id, candidate] : actual) {
    EXPECT_EQ(expected.count(id), 1u) << candidate;
  }
}

TEST_P(FollowerCrashTest, LearnsTheSameHoweverOftenItDies) {
  const uint64_t seed = timeline::TestSeed(static_cast<uint64_t>(GetParam()));
  std::mt19937_64 random(seed);
  // People decide about what they see at the time, which may change later.
  std::unique_ptr<Follower> follower = NewFollower();
  for (const timeline::Event& event : timeline::MakeWorld(seed, 400)) {
    incidents_.Append(event);
    if (random() % 12 != 0) continue;
    EXPECT_FALSE(follower->Follow().ok());
    if (incidents_.submissions.empty()) continue;
    const v1::Candidate& seen = incidents_.submissions.back();
    incidents_.Split(seen, random() % 4);
    std::vector<std::string> changes;
    if (random() % 3 != 0 && seen.ranked_changes_size() > 0) {
      changes = {seen.ranked_changes(0).event_id()};
    }
    incidents_.Confirm(seen.candidate_id(), changes);
  }
  EXPECT_FALSE(follower->Follow().ok());
  const std::map<std::string, std::string> expected = incidents_.Living();
  EXPECT_THAT(expected, Contains(Pair(_, HasSubstr("learning: \"learning"))));

  FakeIncidents lived = std::move(incidents_);
  incidents_ = FakeIncidents();
  follower = NewFollower();
  while (incidents_.head < lived.head) {
    incidents_.AppendFrom(lived, 1 + random() % 12);
    incidents_.calls_left = static_cast<int>(random() % 12);
    EXPECT_FALSE(follower->Follow().ok());
    if (random() % 3 == 0) follower = NewFollower();
  }
  incidents_.calls_left = 1 << 30;
  EXPECT_THAT(follower->Follow(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(incidents_.Living(), expected);
  EXPECT_THAT(metrics_.Text(),
              Not(HasSubstr("secondstory_assembler_learnt_pairs 0\n")));
}

INSTANTIATE_TEST_SUITE_P(Seeds, FollowerCrashTest, ::testing::Range(1, 9));

TEST(ResumePointTest, IsReadAsItWasWritten) {
  const ResumePoint point = {12, 345, absl::FromUnixMicros(6789)};
  SS_ASSERT_OK_AND_ASSIGN(const ResumePoint back,
                          ParseResumePoint(FormatResumePoint(point)));
  EXPECT_EQ(back.safe_position, 12u);
  EXPECT_EQ(back.read_position, 345u);
  EXPECT_EQ(back.settled_before, point.settled_before);
  EXPECT_EQ(FormatResumePoint(back), FormatResumePoint(point));
}

TEST(ResumePointTest, KeepsWhatWasLearnt) {
  ResumePoint point;
  point.learnt->ranking.decision_count = 7;
  point.learnt->ranking.weights.any_change = -0.123456;
  SS_ASSERT_OK_AND_ASSIGN(const ResumePoint back,
                          ParseResumePoint(FormatResumePoint(point)));
  ASSERT_TRUE(back.learnt.has_value());
  EXPECT_EQ(back.learnt->ranking.decision_count, 7u);
  EXPECT_EQ(back.learnt->ranking.weights, point.learnt->ranking.weights);
}

TEST(ResumePointTest, DoesNotKnowWhatWasLearntWhereNoneOrAnotherVersionSays) {
  for (const char* text : {"safe 12 read 345 settled 1",
                           "safe 12 read 345 settled 1 learning 99"}) {
    SS_ASSERT_OK_AND_ASSIGN(const ResumePoint point, ParseResumePoint(text));
    EXPECT_EQ(point.safe_position, 12u);
    EXPECT_FALSE(point.learnt.has_value()) << text;
  }
}

TEST(ResumePointTest, IsTheBeginningWhenNoneWasStored) {
  SS_ASSERT_OK_AND_ASSIGN(const ResumePoint point, ParseResumePoint(""));
  EXPECT_TRUE(point.learnt.has_value()) << "there is nothing to learn from";
  EXPECT_EQ(point.safe_position, 0u);
  EXPECT_EQ(point.settled_before, absl::InfinitePast());
}

TEST(ResumePointTest, RefusesAnythingElse) {
  for (const char* text : {"12", "safe x read 1 settled 1", "safe 1 read 1"}) {
    EXPECT_THAT(ParseResumePoint(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  }
}

}  // namespace
}  // namespace secondstory::ingest
