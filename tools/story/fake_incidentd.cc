#include "tools/story/fake_incidentd.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace secondstory::story {
namespace {

using fake::Allows;
using fake::InvalidField;
using fake::NotFound;
using fake::Page;
using grpc::ServerContext;
using grpc::Status;

bool Matches(const v1::Event& event, const v1::QueryEventsRequest& request) {
  const int64_t time = ToMicros(event.event_time());
  return Allows(request.services(), event.service()) &&
         Allows(request.kinds(), event.kind()) &&
         Allows(request.sources(), event.source()) &&
         (!request.has_start_time() ||
          time >= ToMicros(request.start_time())) &&
         (!request.has_end_time() || time < ToMicros(request.end_time()));
}

}  // namespace

class FakeIncidentd::Events final : public v1::EventService::Service {
 public:
  explicit Events(FakeIncidentd* fake) : fake_(*fake) {}

  Status AppendEvents(ServerContext*, const v1::AppendEventsRequest* request,
                      v1::AppendEventsResponse* response) override {
    for (const v1::Event& event : request->events()) {
      *response->add_outcomes() = fake_.AddEvent(event);
    }
    return Status::OK;
  }

  Status GetEvent(ServerContext*, const v1::GetEventRequest* request,
                  v1::GetEventResponse* response) override {
    if (IdFromHex(request->event_id()).empty()) {
      return InvalidField("event_id", "expected 32 lower-case hex digits");
    }
    for (const v1::Event& event : fake_.events()) {
      if (event.event_id() != request->event_id()) continue;
      *response->mutable_event() = event;
      return Status::OK;
    }
    return NotFound("no event " + request->event_id());
  }

  Status QueryEvents(ServerContext*, const v1::QueryEventsRequest* request,
                     v1::QueryEventsResponse* response) override {
    std::vector<v1::Event> found;
    for (const v1::Event& event : fake_.events()) {
      if (Matches(event, *request)) found.push_back(event);
    }
    std::stable_sort(
        found.begin(), found.end(), [](const v1::Event& a, const v1::Event& b) {
          return ToMicros(a.event_time()) < ToMicros(b.event_time());
        });
    for (const v1::Event& event :
         Page(found, *request, response->mutable_next_page_token())) {
      *response->add_events() = event;
    }
    return Status::OK;
  }

  Status WatchEvents(
      ServerContext*, const v1::WatchEventsRequest* request,
      grpc::ServerWriter<v1::WatchEventsResponse>* writer) override {
    v1::WatchEventsResponse response;
    for (const v1::Event& event : fake_.events()) {
      response.set_position(event.position());
      if (event.position() <= request->after_position()) continue;
      *response.add_events() = event;
    }
    writer->Write(response);
    return Status(grpc::StatusCode::UNAVAILABLE, "stopping");
  }

 private:
  FakeIncidentd& fake_;
};

class FakeIncidentd::Candidates final : public v1::CandidateService::Service {
 public:
  explicit Candidates(FakeIncidentd* fake) : fake_(*fake) {}

  Status GetCandidate(ServerContext*, const v1::GetCandidateRequest* request,
                      v1::GetCandidateResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (const v1::Candidate& candidate : fake_.candidates_) {
      if (candidate.candidate_id() != request->candidate_id()) continue;
      *response->mutable_candidate() = candidate;
      return Status::OK;
    }
    return NotFound("no candidate " + request->candidate_id());
  }

  Status ListCandidates(ServerContext*,
                        const v1::ListCandidatesRequest* request,
                        v1::ListCandidatesResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    std::vector<v1::Candidate> found;
    for (v1::Candidate candidate : fake_.candidates_) {
      if (!Allows(request->states(), candidate.state())) continue;
      candidate.clear_events();
      candidate.clear_ranked_changes();
      found.push_back(std::move(candidate));
    }
    for (const v1::Candidate& candidate :
         Page(found, *request, response->mutable_next_page_token())) {
      *response->add_candidates() = candidate;
    }
    return Status::OK;
  }

