#include "ingest/assembler/convert/convert.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/stable_id.h"

namespace secondstory::ingest {
namespace {

using timeline::EventKind;

// Of labels that say how an event came, see Event.labels: an end that was
// inferred has one that the beginning of the same alert has not.
constexpr char kOwnLabelPrefix[] = "secondstory_";

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  *timestamp = FromTime(time);
}

constexpr std::pair<v1::EventKind, EventKind> kKinds[] = {
    {v1::EVENT_KIND_ALERT_FIRED, EventKind::kAlertFired},
    {v1::EVENT_KIND_ALERT_RESOLVED, EventKind::kAlertResolved},
    {v1::EVENT_KIND_CHANGE_STARTED, EventKind::kChangeStarted},
    {v1::EVENT_KIND_CHANGE_FINISHED, EventKind::kChangeFinished},
    {v1::EVENT_KIND_CHANGE_FAILED, EventKind::kChangeFailed},
    {v1::EVENT_KIND_CHANGE_ROLLED_BACK, EventKind::kChangeRolledBack},
    {v1::EVENT_KIND_USER_REPORT, EventKind::kUserReport},
    {v1::EVENT_KIND_HUMAN_ACTION, EventKind::kHumanAction},
    {v1::EVENT_KIND_NOTE, EventKind::kNote},
};

EventKind ToKind(v1::EventKind kind) {
  for (const auto& [proto, own] : kKinds) {
    if (proto == kind) return own;
  }
  return EventKind::kNote;
}

v1::EventKind FromKind(EventKind kind) {
  for (const auto& [proto, own] : kKinds) {
    if (own == kind) return proto;
  }
  return v1::EVENT_KIND_NOTE;
}

// The values of both enums are the same words in the same order.
timeline::Severity ToSeverity(v1::Severity severity) {
  return severity < v1::SEVERITY_UNSPECIFIED || severity > v1::SEVERITY_CRITICAL
             ? timeline::Severity::kUnspecified
             : static_cast<timeline::Severity>(severity);
}

v1::Severity FromSeverity(timeline::Severity severity) {
  return static_cast<v1::Severity>(severity);
}

timeline::Change ToChange(const v1::Change& change) {
  timeline::Change own;
  own.revision = change.revision();
  own.previous_revision = change.previous_revision();
  own.paths.assign(change.paths().begin(), change.paths().end());
  own.services.assign(change.services().begin(), change.services().end());
  own.url = change.url();
  return own;
}

v1::CandidateState FromState(timeline::CandidateState state) {
  switch (state) {
    case timeline::CandidateState::kOpen:
      return v1::CANDIDATE_STATE_OPEN;
    case timeline::CandidateState::kQuiet:
      return v1::CANDIDATE_STATE_QUIET;
    case timeline::CandidateState::kMerged:
      return v1::CANDIDATE_STATE_MERGED;
  }
  return v1::CANDIDATE_STATE_UNSPECIFIED;
}

// A person's decision does not change what the timeline says.
timeline::CandidateState ToState(v1::CandidateState state) {
  switch (state) {
    case v1::CANDIDATE_STATE_MERGED:
      return timeline::CandidateState::kMerged;
    case v1::CANDIDATE_STATE_OPEN:
      return timeline::CandidateState::kOpen;
    default:
      return timeline::CandidateState::kQuiet;
  }
}

void SetLine(const timeline::TimelineLine& line, v1::CandidateEvent* event) {
  event->set_event_id(line.event_id);
  event->set_source(line.source);
  event->set_source_event_id(line.source_event_id);
  event->set_kind(FromKind(line.kind));
  SetTime(line.event_time, event->mutable_event_time());
  event->set_service(line.service);
  event->set_title(line.title);
  event->set_severity(FromSeverity(line.severity));
  event->set_reason(line.reason);
  event->set_repeat_count(line.repeat_count);
  if (line.repeat_count > 0) {
    SetTime(line.last_event_time, event->mutable_last_event_time());
  }
  if (line.resolve_time != absl::InfinitePast()) {
    SetTime(line.resolve_time, event->mutable_resolve_time());
  }
  for (const std::string& id : line.repeat_event_ids) {
    event->add_repeat_event_ids(id);
  }
}

timeline::TimelineLine ToLine(const v1::CandidateEvent& event) {
  timeline::TimelineLine line;
  line.event_id = event.event_id();
  line.source = event.source();
  line.source_event_id = event.source_event_id();
  line.kind = ToKind(event.kind());
  line.event_time = ToTime(event.event_time());
  line.service = event.service();
  line.title = event.title();
  line.severity = ToSeverity(event.severity());
  line.reason = event.reason();
  line.repeat_count = event.repeat_count();
  if (event.has_last_event_time()) {
    line.last_event_time = ToTime(event.last_event_time());
  }
  if (event.has_resolve_time()) {
    line.resolve_time = ToTime(event.resolve_time());
  }
  line.repeat_event_ids.assign(event.repeat_event_ids().begin(),
                               event.repeat_event_ids().end());
  return line;
}

void SetRanked(const timeline::RankedChange& own, v1::RankedChange* change) {
  change->set_event_id(own.event_id);
  change->set_source(own.source);
  change->set_source_event_id(own.source_event_id);
  SetTime(own.event_time, change->mutable_event_time());
  change->set_service(own.service);
  change->set_title(own.title);
  change->set_revision(own.revision);
  change->set_url(own.url);
  change->set_score(own.score);
  for (const timeline::Evidence& each : own.evidence) {
    v1::Evidence* evidence = change->add_evidence();
    evidence->set_rule(each.rule);
    evidence->set_text(each.text);
    evidence->set_log_odds(each.log_odds);
  }
}

timeline::RankedChange ToRanked(const v1::RankedChange& change) {
  timeline::RankedChange own;
  own.event_id = change.event_id();
  own.source = change.source();
  own.source_event_id = change.source_event_id();
  own.event_time = ToTime(change.event_time());
  own.service = change.service();
  own.title = change.title();
  own.revision = change.revision();
  own.url = change.url();
  own.score = change.score();
  for (const v1::Evidence& evidence : change.evidence()) {
    own.evidence.push_back(
        {evidence.rule(), evidence.text(), evidence.log_odds()});
  }
  return own;
}

// The changes as the defaults would have ranked them; nothing when they were
// ranked by what another version of the rule had learnt.
std::optional<std::vector<timeline::RankedChange>> RankedByDefault(
    const v1::Candidate& candidate) {
  std::vector<timeline::RankedChange> changes;
  for (const v1::RankedChange& change : candidate.ranked_changes()) {
    changes.push_back(ToRanked(change));
  }
  if (candidate.learning().empty()) return changes;
  const absl::StatusOr<timeline::Learning> learning =
      timeline::ParseLearning(candidate.learning());
  if (!learning.ok()) return std::nullopt;
  timeline::Unweigh(learning->weights, &changes);
  return changes;
}

}  // namespace

