// Digests of incidents, kept while nothing of the incident changes.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_DIGEST_CACHE_H_
#define SECONDSTORY_SERVICES_INCIDENTD_DIGEST_CACHE_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "review/insights.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/timeline_cache.h"
#include "services/incidentd/timeline_reader.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread; readers of different
// incidents do not wait for one another.
class DigestCache {
 public:
  // All must outlive it.
  DigestCache(const storage::Log* log, const storage::Store* store,
              const TimelineReader* reader, const SeverityPolicy* policy)
      : log_(log), store_(store), reader_(reader), policy_(policy) {}

  // The digest of the incident of this id (32 hex digits) as it is stored now.
  // Cost: a look at a counter for each incident and candidate that it is made
  // of; when one has changed, its whole timeline.
  // Limits: keeps at most 4,096, a few kilobytes each.
  // NOT_FOUND: no such incident.
  absl::StatusOr<std::shared_ptr<const review::Digest>> Get(
      const std::string& incident_id);

 private:
  struct Kept {
    ReadObjects read;
    std::shared_ptr<const review::Digest> digest;
  };

  const storage::Log* const log_;
  const storage::Store* const store_;
  const TimelineReader* const reader_;
  const SeverityPolicy* const policy_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Kept> kept_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_DIGEST_CACHE_H_
