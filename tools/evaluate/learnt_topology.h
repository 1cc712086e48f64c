// Which services depend on each other, as far as past incidents tell.
//
// Two services are taken for connected when their symptoms kept coming in the
// same incident: in `together_min` incidents or more, and in more than chance
// explains. Chance: if the two had nothing to do with each other, each of the
// incidents of the one would be as likely as any to be one of the other, so
// that the number they share is hypergeometric (Fisher's exact test, upper
// tail). As many pairs are tried, the chance of each is multiplied by their
// number (Bonferroni); only services of `together_min` incidents are tried,
// since others can never reach it (Tarone 1990). What is left has less than
// 5 % chance to hold any pair of services that have nothing to do with each
// other.
//
// That two services come together does not say which calls the other, nor that
// they meet directly: both may call a third. So the result is for a person to
// read and correct.
//
// Pure and deterministic: the same history gives the same bytes.
#ifndef SECONDSTORY_TOOLS_EVALUATE_LEARNT_TOPOLOGY_H_
#define SECONDSTORY_TOOLS_EVALUATE_LEARNT_TOPOLOGY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tools/evaluate/evaluation.h"

namespace secondstory::evaluate {

// An incident of more services than this is left out: where everything is in
// trouble, it says little of any two.
inline constexpr size_t kToldApartMax = 10;

struct ConnectedPair {
  std::string one;  // before `other` in the order of bytes
  std::string other;
  int64_t one_count = 0;  // incidents with a symptom of it
  int64_t other_count = 0;
  int64_t together_count = 0;
  double chance = 1;  // of as many together or more; of this pair alone
};

struct LearntTopology {
  int64_t incident_count = 0;  // looked at
  int64_t large_count = 0;     // left out, see kToldApartMax
  int64_t together_min = 0;
  int64_t tried_count = 0;           // pairs
  std::vector<ConnectedPair> pairs;  // sorted by (one, other)
};

// REQUIRES: together_min >= 1.
LearntTopology LearnTopology(const History& history, int64_t together_min);

// As YAML that ingest::ReadTopologyFile reads, each pair in both directions,
// with what was counted as comments.
std::string FormatTopologyYaml(const LearntTopology& learnt);

}  // namespace secondstory::evaluate

#endif  // SECONDSTORY_TOOLS_EVALUATE_LEARNT_TOPOLOGY_H_