std::optional<timeline::Outcome> ToOutcome(const v1::Candidate& candidate) {
  if (!candidate.has_confirmation()) return std::nullopt;
  auto changes = RankedByDefault(candidate);
  if (!changes.has_value()) return std::nullopt;
  const auto& ids = candidate.confirmation().contributing_event_ids();
  return timeline::Outcome{*std::move(changes), {ids.begin(), ids.end()}};
}

std::optional<timeline::Judgement> ToJudgement(const v1::Candidate& candidate) {
  const bool is_incident = candidate.state() == v1::CANDIDATE_STATE_PROMOTED;
  if (!is_incident && candidate.state() != v1::CANDIDATE_STATE_DISMISSED) {
    return std::nullopt;
  }
  auto changes = RankedByDefault(candidate);
  if (!changes.has_value()) return std::nullopt;
  return timeline::Judgement{*std::move(changes), is_incident};
}

std::vector<timeline::Decision> ToDecisions(const v1::Candidate& candidate) {
  std::vector<timeline::Decision> decisions;
  for (const v1::CandidateSplit& split : candidate.splits()) {
    decisions.push_back(
        {ToTime(split.split_time()),
         {split.taken_event_ids().begin(), split.taken_event_ids().end()},
         {split.kept_event_ids().begin(), split.kept_event_ids().end()},
         split.author(),
         split.reason()});
  }
  for (const v1::CandidateMerge& merge : candidate.merges()) {
    decisions.push_back({ToTime(merge.merge_time()),
                         {},
                         {merge.event_ids().begin(), merge.event_ids().end()},
                         merge.author(),
                         merge.reason()});
  }
  return decisions;
}

