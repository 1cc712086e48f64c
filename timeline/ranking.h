// Which changes near the onset may have contributed.
//
// Each change gets log-odds against "no change contributed", as a sum of
// evidence that is each a likelihood ratio:
//
//   lag          ln(o f(t) / r): o are the odds that any change contributed,
//                before a look at them; its effect shows after a lag t of
//                density f; and changes that have nothing to do with it come at
//                rate r, which the window tells. A change an hour ago says much
//                where there are three a day, and little where there are a
//                hundred.
//   order        how many changes came after it
//   same_service, neighbour   how often the service that changed is one that
//                alerts, against how often it would be by chance
//   words        that a symptom's word is in the change, against how often it
//                is in any change near the onset: a rare word in common says
//                much and a frequent one little
//   frequency    a service that changes all day is less of a surprise
//   rolled_back  it was undone after the onset, or may have been: a roll-back
//                that does not say of what is mostly of the latest change of
//                its service
//   is_undo      it brings back what ran before
//   harmless     it touches only tests or documents
//
// Scores are the softmax over all changes and "no change", and meant to be read
// as probabilities. Held against 440 reverted changes, among about 100 others
// each: of those with a score from
//
//     0.03   0.10   0.20   0.35   0.50   0.65   0.80   0.90   on,
//        7     17     30     42     43     58     79     95   in 100 were
//        named,
//
// and "no change" got 0.12 on average, where about one in ten were cleared
// later; over 35 published incidents 0.22, where 6 name no change.
#ifndef SECONDSTORY_TIMELINE_RANKING_H_
#define SECONDSTORY_TIMELINE_RANKING_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "timeline/candidate.h"
#include "timeline/known_event.h"
#include "timeline/topology.h"

namespace secondstory::timeline {

struct RankingOptions {
  // How far before the onset a change is looked at.
  absl::Duration lookback = absl::Hours(72);
  // And how far after it: clocks differ, and an alert may be dated from the
  // first bad measurement.
  absl::Duration skew = absl::Minutes(15);
  // A roll-back so long after the onset still speaks.
  absl::Duration rollback_horizon = absl::Hours(24);
  // The likeliest that are kept.
  int ranked_change_count_max = 20;
};

struct Ranking {
  std::vector<RankedChange> changes;  // the likeliest first
  double no_change_score = 1;
  std::string no_change_reason;
};

// `symptoms`: of one candidate, in the order of events, at least one.
// `changes`: all changes from onset - lookback to onset + rollback_horizon, in
// the order of events.
// Deterministic. Cost: the words of the symptoms, and the roll-backs, times the
// changes.
Ranking RankChanges(absl::Span<const KnownEvent* const> symptoms,
                    absl::Span<const KnownEvent* const> changes,
                    const Topology& topology, const RankingOptions& options);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_RANKING_H_
