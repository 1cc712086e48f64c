// IncidentService, what concerns one incident as a whole: from messages to the
// log and the store, and back. See membership_handlers.h for what belongs to
// it, timeline_handlers.h for its lines and history.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_HANDLERS_H_

#include <string>

#include "absl/status/statusor.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/candidate_handlers.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class IncidentHandlers {
 public:
  // All must outlive the handlers.
  IncidentHandlers(storage::Log* log, const storage::Store* store,
                   CandidateCensus* census, const SeverityPolicy* policy)
      : log_(log),
        store_(store),
        census_(census),
        policy_(policy),
        reader_(log, store) {}

  // Adds its methods of the service to `server`.
  void Register(RpcServer* server);

  void Create(v1::CreateIncidentRequest request,
              Done<v1::CreateIncidentResponse> done);
  void Update(v1::UpdateIncidentRequest request,
              Done<v1::UpdateIncidentResponse> done);
  void Delete(v1::DeleteIncidentRequest request,
              Done<v1::DeleteIncidentResponse> done);
  void Restore(v1::RestoreIncidentRequest request,
               Done<v1::RestoreIncidentResponse> done);
  void Promote(v1::PromoteCandidateRequest request,
               Done<v1::PromoteCandidateResponse> done);
  absl::StatusOr<v1::GetIncidentResponse> Get(
      const v1::GetIncidentRequest& request) const;
  absl::StatusOr<v1::ListIncidentsResponse> List(
      const v1::ListIncidentsRequest& request) const;

  // Takes over what the incident's candidates say of its times by now. A
  // failure is no harm: the next call does it.
  void Refresh(const std::string& incident_id);

 private:
  storage::Log* const log_;
  const storage::Store* const store_;
  CandidateCensus* const census_;
  const SeverityPolicy* const policy_;
  const TimelineReader reader_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_HANDLERS_H_
