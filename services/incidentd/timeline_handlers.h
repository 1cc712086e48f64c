// IncidentService, the lines of a timeline and the history of an incident: from
// messages to the log and the store, and back.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_HANDLERS_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "grpcpp/support/byte_buffer.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_cache.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class TimelineHandlers {
 public:
  // All must outlive the handlers.
  TimelineHandlers(storage::Log* log, const storage::Store* store,
                   Metrics* metrics);

  // Adds its methods of the service to `server`.
  void Register(RpcServer* server);

  void AddEntry(v1::AddTimelineEntryRequest request,
                Done<v1::AddTimelineEntryResponse> done);
  void UpdateEntry(v1::UpdateTimelineEntryRequest request,
                   Done<v1::UpdateTimelineEntryResponse> done);
  // A GetTimelineResponse. Cost: next to nothing for a timeline that is kept,
  // so that it need not wait for a thread that reads; see TimelineCache.
  absl::StatusOr<grpc::ByteBuffer> Timeline(
      const v1::GetTimelineRequest& request);
  absl::StatusOr<v1::GetIncidentHistoryResponse> History(
      const v1::GetIncidentHistoryRequest& request) const;

 private:
  // The page, if the timeline is kept; an error, if the request is wrong.
  absl::StatusOr<std::optional<grpc::ByteBuffer>> KeptTimeline(
      const v1::GetTimelineRequest& request);
  absl::StatusOr<std::shared_ptr<const RenderedTimeline>> Render(
      const v1::GetTimelineRequest& request);

  storage::Log* const log_;
  const storage::Store* const store_;
  const TimelineReader reader_;
  TimelineCache cache_;
  Counter* const kept_;
  Counter* const made_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_HANDLERS_H_
