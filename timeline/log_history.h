// A state that decisions in the log change, as it stood at each position.
//
// What is made of an event asks for the state before the event's position. So
// it is a function of the log: decisions change what comes after them and
// rewrite nothing earlier, and reading the log again gives the same bytes.
//
// Memory: one State for each change after the last ForgetThrough().
// Threads: one at a time.
#ifndef SECONDSTORY_TIMELINE_LOG_HISTORY_H_
#define SECONDSTORY_TIMELINE_LOG_HISTORY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace secondstory::timeline {

template <typename State>
class LogHistory {
 public:
  // Goes on from a state that stood before every position that will be asked
  // for.
  explicit LogHistory(State start = {}) : states_({{0, std::move(start)}}) {}

  // From the decision at `position` on, the state is what `change` makes of it:
  // it is called with a State*, unless the position is not after the last one
  // and so the decision is known. Decisions come in the order of the log.
  template <typename Change>
  void Add(uint64_t position, Change change) {
    if (position <= states_.back().first) return;
    State next = latest();
    change(&next);
    states_.emplace_back(position, std::move(next));
  }

  // The state before `position`. REQUIRES: `position` is greater than any that
  // was given to ForgetThrough().
  const State& Before(uint64_t position) const {
    const auto at = std::lower_bound(
        states_.begin(), states_.end(), position,
        [](const auto& each, uint64_t p) { return each.first < p; });
    return at == states_.begin() ? at->second : std::prev(at)->second;
  }

  const State& latest() const { return states_.back().second; }

  // Forgets what only positions up to `position` would ask for.
  void ForgetThrough(uint64_t position) {
    const auto needed = std::upper_bound(
        states_.begin(), states_.end(), position,
        [](uint64_t p, const auto& each) { return p < each.first; });
    states_.erase(states_.begin(), std::prev(needed));
  }

  size_t retained_count() const { return states_.size(); }

 private:
  // In the order of positions: of a decision, and the state with it. The first
  // is the beginning.
  std::vector<std::pair<uint64_t, State>> states_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_LOG_HISTORY_H_
