// IncidentService, what belongs to an incident: merging, splitting, attaching,
// detaching.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_MEMBERSHIP_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_MEMBERSHIP_HANDLERS_H_

#include "absl/status/statusor.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class MembershipHandlers {
 public:
  // All must outlive the handlers.
  MembershipHandlers(storage::Log* log, const storage::Store* store,
                     const SeverityPolicy* policy)
      : log_(log), policy_(policy), reader_(log, store) {}

  // Adds its methods of IncidentService to `server`.
  void Register(RpcServer* server);

  void Attach(const v1::AttachEventsRequest& request,
              Done<v1::AttachEventsResponse> done);
  void Detach(const v1::DetachEventsRequest& request,
              Done<v1::DetachEventsResponse> done);
  void Merge(v1::MergeIncidentsRequest request,
             Done<v1::MergeIncidentsResponse> done);
  void Split(v1::SplitIncidentRequest request,
             Done<v1::SplitIncidentResponse> done);

 private:
  template <typename Response, typename Request, typename Edit>
  void ChangeEvents(const Request& request, Edit edit, Done<Response> done);
  absl::StatusOr<Records> DecideSplit(const storage::Store& store,
                                      const v1::SplitIncidentRequest& request,
                                      const std::string& new_id,
                                      int64_t now_micros,
                                      v1::SplitIncidentResponse* response);

  storage::Log* const log_;
  const SeverityPolicy* const policy_;
  const TimelineReader reader_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_MEMBERSHIP_HANDLERS_H_
