// LearningService: from messages to the search index and the store, and back.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_LEARNING_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_LEARNING_HANDLERS_H_

#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "secondstory/v1/learning_service.pb.h"
#include "services/incidentd/rpc_server.h"
#include "storage/search/indexer.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class LearningHandlers {
 public:
  // `indexer` must outlive the handlers; null: search is switched off.
  explicit LearningHandlers(storage::Indexer* indexer) : indexer_(indexer) {}

  // Adds every method of the service to `server`.
  void Register(RpcServer* server);

  absl::StatusOr<v1::SearchResponse> Search(
      const v1::SearchRequest& request) const;

 private:
  storage::Indexer* const indexer_;
};

// Adds what Prometheus sees of the index. Both must outlive `metrics`' last
// scrape.
void AddSearchMetrics(const storage::Indexer* indexer, Metrics* metrics);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_LEARNING_HANDLERS_H_
