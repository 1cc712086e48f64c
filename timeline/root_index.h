// The candidates by when they began and when they were last active, so that
// those that a moment concerns are found without a look at the others.
#ifndef SECONDSTORY_TIMELINE_ROOT_INDEX_H_
#define SECONDSTORY_TIMELINE_ROOT_INDEX_H_

#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"

namespace secondstory::timeline {

// From the first symptom to the last.
struct Extent {
  absl::Time onset;
  absl::Time last;
};

// Not copyable; threads: one at a time.
class RootIndex {
 public:
  RootIndex() = default;
  RootIndex(const RootIndex&) = delete;
  RootIndex& operator=(const RootIndex&) = delete;

  // The candidate `id` extends so far now.
  void Set(const std::string& id, const Extent& extent);
  // There is no such candidate now.
  void Erase(const std::string& id);

  // Calls visit(id, extent) for each with an onset from `from` to `to`, both
  // inclusive, the earliest first, for as long as it returns true.
  template <typename Visit>
  void VisitOnsets(absl::Time from, absl::Time to, Visit visit) const {
    for (auto at = by_onset_.lower_bound({from, ""});
         at != by_onset_.end() && at->first <= to; ++at) {
      if (!visit(at->second, extents_.find(at->second)->second)) return;
    }
  }

  // The same for each that began until `time` and was last active at `since` or
  // later. Cost: those that were last active at `since` or later.
  template <typename Visit>
  void VisitActive(absl::Time since, absl::Time time, Visit visit) const {
    for (auto at = by_last_.lower_bound({since, ""}); at != by_last_.end();
         ++at) {
      const Extent& extent = extents_.find(at->second)->second;
      if (extent.onset <= time && !visit(at->second, extent)) return;
    }
  }

 private:
  using ByTime = std::set<std::pair<absl::Time, std::string>>;

  absl::flat_hash_map<std::string, Extent> extents_;
  ByTime by_onset_;
  ByTime by_last_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_ROOT_INDEX_H_
