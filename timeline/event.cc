#include "timeline/event.h"

#include <algorithm>
#include <tuple>

namespace secondstory::timeline {

bool operator<(const EventKey& a, const EventKey& b) {
  return std::tie(a.event_time, a.kind, a.id) <
         std::tie(b.event_time, b.kind, b.id);
}

EventKey KeyOf(const Event& event) {
  return {event.event_time, event.kind, event.id};
}

bool IsBefore(const Event& a, const Event& b) {
  return std::tie(a.event_time, a.kind, a.id) <
         std::tie(b.event_time, b.kind, b.id);
}

bool IsSymptom(EventKind kind) {
  return kind == EventKind::kAlertFired || kind == EventKind::kUserReport;
}

bool IsChange(EventKind kind) { return kind <= EventKind::kChangeRolledBack; }

absl::string_view FindLabel(const Event& event, absl::string_view key) {
  for (const auto& [name, value] : event.labels) {
    if (name == key) return value;
  }
  return "";
}

absl::string_view AlertName(const Event& event) {
  absl::string_view name = FindLabel(event, "alertname");
  return name.empty() ? absl::string_view(event.title) : name;
}

absl::string_view DisplayTitle(const Event& event) {
  return event.title.empty() ? AlertName(event)
                             : absl::string_view(event.title);
}

}  // namespace secondstory::timeline