timeline::Event ToTimelineEvent(const v1::Event& event) {
  timeline::Event own;
  own.id = event.event_id().empty()
               ? IdToHex(StableId({event.source(), event.source_event_id()}))
               : event.event_id();
  own.source = event.source();
  own.source_event_id = event.source_event_id();
  own.kind = ToKind(event.kind());
  own.event_time = ToTime(event.event_time());
  if (event.has_append_time()) own.append_time = ToTime(event.append_time());
  own.service = event.service();
  own.environment = event.environment();
  own.title = event.title();
  own.description = event.description();
  for (const auto& label : event.labels()) {
    if (!absl::StartsWith(label.first, kOwnLabelPrefix)) {
      own.labels.emplace_back(label.first, label.second);
    }
  }
  std::sort(own.labels.begin(), own.labels.end());
  own.severity = ToSeverity(event.severity());
  own.change = ToChange(event.change());
  own.position = event.position();
  return own;
}

v1::Candidate ToProto(const timeline::Candidate& candidate) {
  v1::Candidate proto;
  proto.set_candidate_id(candidate.id);
  proto.set_state(FromState(candidate.state));
  proto.set_title(candidate.title);
  SetTime(candidate.onset_time, proto.mutable_onset_time());
  SetTime(candidate.last_activity_time, proto.mutable_last_activity_time());
  for (const std::string& service : candidate.services) {
    proto.add_services(service);
  }
  proto.set_severity(FromSeverity(candidate.severity));
  for (const timeline::TimelineLine& line : candidate.lines) {
    SetLine(line, proto.add_events());
  }
  for (const timeline::RankedChange& change : candidate.ranked_changes) {
    SetRanked(change, proto.add_ranked_changes());
  }
  proto.set_no_change_score(candidate.no_change_score);
  proto.set_no_change_reason(candidate.no_change_reason);
  proto.set_rules_version(candidate.rules_version);
  proto.set_learning(candidate.learning);
  proto.set_merged_into_candidate_id(candidate.merged_into);
  return proto;
}

int CutToSize(size_t bytes_max, v1::Candidate* candidate) {
  for (int id_count_max = timeline::kRepeatIdCountMax;
       id_count_max > 0 && candidate->ByteSizeLong() > bytes_max;) {
    id_count_max /= 2;
    for (v1::CandidateEvent& line : *candidate->mutable_events()) {
      auto* const ids = line.mutable_repeat_event_ids();
      if (ids->size() > id_count_max) {
        ids->DeleteSubrange(id_count_max, ids->size() - id_count_max);
      }
    }
  }
  auto* const lines = candidate->mutable_events();
  const size_t size = candidate->ByteSizeLong();
  size_t cut = 0;
  int kept = lines->size();
  while (kept > 0 && size - std::min(size, cut) > bytes_max) {
    // Each line has a tag and a length besides, two bytes at least.
    cut += lines->Get(--kept).ByteSizeLong() + 2;
  }
  const int left_out = lines->size() - kept;
  lines->DeleteSubrange(kept, left_out);
  return left_out;
}

timeline::Candidate FromProto(const v1::Candidate& candidate) {
  timeline::Candidate own;
  own.id = candidate.candidate_id();
  own.state = ToState(candidate.state());
  own.title = candidate.title();
  own.onset_time = ToTime(candidate.onset_time());
  own.last_activity_time = ToTime(candidate.last_activity_time());
  own.services.assign(candidate.services().begin(), candidate.services().end());
  own.severity = ToSeverity(candidate.severity());
  for (const v1::CandidateEvent& event : candidate.events()) {
    own.lines.push_back(ToLine(event));
  }
  for (const v1::RankedChange& change : candidate.ranked_changes()) {
    own.ranked_changes.push_back(ToRanked(change));
  }
  own.no_change_score = candidate.no_change_score();
  own.no_change_reason = candidate.no_change_reason();
  own.rules_version = candidate.rules_version();
  own.learning = candidate.learning();
  own.merged_into = candidate.merged_into_candidate_id();
  return own;
}

}  // namespace secondstory::ingest
