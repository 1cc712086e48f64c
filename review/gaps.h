// The gap finder: what a timeline does not say yet, and what a good facilitator
// would ask about it.
//
// Rules, in the order in which they stand at one and the same line:
//   silence         a stretch without any line or account, from start to
//                   mitigation (else resolve, else the last line), that the
//                   incident's own rhythm does not explain
//   never_resolved  an alert that is not known to have resolved although the
//                   incident is over
//   never_finished  a change that began and is not known to have ended
//   no_effect       an action, of an account or a HUMAN_ACTION, of which nobody
//                   says what it did
//   surprise        an account whose teller was surprised, or states an effect
//                   in the words of a disappointed expectation
//   no_account      somebody in the timeline who has not told yet
//
// Silence is a test, not a fixed number of minutes. If moments fell at random
// over the stretch, the longest of n spaces would take more than a share x of
// it with a probability of at most n * (1 - x)^(n - 1): the first term of
// Fisher's exact one for the largest spacing (R. A. Fisher, "Tests of
// significance in harmonic analysis", 1929), and an upper bound of it. A
// space with less than kSilenceProbabilityMax is a gap; it is taken out, and
// the rest tested again, at most kSilenceCountMax times. Alerts come in bursts:
// spaces of less than half the mean of the others are inside one, and are not
// counted, which asks for a longer silence, never a shorter one.
#ifndef SECONDSTORY_REVIEW_GAPS_H_
#define SECONDSTORY_REVIEW_GAPS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "review/people.h"
#include "review/story.h"

namespace secondstory::review {

// At most so many incidents whose moments fall at random are asked about a
// silence that chance explains.
inline constexpr double kSilenceProbabilityMax = 0.05;
inline constexpr int kSilenceCountMax = 5;

// Finds the gaps of a story, in the order of the timeline (those without a line
// last), each with its answer where there is one. A gap that was answered
// and is no longer found stays, as it was asked: its words are kept.
//
// An id is base/stable_id over the rule and the ids of the lines or accounts
// concerned (no_account: the name), so that an answer keeps its question while
// the timeline grows elsewhere.
//
// Cost: O(n log n) of lines and accounts.
std::vector<Gap> FindGaps(const Story& story, const Roles& roles);

// A stretch between two neighbours of `moments`, by their indexes.
struct Silence {
  size_t before = 0;
  size_t after = 0;
};

// The silences among `moments`, which are sorted, in their order. See above.
std::vector<Silence> FindSilences(absl::Span<const absl::Time> moments);

// Whether an account tells of a surprise: as its teller said, else when it
// states both an expectation and an effect, and the effect in words like "did
// not", "nothing changed", "instead", "worse".
bool IsSurprise(const Account& account);

// Whether a text says what something did: "no effect", "errors stopped".
bool SaysEffect(absl::string_view text);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_GAPS_H_
