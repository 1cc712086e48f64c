// Writes a candidate timeline out of the events that may concern it.
#ifndef SECONDSTORY_TIMELINE_COMPOSING_H_
#define SECONDSTORY_TIMELINE_COMPOSING_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "timeline/candidate.h"
#include "timeline/gathering.h"
#include "timeline/known_event.h"
#include "timeline/ranking.h"
#include "timeline/topology.h"

namespace secondstory::timeline {

// What people do about it and say about it goes on so long after the last
// symptom.
inline constexpr absl::Duration kContextAfter = absl::Hours(2);

// An alert that resolves later than so long after it fired is not followed:
// its candidate may be forgotten by then.
inline constexpr absl::Duration kResolveAfter = absl::Hours(24);

// Everything is in the order of events.
struct Material {
  // The candidate's own, at least one.
  std::vector<const Symptom*> symptoms;
  // All changes from onset - lookback to the later of onset + rollback_horizon
  // and the last symptom + kContextAfter.
  std::vector<const KnownEvent*> changes;
  // Actions, notes, and resolves that name no alert, from the onset to the last
  // symptom + kContextAfter.
  std::vector<const KnownEvent*> context;
  // The resolves of its alerts.
  std::vector<const KnownEvent*> resolves;
  // Nothing after can join.
  absl::Time closes;
};

// The candidate, with every event a line of its own. `watermark`: how far the
// world is known; decides whether it is quiet. Deterministic.
Candidate Compose(const Material& material, const Topology& topology,
                  const RankingOptions& options, absl::Time watermark);

// A timeline line for `event`.
TimelineLine LineOf(const KnownEvent& known, std::string reason);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_COMPOSING_H_
