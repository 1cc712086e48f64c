#include "timeline/learning_history.h"

#include <algorithm>
#include <iterator>

namespace secondstory::timeline {

void LearningHistory::Add(uint64_t position, const Outcome& outcome) {
  if (position <= learnt_.back().first) return;
  Learning next = latest();
  Learn(outcome, &next);
  learnt_.emplace_back(position, next);
}

const Learning& LearningHistory::Before(uint64_t position) const {
  auto at = std::lower_bound(
      learnt_.begin(), learnt_.end(), position,
      [](const auto& each, uint64_t p) { return each.first < p; });
  return at == learnt_.begin() ? at->second : std::prev(at)->second;
}

void LearningHistory::ForgetThrough(uint64_t position) {
  auto needed = std::upper_bound(
      learnt_.begin(), learnt_.end(), position,
      [](uint64_t p, const auto& each) { return p < each.first; });
  learnt_.erase(learnt_.begin(), std::prev(needed));
}

}  // namespace secondstory::timeline
