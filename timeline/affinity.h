// What merges and splits of people teach about which symptoms belong together.
//
// A symptom's pattern is its service and what its title says but for numbers.
// Of two patterns that people put together j times and parted p times, that
// adds to the log-odds that one joins a group with the other
//
//   clamp(1.5 ln((j + 1) / (p + 1)), -3, 3)
//
// and of a group with several such patterns, the mean. One decision is as much
// as a word in common; three or so outweigh that two services have nothing to
// do with each other, or that they are one. So one slip teaches little, nothing
// is forbidden or forced for ever, and a decision to the contrary takes back.
//
// Bounded: the kAffinityPairCountMax pairs that were decided about last, and
// counts up to 15; where one would grow beyond, both are halved first.
// Pure: the same decisions in the same order teach the same.
#ifndef SECONDSTORY_TIMELINE_AFFINITY_H_
#define SECONDSTORY_TIMELINE_AFFINITY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace secondstory::timeline {

inline constexpr size_t kAffinityPairCountMax = 128;
// The first pairs of a decision teach; a storm is not learnt by heart.
inline constexpr size_t kAffinityPairsPerDecisionMax = 32;
inline constexpr double kAffinityMax = 3;

// The same on every machine; stored, so never change it without the version of
// the text below.
uint64_t PatternOf(absl::string_view service, absl::string_view title);

// What a person decided: the patterns of each side, in the order in which they
// were seen. Patterns that are on several sides tell nothing.
using Sides = std::vector<std::vector<uint64_t>>;

class Affinity {
 public:
  // A person put the sides together.
  void Join(const Sides& sides) { Count(sides, &Pair::joined); }
  // A person parted them.
  void Part(const Sides& sides) { Count(sides, &Pair::parted); }

  bool empty() const { return pairs_.empty(); }
  size_t pair_count() const { return pairs_.size(); }

  // What a symptom of `pattern` finds in a group with `patterns`; 0 where
  // nothing was taught.
  double Weigh(uint64_t pattern, absl::Span<const uint64_t> patterns) const;

  // "affinity 1" and for each pair " 00f3a1b2c3d4e5f6+3-1", the one that was
  // decided about longest ago first. At most 3 KiB.
  std::string Format() const;
  // The inverse. INVALID_ARGUMENT: anything else, also of another version.
  static absl::StatusOr<Affinity> Parse(absl::string_view text);

 private:
  struct Pair {
    uint64_t key;
    int joined;
    int parted;
  };

  void Count(const Sides& sides, int Pair::*count);
  void CountPair(uint64_t key, int Pair::*count);
  void Index();

  std::vector<Pair> pairs_;  // the latest last
  absl::flat_hash_map<uint64_t, double> log_odds_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_AFFINITY_H_
