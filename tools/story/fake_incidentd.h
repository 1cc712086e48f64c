// incidentd as far as the command line sees it: a real gRPC server on a free
// port, with what it knows in memory.
#ifndef SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTD_H_
#define SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTD_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "secondstory/v1/incident_service.grpc.pb.h"

namespace secondstory::story {

// Knows what it was given, pages as asked, refuses events without a title.
//
// Threads: all methods may be called from any thread.
class FakeIncidentd {
 public:
  FakeIncidentd();
  ~FakeIncidentd();

  std::string address() const;

  void AddCandidate(const v1::Candidate& candidate);
  void AddIncident(const v1::Incident& incident);
  // As AppendEvents would.
  v1::EventOutcome AddEvent(const v1::Event& event);

  std::vector<v1::Event> events();

 private:
  class Events;
  class Candidates;
  class Incidents;

  absl::Mutex mutex_;
  std::vector<v1::Event> events_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Candidate> candidates_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Incident> incidents_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::TimelineEntry> entries_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<v1::EventService::Service> event_service_;
  std::unique_ptr<v1::CandidateService::Service> candidate_service_;
  std::unique_ptr<v1::IncidentService::Service> incident_service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTD_H_
