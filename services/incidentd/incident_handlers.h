// IncidentService: from messages to the log and the store, and back.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_HANDLERS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/candidate_handlers.h"
#include "services/incidentd/rpc_server.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// A timeline in its order (event_time, entry_id): what people added, and the
// events of `candidates`, each once. Pure.
std::vector<v1::TimelineEntry> MergeTimeline(
    std::vector<v1::TimelineEntry> added,
    const std::vector<v1::Candidate>& candidates);

// Threads: all methods may be called from any thread.
class IncidentHandlers {
 public:
  // All must outlive the handlers.
  IncidentHandlers(storage::Log* log, const storage::Store* store,
                   CandidateCensus* census)
      : log_(log), store_(store), census_(census) {}

  // Adds every method of the service to `server`.
  void Register(RpcServer* server);

  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  void Create(v1::CreateIncidentRequest request,
              Done<v1::CreateIncidentResponse> done);
  void Update(v1::UpdateIncidentRequest request,
              Done<v1::UpdateIncidentResponse> done);
  void Promote(v1::PromoteCandidateRequest request,
               Done<v1::PromoteCandidateResponse> done);
  void AddEntry(v1::AddTimelineEntryRequest request,
                Done<v1::AddTimelineEntryResponse> done);
  absl::StatusOr<v1::GetIncidentResponse> Get(
      const v1::GetIncidentRequest& request) const;
  absl::StatusOr<v1::ListIncidentsResponse> List(
      const v1::ListIncidentsRequest& request) const;
  absl::StatusOr<v1::GetTimelineResponse> Timeline(
      const v1::GetTimelineRequest& request) const;

 private:
  storage::Log* const log_;
  const storage::Store* const store_;
  CandidateCensus* const census_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_HANDLERS_H_
