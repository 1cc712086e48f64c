// A candidate timeline: what seems to belong to one incident, and which
// changes were near its onset.
#ifndef SECONDSTORY_TIMELINE_CANDIDATE_H_
#define SECONDSTORY_TIMELINE_CANDIDATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "timeline/event.h"

namespace secondstory::timeline {

// The version of everything that decides what a candidate looks like. Raise it
// with every change of a rule, a weight or a sentence.
inline constexpr uint32_t kRulesVersion = 5;

enum class CandidateState : uint8_t {
  kOpen,    // events may still join
  kQuiet,   // nothing can join: see Group::ClosesAt
  kMerged,  // its events belong to `merged_into` now
};

// Ids that a folded line keeps; its count has no limit.
inline constexpr size_t kRepeatIdCountMax = 1000;

// One line of the timeline.
struct TimelineLine {
  std::string event_id;
  std::string source;
  std::string source_event_id;
  EventKind kind = EventKind::kNote;
  absl::Time event_time;
  absl::Time append_time = absl::InfinitePast();
  std::string service;
  std::string title;
  Severity severity = Severity::kUnspecified;
  std::string reason;  // why it is here, a sentence fragment
  // See KnownEvent; 0 in a line that was read back from where it is stored.
  uint64_t occurrence = 0;
  uint64_t signature = 0;
  // Of a folded line: the further events that it stands for.
  uint32_t repeat_count = 0;
  absl::Time last_event_time = absl::InfinitePast();
  absl::Time resolve_time = absl::InfinitePast();
  std::vector<std::string> repeat_event_ids;  // the first kRepeatIdCountMax
};

// One reason for or against a change, with what it adds to the log-odds.
struct Evidence {
  std::string rule;
  std::string text;
  double log_odds = 0;
};

// A change near the onset.
struct RankedChange {
  std::string event_id;
  std::string source;
  std::string source_event_id;
  absl::Time event_time;
  absl::Time append_time = absl::InfinitePast();
  std::string service;
  std::string title;
  std::string revision;
  std::string url;
  double score = 0;
  std::vector<Evidence> evidence;  // the weightiest first
};

struct Candidate {
  std::string id;  // of the symptom that opened it
  CandidateState state = CandidateState::kOpen;
  std::string title;
  absl::Time onset_time;
  absl::Time last_activity_time;
  std::vector<std::string> services;  // in the order of their first symptom
  Severity severity = Severity::kUnspecified;
  std::vector<TimelineLine> lines;  // in the order of events
  std::vector<RankedChange> ranked_changes;
  double no_change_score = 1;
  std::string no_change_reason;
  uint32_t rules_version = kRulesVersion;
  // FormatLearning() of what it was ranked with; empty: nothing was learnt.
  std::string learning;
  std::string merged_into;
};

template <typename H>
H AbslHashValue(H h, const TimelineLine& line) {
  return H::combine(std::move(h), line.event_id, line.kind, line.event_time,
                    line.service, line.title, line.severity, line.reason,
                    line.repeat_count, line.last_event_time, line.resolve_time,
                    line.repeat_event_ids);
}

template <typename H>
H AbslHashValue(H h, const Evidence& evidence) {
  return H::combine(std::move(h), evidence.rule, evidence.text,
                    evidence.log_odds);
}

template <typename H>
H AbslHashValue(H h, const RankedChange& change) {
  return H::combine(std::move(h), change.event_id, change.score,
                    change.evidence);
}

template <typename H>
H AbslHashValue(H h, const Candidate& candidate) {
  h = H::combine(std::move(h), candidate.id, candidate.state, candidate.title,
                 candidate.onset_time, candidate.last_activity_time,
                 candidate.services, candidate.severity, candidate.lines);
  return H::combine(std::move(h), candidate.ranked_changes,
                    candidate.no_change_score, candidate.no_change_reason,
                    candidate.learning, candidate.merged_into);
}

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_CANDIDATE_H_