  Status WatchCandidates(
      ServerContext*, const v1::WatchCandidatesRequest*,
      grpc::ServerWriter<v1::WatchCandidatesResponse>* writer) override {
    absl::MutexLock lock(&fake_.mutex_);
    v1::WatchCandidatesResponse response;
    for (const v1::Candidate& candidate : fake_.candidates_) {
      *response.mutable_candidate() = candidate;
      response.set_position(response.position() + 1);
      writer->Write(response);
    }
    return Status(grpc::StatusCode::UNAVAILABLE, "stopping");
  }

  Status DismissCandidate(ServerContext*,
                          const v1::DismissCandidateRequest* request,
                          v1::DismissCandidateResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (v1::Candidate& candidate : fake_.candidates_) {
      if (candidate.candidate_id() != request->candidate_id()) continue;
      candidate.set_state(v1::CANDIDATE_STATE_DISMISSED);
      candidate.set_decided_by(request->author());
      candidate.set_dismiss_reason(request->reason());
      *response->mutable_candidate() = candidate;
      return Status::OK;
    }
    return NotFound("no candidate " + request->candidate_id());
  }

  // As if assemblerd were there and took it up at once; lines have no repeats.
  Status SplitCandidate(ServerContext*,
                        const v1::SplitCandidateRequest* request,
                        v1::SplitCandidateResponse* response) override {
    fake_.requests_.Keep(*request);
    absl::MutexLock lock(&fake_.mutex_);
    for (v1::Candidate& candidate : fake_.candidates_) {
      if (candidate.candidate_id() != request->candidate_id()) continue;
      v1::CandidateSplit& split = *candidate.add_splits();
      split.set_author(request->author());
      split.set_reason(request->reason());
      *split.mutable_taken_event_ids() = request->event_ids();
      v1::Candidate taken = candidate;
      taken.clear_events();
      taken.clear_splits();
      taken.set_candidate_id(request->event_ids(0));
      v1::Candidate kept = candidate;
      kept.clear_events();
      for (const v1::CandidateEvent& line : candidate.events()) {
        const bool is_taken =
            std::count(request->event_ids().begin(), request->event_ids().end(),
                       line.event_id()) > 0;
        *(is_taken ? taken : kept).add_events() = line;
        if (!is_taken) split.add_kept_event_ids(line.event_id());
      }
      *response->mutable_candidate() = candidate;
      *kept.mutable_splits() = candidate.splits();
      if (fake_.assembles_) {
        candidate = kept;
        fake_.candidates_.push_back(taken);
      }
      return Status::OK;
    }
    return NotFound("no candidate " + request->candidate_id());
  }

  Status MergeCandidates(ServerContext*,
                         const v1::MergeCandidatesRequest* request,
                         v1::MergeCandidatesResponse* response) override {
    fake_.requests_.Keep(*request);
    absl::MutexLock lock(&fake_.mutex_);
    v1::CandidateMerge merge;
    merge.set_author(request->author());
    merge.set_reason(request->reason());
    merge.add_candidate_ids(request->candidate_id());
    for (const std::string& id : request->other_candidate_ids()) {
      merge.add_candidate_ids(id);
    }
    for (v1::Candidate& candidate : fake_.candidates_) {
      if (candidate.candidate_id() == request->candidate_id()) {
        *candidate.add_merges() = merge;
        *response->mutable_candidate() = candidate;
      } else if (fake_.assembles_) {
        candidate.set_state(v1::CANDIDATE_STATE_MERGED);
        candidate.set_merged_into_candidate_id(request->candidate_id());
      }
    }
    return Status::OK;
  }

  Status ConfirmChanges(ServerContext*,
                        const v1::ConfirmChangesRequest* request,
                        v1::ConfirmChangesResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (v1::Candidate& candidate : fake_.candidates_) {
      if (candidate.candidate_id() != request->candidate_id()) continue;
      v1::ChangeConfirmation& confirmation = *candidate.mutable_confirmation();
      confirmation.set_author(request->author());
      *confirmation.mutable_contributing_event_ids() =
          request->contributing_event_ids();
      *response->mutable_candidate() = candidate;
      return Status::OK;
    }
    return NotFound("no candidate " + request->candidate_id());
  }

 private:
  FakeIncidentd& fake_;
};

class FakeIncidentd::Learning final : public v1::LearningService::Service {
 public:
  explicit Learning(FakeIncidentd* fake) : fake_(*fake) {}

