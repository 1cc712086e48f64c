// How much each kind of evidence counts in ranking; what learning changes.
#ifndef SECONDSTORY_TIMELINE_RANKING_WEIGHTS_H_
#define SECONDSTORY_TIMELINE_RANKING_WEIGHTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace secondstory::timeline {

// Evidence of one kind is weighed together. The numbers are stored: add at the
// end, never reuse.
enum class Rule : uint8_t {
  kLag,       // "lag"
  kOrder,     // "order", "frequency"
  kPlace,     // "same_service", "neighbour", "elsewhere"
  kWords,     // "words"
  kSubject,   // "subject"
  kWork,      // "work", "harmless", "is_undo"
  kUndo,      // "rolled_back", "undone_before"
  kResponse,  // "acted_on"
  kOutside,   // "outside"
};
inline constexpr size_t kRuleCount = 9;

// The log-odds of a rule are multiplied by its weight. 1 is what the rules say
// as they are.
struct RankingWeights {
  std::array<double, kRuleCount> of = {1, 1, 1, 1, 1, 1, 1, 1, 1};
  // Added to the log-odds of every change: more than 0 where changes contribute
  // more often than in published incidents.
  double any_change = 0;
};

// Of 35 published incidents, 29 name a change.
inline constexpr double kOddsOfAnyChange = 29.0 / 6;

inline bool operator==(const RankingWeights& a, const RankingWeights& b) {
  return a.of == b.of && a.any_change == b.any_change;
}

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_RANKING_WEIGHTS_H_
