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
//   order        how many changes of its source came after it
//   same_service, neighbour, elsewhere   how often the service that changed is
//                one that alerts, against how often it would be by chance
//   words        that a symptom's word, or one akin to it, is in the change,
//                against how often it is in any change near the onset
//   subject      other words of the same subject, such as databases
//   work         what kind of work it is: a migration says more than routine
//   frequency    a service that changes all day is less of a surprise
//   rolled_back  it was undone after the onset, or may have been, and whether
//                it was quiet then: a roll-back that does not say of what is
//                mostly of the latest change of its service
//   undone_before   it was undone before the onset
//   acted_on     people went on to work at its service; or did not
//   is_undo      it brings back what ran before
//   harmless     it touches only tests or documents
//   outside      somebody names a reason outside: a provider, an attack
//
// Order, work and frequency tell which of the changes it was, and nothing about
// whether it was any: their sum over all changes is balanced within "order".
//
// Scores are the softmax over all changes and "no change", and meant to be read
// as probabilities. docs/quality.md says how well they hold.
#ifndef SECONDSTORY_TIMELINE_RANKING_H_
#define SECONDSTORY_TIMELINE_RANKING_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "timeline/aftermath.h"
#include "timeline/candidate.h"
#include "timeline/ranking_weights.h"
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
  RankingWeights weights;
};

struct Ranking {
  std::vector<RankedChange> changes;  // the likeliest first
  double no_change_score = 1;
  std::string no_change_reason;
};

// `events.symptoms`: of one candidate, at least one. `events.changes`: all from
// onset - lookback to onset + rollback_horizon.
// Deterministic. Cost: the words of the changes, and the roll-backs times the
// changes.
Ranking RankChanges(const AftermathEvents& events, const Topology& topology,
                    const RankingOptions& options);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_RANKING_H_
