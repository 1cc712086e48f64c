// What was learnt, as it stood at each position of the log.
//
// A candidate is ranked with what was learnt from the outcomes that stand in
// the log before the event of its first symptom. So its weights are a function
// of the log: what people confirm later teaches later candidates and rewrites
// no earlier one, and reading the log again gives the same bytes.
//
// Memory: one Learning for each outcome after the last ForgetThrough().
// Threads: one at a time.
#ifndef SECONDSTORY_TIMELINE_LEARNING_HISTORY_H_
#define SECONDSTORY_TIMELINE_LEARNING_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "timeline/learning.h"

namespace secondstory::timeline {

class LearningHistory {
 public:
  // Goes on from what was learnt before every position that will be asked for.
  explicit LearningHistory(Learning start = {})
      : learnt_({{0, std::move(start)}}) {}

  // Takes in an outcome that stands at `position`. Outcomes come in the order
  // of the log; one at or before the last position is known and ignored.
  void Add(uint64_t position, const Outcome& outcome);

  // What the outcomes before `position` taught. REQUIRES: `position` is greater
  // than any that was given to ForgetThrough().
  const Learning& Before(uint64_t position) const;

  const Learning& latest() const { return learnt_.back().second; }

  // Forgets what only positions up to `position` would be ranked with.
  void ForgetThrough(uint64_t position);

  size_t retained_count() const { return learnt_.size(); }

 private:
  // In the order of positions: an outcome's, and what was learnt with it. The
  // first is the beginning.
  std::vector<std::pair<uint64_t, Learning>> learnt_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_LEARNING_HISTORY_H_
