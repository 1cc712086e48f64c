// incidentd as far as the command line sees it: a real gRPC server on a free
// port, with what it knows in memory.
#ifndef SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTD_H_
#define SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "secondstory/v1/learning_service.grpc.pb.h"
#include "tools/story/fake_incidents.h"
#include "tools/story/fake_reviews.h"
#include "tools/story/fake_rpc.h"

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
  // No assemblerd runs beside it: nothing follows from decisions.
  void StopAssembling() {
    absl::MutexLock lock(&mutex_);
    assembles_ = false;
  }
  void AddIncident(const v1::Incident& incident) { incidents_.Add(incident); }
  void AddGap(const v1::Gap& gap) { reviews_.AddGap(gap); }
  void AddFinding(const v1::LanguageFinding& finding) {
    reviews_.AddFinding(finding);
  }
  // What every search finds, and what everything is like.
  void AddResult(const v1::SearchResult& result);
  void AddSimilar(const v1::SimilarIncident& similar);
  // As AppendEvents would.
  v1::EventOutcome AddEvent(const v1::Event& event);

  std::vector<v1::Event> events();

  // The last request of its type; an empty one when there was none.
  template <typename Request>
  Request Last() {
    return requests_.Last<Request>();
  }

 private:
  class Events;
  class Candidates;
  class Learning;

  // The candidate, promoted from now on.
  std::optional<v1::Candidate> Promote(const std::string& id);

  absl::Mutex mutex_;
  std::vector<v1::Event> events_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Candidate> candidates_ ABSL_GUARDED_BY(mutex_);
  bool assembles_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<v1::SearchResult> results_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SimilarIncident> similar_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<v1::EventService::Service> event_service_;
  std::unique_ptr<v1::CandidateService::Service> candidate_service_;
  std::unique_ptr<v1::LearningService::Service> learning_service_;
  fake::Requests requests_;
  fake::Incidents incidents_;
  fake::Reviews reviews_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_FAKE_INCIDENTD_H_
