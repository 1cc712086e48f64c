// Learns from what people decide how much each kind of evidence counts here.
//
// One outcome, changes that were confirmed, moves the weights one small step up
// the gradient of its own log-likelihood, the softmax over the listed changes
// and "no change":
//
//   g(rule) = sum over changes of (y - p) * evidence of the rule
//
// with p the score under the weights so far, and y the share of each confirmed
// change among them (1 for "no change" when none contributed). Then
//
//   weight += rate * (clamp(g, -1, 1) - pull * (weight - 1))
//
// and it is clamped to [0.5, 2]; `any_change` likewise, around 0, to [-2, 2].
// So no outcome moves a weight by more than about the rate, a hundred cannot
// turn a rule around, and what is no longer confirmed fades. Without outcomes
// the weights are the defaults, byte for byte.
//
// One judgement, a candidate that was promoted or dismissed, says by the way
// how likely it is that a change contributed to a candidate: to 29 of 35
// published incidents one did, and to what was no incident none. It moves
// `any_change` alone, a quarter as far:
//
//   any_change += rate / 4 * (y - p - pull * any_change)
//
// with y = 29 / 35 or 0, and p the score of all listed changes together. So it
// changes how likely "none of these" is, and never which change stands first.
//
// Pure: the same decisions in the same order give the same weights; they are
// rounded to six digits after each, so that they can be stored and gone on
// with. Who is ranked with what was learnt when: see log_history.h.
#ifndef SECONDSTORY_TIMELINE_LEARNING_H_
#define SECONDSTORY_TIMELINE_LEARNING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "timeline/candidate.h"
#include "timeline/ranking_weights.h"

namespace secondstory::timeline {

// What is known of one incident once it is over.
struct Outcome {
  // As ranked with the default weights.
  std::vector<RankedChange> ranked_changes;
  // Event ids of the changes that contributed; empty: none did.
  std::vector<std::string> contributing_event_ids;
};

// What people made of one candidate.
struct Judgement {
  std::vector<RankedChange> ranked_changes;  // as in Outcome
  bool is_incident = false;                  // promoted; else dismissed
};

// What was learnt so far.
struct Learning {
  uint64_t decision_count = 0;  // outcomes and judgements
  RankingWeights weights;
};

// Makes evidence that was weighed with `weights` what the defaults would have
// made of it: within 1e-4, as it is rounded; but for how "order" is balanced.
void Unweigh(const RankingWeights& weights, std::vector<RankedChange>* changes);

// Takes the outcome in. One whose confirmed changes are all unlisted teaches
// nothing, but counts.
void Learn(const Outcome& outcome, Learning* learning);
void Learn(const Judgement& judgement, Learning* learning);

// "learning 2 decisions 12 weights 1 1 0.9731 ... any 0.25". The first number
// is the version of the rule above.
std::string FormatLearning(const Learning& learning);

// The inverse. INVALID_ARGUMENT: anything else, also of another version; learn
// from the outcomes again then.
absl::StatusOr<Learning> ParseLearning(absl::string_view text);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_LEARNING_H_
