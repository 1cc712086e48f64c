// ReviewService, incidents that come from elsewhere whole.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_IMPORT_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_IMPORT_HANDLERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "secondstory/v1/review_service.pb.h"
#include "services/incidentd/candidate_handlers.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// An export with an id for everything that can have one, as ImportIncident
// makes them. Pure. REQUIRES: the request passed Check.
v1::IncidentExport WithIds(const v1::ImportIncidentRequest& request);

// Threads: all methods may be called from any thread. Import takes a while
// before it hands over to the log.
class ImportHandlers {
 public:
  // All must outlive the handlers.
  ImportHandlers(storage::Log* log, const SeverityPolicy* policy,
                 CandidateCensus* census, const Clock* clock)
      : log_(log), policy_(policy), census_(census), clock_(clock) {}

  // Adds its method of ReviewService to `server`.
  void Register(RpcServer* server);

  void Import(v1::ImportIncidentRequest request,
              Done<v1::ImportIncidentResponse> done);

 private:
  absl::Status CheckEvents(const v1::IncidentExport& exported) const;
  void AppendEvents(v1::IncidentExport exported,
                    v1::ImportIncidentResponse response,
                    Done<v1::ImportIncidentResponse> done);

  storage::Log* const log_;
  const SeverityPolicy* const policy_;
  CandidateCensus* const census_;
  const Clock* const clock_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_IMPORT_HANDLERS_H_
