#include "services/incidentd/digest_cache.h"

#include <utility>

#include "base/stable_id.h"
#include "base/status_macros.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/story_reader.h"
#include "services/incidentd/transaction.h"

namespace secondstory::incidentd {
namespace {

constexpr size_t kKeptCountMax = 4096;

}  // namespace

absl::StatusOr<std::shared_ptr<const review::Digest>> DigestCache::Get(
    const std::string& incident_id) {
  {
    absl::MutexLock lock(&mutex_);
    const auto at = kept_.find(incident_id);
    if (at != kept_.end() && at->second.read.Hold()) return at->second.digest;
  }
  // Each before it is read: what comes in between is seen next time.
  ReadObjects read(log_);
  read.Add(IncidentObject(incident_id));
  SS_ASSIGN_OR_RETURN(const v1::Incident incident,
                      store_->GetIncident(IdFromHex(incident_id)));
  for (const std::string& merged : incident.merged_incident_ids()) {
    read.Add(IncidentObject(merged));
  }
  for (const std::string& candidate : incident.candidate_ids()) {
    read.Add(CandidateObject(candidate));
  }
  SS_ASSIGN_OR_RETURN(const StoryParts parts,
                      ReadStory(*reader_, *policy_, incident));
  auto digest =
      std::make_shared<const review::Digest>(review::DigestOf(ToStory(parts)));
  absl::MutexLock lock(&mutex_);
  // Any will do: the order of the table is as good as random.
  if (kept_.size() >= kKeptCountMax) kept_.erase(kept_.begin());
  kept_.insert_or_assign(incident_id, Kept{std::move(read), digest});
  return digest;
}

}  // namespace secondstory::incidentd
