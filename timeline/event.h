// What the timeline knows of one fact, and the one order that all facts have.
//
// Plain values: threads may share const ones.
#ifndef SECONDSTORY_TIMELINE_EVENT_H_
#define SECONDSTORY_TIMELINE_EVENT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace secondstory::timeline {

// Declared in the order in which kinds stand at one and the same time: sources
// round to seconds, so a deploy and the alert it set off often carry one
// timestamp, and a change can set off an alert, never the reverse.
enum class EventKind : uint8_t {
  kChangeStarted,
  kChangeFinished,
  kChangeFailed,
  kChangeRolledBack,
  kAlertFired,
  kUserReport,
  kHumanAction,
  kNote,
  kAlertResolved,
};

// Higher is worse.
enum class Severity : uint8_t {
  kUnspecified,
  kInfo,
  kWarning,
  kError,
  kCritical
};

struct Change {
  std::string revision;
  std::string previous_revision;
  std::vector<std::string> paths;
  std::vector<std::string> services;  // beside Event::service
  std::string url;
};

struct Event {
  std::string id;  // unique; the same fact always has the same one
  std::string source;
  std::string source_event_id;
  EventKind kind = EventKind::kNote;
  absl::Time event_time;
  // When we learnt of it; InfinitePast when that is not known.
  absl::Time append_time = absl::InfinitePast();
  std::string service;
  std::string environment;
  std::string title;
  std::string description;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted by key
  Severity severity = Severity::kUnspecified;
  Change change;  // of the kChange* kinds
  // Place in the log; 0 when it came from elsewhere.
  uint64_t position = 0;
};

// The total order of all events: (event_time, kind, id).
struct EventKey {
  absl::Time event_time;
  EventKind kind = EventKind::kNote;
  std::string id;
};
bool operator<(const EventKey& a, const EventKey& b);
EventKey KeyOf(const Event& event);
// The same for whole events.
bool IsBefore(const Event& a, const Event& b);

// An alert fired or a user report: something is wrong.
bool IsSymptom(EventKind kind);
// Any of the kChange* kinds.
bool IsChange(EventKind kind);

// The label's value; empty when there is none.
absl::string_view FindLabel(const Event& event, absl::string_view key);

// The name of the alert rule: the label `alertname`, else the title.
absl::string_view AlertName(const Event& event);

// One line for a table: the title, else the alert's name.
absl::string_view DisplayTitle(const Event& event);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_EVENT_H_
