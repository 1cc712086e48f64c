// The IncidentService of a FakeIncidentd.
#ifndef SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTS_H_
#define SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/incident_service.grpc.pb.h"
#include "tools/story/fake_rpc.h"

namespace secondstory::story::fake {

// Keeps what it is given and checks etags, but no rules: all incidents share
// one timeline, and every state follows every other.
//
// Threads: all methods may be called from any thread.
class Incidents final : public v1::IncidentService::Service {
 public:
  // `promote` returns a candidate by its id.
  Incidents(
      Requests* requests,
      std::function<std::optional<v1::Candidate>(const std::string&)> promote)
      : requests_(*requests), promote_(std::move(promote)) {}

  void Add(const v1::Incident& incident);
  // Changes an incident in `state`, as far as its etag is still this one.
  grpc::Status Change(const std::string& id, const std::string& etag,
                      const std::function<void(v1::Incident*)>& change,
                      v1::Incident* changed);

  grpc::Status CreateIncident(grpc::ServerContext* context,
                              const v1::CreateIncidentRequest* request,
                              v1::CreateIncidentResponse* response) override;
  grpc::Status GetIncident(grpc::ServerContext* context,
                           const v1::GetIncidentRequest* request,
                           v1::GetIncidentResponse* response) override;
  grpc::Status ListIncidents(grpc::ServerContext* context,
                             const v1::ListIncidentsRequest* request,
                             v1::ListIncidentsResponse* response) override;
  grpc::Status UpdateIncident(grpc::ServerContext* context,
                              const v1::UpdateIncidentRequest* request,
                              v1::UpdateIncidentResponse* response) override;
  grpc::Status DeleteIncident(grpc::ServerContext* context,
                              const v1::DeleteIncidentRequest* request,
                              v1::DeleteIncidentResponse* response) override;
  grpc::Status RestoreIncident(grpc::ServerContext* context,
                               const v1::RestoreIncidentRequest* request,
                               v1::RestoreIncidentResponse* response) override;
  grpc::Status MergeIncidents(grpc::ServerContext* context,
                              const v1::MergeIncidentsRequest* request,
                              v1::MergeIncidentsResponse* response) override;
  grpc::Status SplitIncident(grpc::ServerContext* context,
                             const v1::SplitIncidentRequest* request,
                             v1::SplitIncidentResponse* response) override;
  grpc::Status AttachEvents(grpc::ServerContext* context,
                            const v1::AttachEventsRequest* request,
                            v1::AttachEventsResponse* response) override;
  grpc::Status DetachEvents(grpc::ServerContext* context,
                            const v1::DetachEventsRequest* request,
                            v1::DetachEventsResponse* response) override;
  grpc::Status GetIncidentHistory(
      grpc::ServerContext* context,
      const v1::GetIncidentHistoryRequest* request,
      v1::GetIncidentHistoryResponse* response) override;
  grpc::Status PromoteCandidate(
      grpc::ServerContext* context, const v1::PromoteCandidateRequest* request,
      v1::PromoteCandidateResponse* response) override;
  grpc::Status AddTimelineEntry(
      grpc::ServerContext* context, const v1::AddTimelineEntryRequest* request,
      v1::AddTimelineEntryResponse* response) override;
  grpc::Status UpdateTimelineEntry(
      grpc::ServerContext* context,
      const v1::UpdateTimelineEntryRequest* request,
      v1::UpdateTimelineEntryResponse* response) override;
  grpc::Status GetTimeline(grpc::ServerContext* context,
                           const v1::GetTimelineRequest* request,
                           v1::GetTimelineResponse* response) override;

 private:
  v1::Incident* Find(const std::string& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string NewId() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Requests& requests_;
  const std::function<std::optional<v1::Candidate>(const std::string&)>
      promote_;
  absl::Mutex mutex_;
  int ids_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::Incident> incidents_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::TimelineEntry> entries_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::HistoryEntry> history_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace secondstory::story::fake

#endif  // SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTS_H_