  grpc::Status Search(grpc::ServerContext*, const v1::SearchRequest* request,
                      v1::SearchResponse* response) override {
    fake_.requests_.Keep(*request);
    absl::MutexLock lock(&fake_.mutex_);
    for (const v1::SearchResult& one : fake::Page(
             fake_.results_, *request, response->mutable_next_page_token())) {
      *response->add_results() = one;
    }
    return grpc::Status::OK;
  }

  grpc::Status FindSimilarIncidents(
      grpc::ServerContext*, const v1::FindSimilarIncidentsRequest* request,
      v1::FindSimilarIncidentsResponse* response) override {
    fake_.requests_.Keep(*request);
    absl::MutexLock lock(&fake_.mutex_);
    bool known = request->candidate_id().empty();
    for (const v1::Candidate& candidate : fake_.candidates_) {
      known = known || candidate.candidate_id() == request->candidate_id();
    }
    if (!known) return fake::NotFound("no such candidate");
    for (const v1::SimilarIncident& one : fake_.similar_) {
      *response->add_incidents() = one;
    }
    return grpc::Status::OK;
  }

  grpc::Status GetInsights(grpc::ServerContext*,
                           const v1::GetInsightsRequest* request,
                           v1::GetInsightsResponse* response) override {
    fake_.requests_.Keep(*request);
    response->set_incident_count(1);
    return grpc::Status::OK;
  }

 private:
  FakeIncidentd& fake_;
};

FakeIncidentd::FakeIncidentd()
    : event_service_(std::make_unique<Events>(this)),
      candidate_service_(std::make_unique<Candidates>(this)),
      learning_service_(std::make_unique<Learning>(this)),
      incidents_(&requests_,
                 [this](const std::string& id) { return Promote(id); }),
      reviews_(&requests_, &incidents_) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(event_service_.get());
  builder.RegisterService(candidate_service_.get());
  builder.RegisterService(learning_service_.get());
  builder.RegisterService(&incidents_);
  builder.RegisterService(&reviews_);
  server_ = builder.BuildAndStart();
}

FakeIncidentd::~FakeIncidentd() { server_->Shutdown(); }

std::string FakeIncidentd::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void FakeIncidentd::AddCandidate(const v1::Candidate& candidate) {
  absl::MutexLock lock(&mutex_);
  candidates_.push_back(candidate);
}

void FakeIncidentd::AddResult(const v1::SearchResult& result) {
  absl::MutexLock lock(&mutex_);
  results_.push_back(result);
}

void FakeIncidentd::AddSimilar(const v1::SimilarIncident& similar) {
  absl::MutexLock lock(&mutex_);
  similar_.push_back(similar);
}

std::optional<v1::Candidate> FakeIncidentd::Promote(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  for (v1::Candidate& candidate : candidates_) {
    if (candidate.candidate_id() != id) continue;
    candidate.set_state(v1::CANDIDATE_STATE_PROMOTED);
    return candidate;
  }
  return std::nullopt;
}

v1::EventOutcome FakeIncidentd::AddEvent(const v1::Event& event) {
  v1::EventOutcome outcome;
  if (event.title().empty()) {
    outcome.set_outcome(v1::APPEND_OUTCOME_REFUSED);
    outcome.set_field("title");
    outcome.set_reason("is missing; say what happened");
    return outcome;
  }
  outcome.set_event_id(
      IdToHex(StableId({event.source(), event.source_event_id()})));
  absl::MutexLock lock(&mutex_);
  for (const v1::Event& known : events_) {
    if (known.event_id() != outcome.event_id()) continue;
    outcome.set_outcome(v1::APPEND_OUTCOME_KNOWN);
    outcome.set_position(known.position());
    return outcome;
  }
  outcome.set_outcome(v1::APPEND_OUTCOME_STORED);
  outcome.set_position(events_.size() + 1);
  events_.push_back(event);
  events_.back().set_event_id(outcome.event_id());
  events_.back().set_position(outcome.position());
  return outcome;
}

std::vector<v1::Event> FakeIncidentd::events() {
  absl::MutexLock lock(&mutex_);
  return events_;
}

}  // namespace secondstory::story
