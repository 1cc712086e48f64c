// IncidentService, the lines of a timeline and the history of an incident: from
// messages to the log and the store, and back.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_HANDLERS_H_

#include "absl/status/statusor.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class TimelineHandlers {
 public:
  // Both must outlive the handlers.
  TimelineHandlers(storage::Log* log, const storage::Store* store)
      : log_(log), store_(store), reader_(log, store) {}

  // Adds its methods of the service to `server`.
  void Register(RpcServer* server);

  void AddEntry(v1::AddTimelineEntryRequest request,
                Done<v1::AddTimelineEntryResponse> done);
  void UpdateEntry(v1::UpdateTimelineEntryRequest request,
                   Done<v1::UpdateTimelineEntryResponse> done);
  absl::StatusOr<v1::GetTimelineResponse> Timeline(
      const v1::GetTimelineRequest& request) const;
  absl::StatusOr<v1::GetIncidentHistoryResponse> History(
      const v1::GetIncidentHistoryRequest& request) const;

 private:
  storage::Log* const log_;
  const storage::Store* const store_;
  const TimelineReader reader_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_HANDLERS_H_
