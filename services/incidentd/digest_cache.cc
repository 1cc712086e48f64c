#include "services/incidentd/digest_cache.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/story_reader.h"

namespace secondstory::incidentd {
namespace {

constexpr size_t kKeptCountMax = 4096;

}  // namespace

absl::StatusOr<std::shared_ptr<const review::Digest>> DigestCache::Get(
    const v1::Incident& incident) {
  // Before the story is read: what comes in between is seen next time.
  storage::Position position = 0;
  for (const std::string& member : MembersOf(incident)) {
    SS_ASSIGN_OR_RETURN(const storage::Position last,
                        store_->LastOfHistory(member));
    position = std::max(position, last);
  }
  {
    absl::MutexLock lock(&mutex_);
    const auto at = kept_.find(incident.incident_id());
    if (at != kept_.end() && at->second.position == position) {
      return at->second.digest;
    }
  }
  SS_ASSIGN_OR_RETURN(const StoryParts parts,
                      ReadStory(*reader_, *policy_, incident));
  auto digest =
      std::make_shared<const review::Digest>(review::DigestOf(ToStory(parts)));
  absl::MutexLock lock(&mutex_);
  if (kept_.size() >= kKeptCountMax) kept_.clear();
  kept_[incident.incident_id()] = {position, digest};
  return digest;
}

}  // namespace secondstory::incidentd
