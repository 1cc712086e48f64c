#include "ingest/assembler/follower.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "ingest/assembler/convert/convert.h"
#include "timeline/difference.h"
#include "timeline/folding.h"

namespace secondstory::ingest {
namespace {

// Of reminders that a review or an action is overdue, see docs/operating.md.
constexpr char kReviewSource[] = "secondstory/review";

constexpr char kCandidatesName[] = "secondstory_assembler_candidates";
constexpr char kCandidatesHelp[] =
    "Candidates that can still change, by state.";
constexpr char kEventsName[] = "secondstory_assembler_events_total";
constexpr char kEventsHelp[] =
    "Events read from the log, by whether they came too late to count.";
constexpr char kRevisionsName[] = "secondstory_assembler_revisions_total";
constexpr char kRevisionsHelp[] =
    "Candidate revisions submitted, by what the server did with them.";

// What a person decided is not for the assembler to have an opinion on.
bool IsDecided(v1::CandidateState state) {
  return state == v1::CANDIDATE_STATE_PROMOTED ||
         state == v1::CANDIDATE_STATE_DISMISSED;
}

// After an assembly of more than kLongAssembly, no other for kRestPerWork times
// as long: in a storm, what has come by then is taken together.
constexpr absl::Duration kLongAssembly = absl::Milliseconds(10);
constexpr int kRestPerWork = 3;

// Symptoms, and what else is on its timeline.
size_t CountEvents(const timeline::Candidate& candidate) {
  size_t count = 0;
  for (const timeline::TimelineLine& line : candidate.lines) {
    count += 1 + line.repeat_count;
  }
  return count;
}

}  // namespace

Follower::Follower(const FollowerOptions& options, timeline::Topology topology,
                   IncidentClient* client, const Clock* clock, Metrics* metrics)
    : options_(options),
      topology_(std::move(topology)),
      client_(client),
      clock_(clock),
      position_gauge_(
          metrics->AddGauge("secondstory_assembler_position",
                            "Log position up to which events were read.")),
      lag_gauge_(metrics->AddGauge(
          "secondstory_assembler_lag_seconds",
          "Age of the last event read, while there are more to read; 0 once "
          "caught up.")),
      retained_gauge_(metrics->AddGauge(
          "secondstory_assembler_events_retained",
          "Events held in memory because a candidate may still need them.")),
      learnt_gauge_(metrics->AddGauge(
          "secondstory_assembler_learnt_decisions",
          "Decisions of people about candidates that changes are ranked with "
          "by now.")),
      pairs_gauge_(metrics->AddGauge(
          "secondstory_assembler_learnt_pairs",
          "Pairs of kinds of alerts of which merges and splits of people "
          "taught whether they belong together.")),
      open_gauge_(metrics->AddGauge(kCandidatesName, kCandidatesHelp,
                                    {{"state", "open"}})),
      quiet_gauge_(metrics->AddGauge(kCandidatesName, kCandidatesHelp,
                                     {{"state", "quiet"}})),
      new_events_(metrics->AddCounter(kEventsName, kEventsHelp,
                                      {{"outcome", "taken"}})),
      late_events_(metrics->AddCounter(kEventsName, kEventsHelp,
                                       {{"outcome", "too_late"}})),
      stored_revisions_(metrics->AddCounter(kRevisionsName, kRevisionsHelp,
                                            {{"outcome", "stored"}})),
      same_revisions_(metrics->AddCounter(kRevisionsName, kRevisionsHelp,
                                          {{"outcome", "same"}})),
      refused_revisions_(metrics->AddCounter(kRevisionsName, kRevisionsHelp,
                                             {{"outcome", "refused"}})),
      assembly_(metrics->AddHistogram(
          "secondstory_assembler_assembly_duration_seconds",
          "Time to bring the candidates up to date with a batch of events, "
          "without submitting them.")) {}

absl::Status Follower::Follow() {
  is_following_ = false;
  if (assembler_ == nullptr) SS_RETURN_IF_ERROR(Load());
  const absl::Status status = client_->Watch(
      position_,
      [&](const v1::WatchEventsResponse& response) { return Take(response); },
      [&] { return Idle(); });
  if (absl::IsInvalidArgument(status)) {
    Reset();
    cursor_is_foreign_ = true;
  }
  return status;
}

absl::Status Follower::Load() {
  SS_ASSIGN_OR_RETURN(cursor_, client_->GetCursor());
  const absl::StatusOr<ResumePoint> resume = ParseResumePoint(cursor_);
  // The log is the truth, so a cursor that cannot be read costs time only.
  if (!resume.ok())
    log::Warning("cursor ignored", {{"status", resume.status()}});
  resume_ = cursor_is_foreign_ ? ResumePoint() : resume.value_or(ResumePoint());
  // What is not known to be learnt is in the whole log.
  position_ = resume_.learnt.has_value() ? resume_.safe_position : 0;
  lessons_ = Lessons(resume_.learnt.value_or(Learnt()));
  timeline::AssemblerOptions assembling = options_.assembling;
  assembling.learning = &lessons_.ranking();
  assembling.affinity = &lessons_.grouping();
  assembler_ = std::make_unique<timeline::Assembler>(assembling, topology_);
  assembler_->SkipBefore(resume_.settled_before);
  log::Info("following", {{"after_position", position_}});
  return absl::OkStatus();
}

double Follower::AgeOfLast(const v1::WatchEventsResponse& response) const {
  if (response.events().empty()) return 0;
  const v1::Event& last = *response.events().rbegin();
  return absl::ToDoubleSeconds(clock_->Now() - ToTime(last.append_time()));
}

void Follower::Reset() {
  assembler_.reset();
  caught_up_ = false;
  reconciled_ = false;
  unpublished_ = 0;
  rests_until_ = absl::InfinitePast();
  tidied_at_ = absl::InfinitePast();
  pending_.clear();
  submitted_.clear();
}

absl::Status Follower::Take(const v1::WatchEventsResponse& response) {
  // Nothing is composed before both are taken in, so that their order among
  // each other is in their positions alone.
  for (const v1::CandidateDecision& decision : response.decisions()) {
    lessons_.Take(decision);
    // All of this candidate's: those that are known already change nothing.
    for (timeline::Decision& each : ToDecisions(decision.candidate())) {
      assembler_->Decide(std::move(each));
    }
    ++unpublished_;
  }
  for (const v1::Event& event : response.events()) TakeEvent(event);
  position_ = response.position();
  // Read from the beginning to learn, another log goes unnoticed by the server.
  if (response.caught_up() && position_ < resume_.safe_position) {
    return absl::InvalidArgumentError(
        absl::StrCat("the log ends at ", position_, ", and the cursor is at ",
                     resume_.safe_position, "; it is of another database"));
  }
  lag_gauge_->Set(response.caught_up() ? 0 : AgeOfLast(response));
  const bool much = unpublished_ >= options_.catch_up_event_count &&
                    position_ >= resume_.read_position;
  const bool is_first = response.caught_up() && !is_following_;
  if (is_first || much || (response.caught_up() && !MustRest())) {
    SS_RETURN_IF_ERROR(Publish());
  }
  if (is_first) {
    SS_RETURN_IF_ERROR(SubmitPending(/*all=*/true));
    is_following_ = true;
    if (!caught_up_.exchange(true)) log::Info("ready");
  }
  UpdateGauges();
  return absl::OkStatus();
}

void Follower::TakeEvent(const v1::Event& event) {
  // Settled before the restart, and read again only to learn.
  if (event.position() <= resume_.safe_position) return;
  // What incidentd reminds people of is about incidents, not part of one.
  if (event.source() == kReviewSource) return;
  const timeline::Added added = assembler_->Add(ToTimelineEvent(event));
  if (added == timeline::Added::kNew) new_events_->Increment();
  if (added == timeline::Added::kTooLate) {
    late_events_->Increment();
    log::Warning("event too late for its candidates",
                 {{"event_id", event.event_id()}, {"source", event.source()}});
  }
  ++unpublished_;
}

absl::Status Follower::Publish() {
  if (!reconciled_) SS_RETURN_IF_ERROR(Reconcile());
  const absl::Time start = clock_->Now();
  for (timeline::Candidate& candidate : assembler_->TakeChanged()) {
    const auto at =
        pending_.try_emplace(candidate.id, Pending{{}, start}).first;
    at->second.candidate = timeline::FoldRepeats(candidate);
  }
  assembly_->Observe(absl::ToDoubleSeconds(clock_->Now() - start));
  unpublished_ = 0;
  SS_RETURN_IF_ERROR(SubmitPending(/*all=*/false));
  const absl::Time end = clock_->Now();
  if (end - start > kLongAssembly) {
    rests_until_ = end + kRestPerWork * (end - start);
  }
  return Tidy();
}

// What waits is submitted also when nothing more comes.
absl::Status Follower::Idle() {
  if (!is_following_) return absl::OkStatus();
  if (unpublished_ > 0 && !MustRest()) return Publish();
  return SubmitPending(/*all=*/false);
}

bool Follower::MustRest() const { return clock_->Now() < rests_until_; }

// What is still pending after a failure is submitted later.
absl::Status Follower::SubmitPending(bool all) {
  // A candidate that goes on in another leaves to it what people found, so that
  // one has to be there first.
  for (const bool goes_on : {true, false}) {
    for (auto at = pending_.begin(); at != pending_.end();) {
      bool may_wait = at->second.candidate.merged_into.empty() != goes_on;
      if (!may_wait && !all) {
        SS_ASSIGN_OR_RETURN(may_wait, MayWait(at->second));
      }
      if (may_wait) {
        ++at;
        continue;
      }
      SS_RETURN_IF_ERROR(Submit(at->second.candidate));
      at = pending_.erase(at);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Follower::MayWait(const Pending& pending) {
  const size_t count = CountEvents(pending.candidate);
  const absl::Duration waited = clock_->Now() - pending.since;
  if (waited >= std::min(options_.wait_max, options_.wait_per_event *
                                                static_cast<double>(count))) {
    return false;
  }
  SS_ASSIGN_OR_RETURN(const timeline::Candidate* before,
                      FindBefore(pending.candidate));
  if (before == nullptr) return false;
  const size_t known = CountEvents(*before);
  return count < known + known / 8 &&
         timeline::IsMoreOfTheSame(*before, pending.candidate);
}

// After a start: some of what was submitted before may be no candidate any
// more.
absl::Status Follower::Reconcile() {
  if (assembler_->OldestOnset() != absl::InfiniteFuture()) {
    SS_ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                        client_->ListCandidateIds(assembler_->OldestOnset()));
    for (const std::string& id : ids) assembler_->MarkTaken(id);
  }
  reconciled_ = true;
  return absl::OkStatus();
}

absl::Status Follower::Submit(timeline::Candidate candidate) {
  v1::Candidate proto = ToProto(candidate);
  SS_ASSIGN_OR_RETURN(const timeline::Candidate* before, FindBefore(candidate));
  if (before != nullptr) {
    const auto explain = [&](absl::string_view id) {
      return assembler_->ExplainDecision(id);
    };
    for (std::string& sentence : timeline::Diff(*before, candidate, explain)) {
      proto.add_differences(std::move(sentence));
    }
  }
  if (const int left_out = CutToSize(limits::kCandidateBytesMax, &proto);
      left_out > 0) {
    proto.add_differences(absl::StrCat(
        "the latest ", left_out, " lines are left out: there are too many"));
    log::Warning("candidate cut", {{"candidate_id", candidate.id},
                                   {"lines_left_out", left_out}});
  }
  const absl::StatusOr<bool> stored = client_->SubmitCandidate(proto);
  if (absl::IsInvalidArgument(stored.status())) {
    // It will not be taken as it is, and others must not wait for it.
    refused_revisions_->Increment();
    log::Error("candidate refused",
               {{"candidate_id", candidate.id}, {"status", stored.status()}});
    return absl::OkStatus();
  }
  SS_RETURN_IF_ERROR(stored.status());
  (*stored ? stored_revisions_ : same_revisions_)->Increment();
  submitted_[candidate.id] = std::move(candidate);
  return absl::OkStatus();
}

// Differences are told against what is stored, so that a restart neither loses
// nor repeats them.
absl::StatusOr<const timeline::Candidate*> Follower::FindBefore(
    const timeline::Candidate& candidate) {
  auto before = submitted_.find(candidate.id);
  if (before != submitted_.end()) return &before->second;
  SS_ASSIGN_OR_RETURN(const std::optional<v1::Candidate> stored,
                      client_->GetCandidate(candidate.id));
  if (!stored.has_value()) return nullptr;
  before = submitted_.emplace(candidate.id, FromProto(*stored)).first;
  if (IsDecided(stored->state())) before->second.state = candidate.state;
  return &before->second;
}

absl::Status Follower::Tidy() {
  const absl::Time watermark = assembler_->watermark();
  if (watermark < tidied_at_ + options_.cursor_interval) {
    return absl::OkStatus();
  }
  // What is forgotten is not assembled again after a crash.
  SS_RETURN_IF_ERROR(SubmitPending(/*all=*/true));
  assembler_->Forget();
  const absl::Time oldest = assembler_->OldestOnset();
  for (auto at = submitted_.begin(); at != submitted_.end();) {
    at = at->second.onset_time < oldest ? submitted_.erase(at) : std::next(at);
  }
  // It never goes back: what was learnt up to it cannot be taken apart again.
  const uint64_t safe =
      std::max(assembler_->SafePosition(), resume_.safe_position);
  const std::string value =
      FormatResumePoint({safe, position_, assembler_->settled_before(),
                         lessons_.ForgetThrough(safe)});
  const absl::Status status = client_->StoreCursor(value, cursor_);
  if (absl::IsFailedPrecondition(status)) {
    // Two assemblers come to the same candidates, so this is no harm, but
    // nobody wants it.
    log::Warning("another assemblerd seems to run", {{"status", status}});
    SS_ASSIGN_OR_RETURN(cursor_, client_->GetCursor());
    return absl::OkStatus();
  }
  SS_RETURN_IF_ERROR(status);
  cursor_ = value;
  tidied_at_ = watermark;
  return absl::OkStatus();
}

void Follower::UpdateGauges() {
  position_gauge_->Set(static_cast<double>(position_));
  learnt_gauge_->Set(
      static_cast<double>(lessons_.ranking().latest().decision_count));
  const auto& affinity = lessons_.grouping().latest();
  pairs_gauge_->Set(
      affinity == nullptr ? 0 : static_cast<double>(affinity->pair_count()));
  retained_gauge_->Set(static_cast<double>(assembler_->retained_event_count()));
  const auto count = [&](timeline::CandidateState state) {
    return static_cast<double>(assembler_->CountCandidates(state));
  };
  open_gauge_->Set(count(timeline::CandidateState::kOpen));
  quiet_gauge_->Set(count(timeline::CandidateState::kQuiet));
}

}  // namespace secondstory::ingest
