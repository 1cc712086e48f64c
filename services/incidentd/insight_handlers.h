// LearningService, what looks over many incidents: those that are alike, and
// what recurs.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_INSIGHT_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_INSIGHT_HANDLERS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "review/insights.h"
#include "secondstory/v1/learning_service.pb.h"
#include "services/incidentd/digest_cache.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "storage/log.h"
#include "storage/search/indexer.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class InsightHandlers {
 public:
  // All must outlive the handlers. `indexer` null: search is switched off, and
  // only the latest incidents are compared.
  InsightHandlers(const storage::Log* log, const storage::Store* store,
                  storage::Indexer* indexer, const SeverityPolicy* policy,
                  const Clock* clock)
      : store_(store),
        indexer_(indexer),
        policy_(policy),
        clock_(clock),
        reader_(log, store),
        digests_(log, store, &reader_, policy) {}

  // Adds its methods of LearningService to `server`.
  void Register(RpcServer* server);

  absl::StatusOr<v1::FindSimilarIncidentsResponse> FindSimilar(
      const v1::FindSimilarIncidentsRequest& request);
  absl::StatusOr<v1::GetInsightsResponse> Insights(
      const v1::GetInsightsRequest& request);

 private:
  // Incidents, and the digest of each at its index.
  struct Past {
    std::vector<v1::Incident> incidents;
    std::vector<review::Digest> digests;
  };

  absl::StatusOr<review::Digest> SubjectOf(
      const v1::FindSimilarIncidentsRequest& request);
  absl::StatusOr<Past> Comparable(const review::Digest& subject);
  absl::StatusOr<std::vector<v1::Incident>> List(storage::IncidentQuery query,
                                                 size_t count_max) const;
  absl::Status AddDigest(v1::Incident incident, Past* past);
  absl::StatusOr<std::vector<v1::Incident>> Anniversaries(
      const storage::IncidentQuery& query, absl::Time end) const;
  absl::Status AddThemes(
      std::vector<review::Telling> tellings,
      google::protobuf::RepeatedPtrField<v1::RecurringTheme>* themes) const;

  const storage::Store* const store_;
  storage::Indexer* const indexer_;
  const SeverityPolicy* const policy_;
  const Clock* const clock_;
  const TimelineReader reader_;
  DigestCache digests_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_INSIGHT_HANDLERS_H_
