#include "timeline/folding.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace secondstory::timeline {
namespace {

struct Instances {
  size_t line = 0;  // where the folded line stands
  // The last firing of each instance, and the resolve behind it.
  std::map<uint64_t, absl::Time> resolve_time;
};

void AddRepeat(const TimelineLine& repeat, TimelineLine* line) {
  ++line->repeat_count;
  line->last_event_time = std::max(line->last_event_time, repeat.event_time);
  line->severity = std::max(line->severity, repeat.severity);
  if (line->repeat_event_ids.size() < kRepeatIdCountMax) {
    line->repeat_event_ids.push_back(repeat.event_id);
  }
}

absl::Time LastResolve(const Instances& instances) {
  absl::Time last = absl::InfinitePast();
  for (const auto& [occurrence, time] : instances.resolve_time) {
    if (time == absl::InfinitePast()) return time;
    last = std::max(last, time);
  }
  return last;
}

}  // namespace

Candidate FoldRepeats(const Candidate& candidate) {
  Candidate folded = candidate;
  folded.lines.clear();
  absl::flat_hash_map<uint64_t, Instances> alerts;  // by signature
  for (const TimelineLine& line : candidate.lines) {
    if (IsSymptom(line.kind)) {
      auto [at, is_first] = alerts.try_emplace(line.signature);
      if (is_first) {
        at->second.line = folded.lines.size();
        folded.lines.push_back(line);
      } else {
        AddRepeat(line, &folded.lines[at->second.line]);
      }
      at->second.resolve_time[line.occurrence] = absl::InfinitePast();
      continue;
    }
    if (line.kind == EventKind::kAlertResolved) {
      auto at = alerts.find(line.signature);
      if (at != alerts.end()) {
        auto instance = at->second.resolve_time.find(line.occurrence);
        if (instance != at->second.resolve_time.end()) {
          instance->second = line.event_time;
          continue;
        }
      }
    }
    folded.lines.push_back(line);
  }
  // In any order: each writes to a line of its own.
  for (const auto& [signature, instances] : alerts) {  // tidy: allow
    folded.lines[instances.line].resolve_time = LastResolve(instances);
  }
  return folded;
}

}  // namespace secondstory::timeline
