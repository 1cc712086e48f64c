// Writes a candidate timeline out of the events that may concern it.
#ifndef SECONDSTORY_TIMELINE_COMPOSING_H_
#define SECONDSTORY_TIMELINE_COMPOSING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "timeline/candidate.h"
#include "timeline/gathering.h"
#include "timeline/known_event.h"
#include "timeline/ranking.h"
#include "timeline/topology.h"
#include "timeline/wording.h"

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
  PerChange<const KnownEvent*> changes;
  // Actions, notes, and resolves that name no alert, from the onset to the last
  // symptom + kContextAfter.
  std::vector<const KnownEvent*> context;
  // The resolves of its alerts.
  std::vector<const KnownEvent*> resolves;
  // Nothing after can join.
  absl::Time closes;
};

// Decides which events of the time concern a candidate. Points into the
// material that the candidate was composed of, which must outlive it.
class Relation {
 public:
  Relation() = default;  // nothing concerns nothing
  Relation(const Candidate& candidate, const Material& material);

  // Why `known` concerns the candidate; empty when it does not.
  std::string Explain(const KnownEvent& known, const Topology& topology) const;

 private:
  struct Near {  // a change near the onset
    const Event* event;
    bool is_likely;
  };

  std::string ExplainUndo(const Event& event) const;
  bool HasLikelyChangeOf(absl::string_view service) const;
  std::vector<Word> SharedWords(const KnownEvent& known) const;

  std::vector<absl::string_view> services_;
  std::vector<Near> near_;
  std::vector<Word> words_;  // of the symptoms, sorted
};

// The candidate, with every event a line of its own. `watermark`: how far the
// world is known; decides whether it is quiet. Deterministic.
Candidate Compose(const Material& material, const Topology& topology,
                  const RankingOptions& options, absl::Time watermark,
                  Relation* relation);

// A timeline line for `event`.
TimelineLine LineOf(const KnownEvent& known, std::string reason);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_COMPOSING_H_
