#include "tools/story/fake_incidentd.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace secondstory::story {
namespace {

using grpc::ServerContext;
using grpc::Status;

// As incidentd says that a field is wrong.
Status InvalidField(const std::string& field, const std::string& description) {
  google::rpc::BadRequest bad_request;
  auto* const violation = bad_request.add_field_violations();
  violation->set_field(field);
  violation->set_description(description);
  google::rpc::Status details;
  details.set_code(grpc::StatusCode::INVALID_ARGUMENT);
  details.add_details()->PackFrom(bad_request);
  return Status(grpc::StatusCode::INVALID_ARGUMENT, "the request is wrong",
                details.SerializeAsString());
}

Status NotFound(const std::string& what) {
  return Status(grpc::StatusCode::NOT_FOUND, what);
}

// Cuts one page out of `all`; the token is the index of the next.
template <typename Message, typename Request>
std::vector<Message> Page(const std::vector<Message>& all,
                          const Request& request, std::string* next_token) {
  size_t first = 0;
  (void)absl::SimpleAtoi(request.page_token(), &first);
  const size_t size = request.page_size() == 0 ? 50 : request.page_size();
  const size_t end = std::min(all.size(), first + size);
  if (end < all.size()) *next_token = absl::StrCat(end);
  return {all.begin() + static_cast<std::ptrdiff_t>(std::min(first, end)),
          all.begin() + static_cast<std::ptrdiff_t>(end)};
}

template <typename Values, typename Value>
bool Allows(const Values& values, const Value& value) {
  return values.empty() ||
         std::find(values.begin(), values.end(), value) != values.end();
}

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

 private:
  FakeIncidentd& fake_;
};

class FakeIncidentd::Incidents final : public v1::IncidentService::Service {
 public:
  explicit Incidents(FakeIncidentd* fake) : fake_(*fake) {}

  Status GetIncident(ServerContext*, const v1::GetIncidentRequest* request,
                     v1::GetIncidentResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (const v1::Incident& incident : fake_.incidents_) {
      if (incident.incident_id() != request->incident_id()) continue;
      *response->mutable_incident() = incident;
      return Status::OK;
    }
    return NotFound("no incident " + request->incident_id());
  }

  Status ListIncidents(ServerContext*, const v1::ListIncidentsRequest* request,
                       v1::ListIncidentsResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (const v1::Incident& incident : Page(
             fake_.incidents_, *request, response->mutable_next_page_token())) {
      *response->add_incidents() = incident;
    }
    return Status::OK;
  }

  Status PromoteCandidate(ServerContext*,
                          const v1::PromoteCandidateRequest* request,
                          v1::PromoteCandidateResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (v1::Candidate& candidate : fake_.candidates_) {
      if (candidate.candidate_id() != request->candidate_id()) continue;
      candidate.set_state(v1::CANDIDATE_STATE_PROMOTED);
      v1::Incident* const incident = response->mutable_incident();
      incident->set_incident_id(IdToHex(StableId({candidate.candidate_id()})));
      incident->set_title(request->title().empty() ? candidate.title()
                                                   : request->title());
      incident->set_created_by(request->author());
      incident->set_state(v1::INCIDENT_STATE_OPEN);
      incident->add_candidate_ids(candidate.candidate_id());
      fake_.incidents_.push_back(*incident);
      return Status::OK;
    }
    return NotFound("no candidate " + request->candidate_id());
  }

  Status AddTimelineEntry(ServerContext*,
                          const v1::AddTimelineEntryRequest* request,
                          v1::AddTimelineEntryResponse* response) override {
    if (request->entry().title().empty()) {
      return InvalidField("entry.title",
                          "is missing; expected 1 to 1,024 bytes");
    }
    absl::MutexLock lock(&fake_.mutex_);
    *response->mutable_entry() = request->entry();
    response->mutable_entry()->set_author(request->author());
    fake_.entries_.push_back(response->entry());
    return Status::OK;
  }

  Status GetTimeline(ServerContext*, const v1::GetTimelineRequest* request,
                     v1::GetTimelineResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (const v1::TimelineEntry& entry :
         Page(fake_.entries_, *request, response->mutable_next_page_token())) {
      *response->add_entries() = entry;
    }
    return Status::OK;
  }

 private:
  FakeIncidentd& fake_;
};

FakeIncidentd::FakeIncidentd()
    : event_service_(std::make_unique<Events>(this)),
      candidate_service_(std::make_unique<Candidates>(this)),
      incident_service_(std::make_unique<Incidents>(this)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(event_service_.get());
  builder.RegisterService(candidate_service_.get());
  builder.RegisterService(incident_service_.get());
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

void FakeIncidentd::AddIncident(const v1::Incident& incident) {
  absl::MutexLock lock(&mutex_);
  incidents_.push_back(incident);
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
