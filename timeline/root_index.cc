#include "timeline/root_index.h"

namespace secondstory::timeline {

void RootIndex::Set(const std::string& id, const Extent& extent) {
  const auto [at, is_new] = extents_.try_emplace(id, extent);
  if (is_new) {
    by_onset_.insert({extent.onset, id});
    by_last_.insert({extent.last, id});
    return;
  }
  // The onset is that of the symptom `id`, and stays.
  if (at->second.last == extent.last) return;
  by_last_.erase({at->second.last, id});
  by_last_.insert({extent.last, id});
  at->second = extent;
}

void RootIndex::Erase(const std::string& id) {
  const auto at = extents_.find(id);
  if (at == extents_.end()) return;
  by_onset_.erase({at->second.onset, id});
  by_last_.erase({at->second.last, id});
  extents_.erase(at);
}

}  // namespace secondstory::timeline
