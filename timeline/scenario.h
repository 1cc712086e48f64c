// Events and printed candidates for tests.
#ifndef SECONDSTORY_TIMELINE_SCENARIO_H_
#define SECONDSTORY_TIMELINE_SCENARIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "timeline/candidate.h"
#include "timeline/event.h"

namespace secondstory::timeline {

// The moment that scenarios count from.
absl::Time ScenarioStart();

// An event `after` the start. Its id, source_event_id and title follow from
// what is given.
Event MakeEvent(EventKind kind, absl::Duration after, absl::string_view service,
                absl::string_view title);
// An alert of that name on that service.
Event MakeAlert(absl::Duration after, absl::string_view service,
                absl::string_view name);
// A change that has reached production.
Event MakeChange(absl::Duration after, absl::string_view service,
                 absl::string_view title, absl::string_view revision = "");

// A few days of alerts, resolves, changes, roll-backs and notes of a handful
// of services, with bursts, ties and lulls; the same for the same seed. Each
// is appended at most 20 h after it happened; `position` follows the order in
// which they are returned, which is the order of appending.
std::vector<Event> MakeWorld(uint64_t seed, int event_count);

// The dependencies of those services.
std::string WorldTopology();

// SECONDSTORY_SEED, else `fallback`; printed, so that a failure can be
// replayed.
uint64_t TestSeed(uint64_t fallback);

// Everything that a candidate says, one fact a line.
std::string Print(const Candidate& candidate);
std::string Print(const std::vector<Candidate>& candidates);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_SCENARIO_H_
