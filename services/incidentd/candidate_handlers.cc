#include "services/incidentd/candidate_handlers.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "base/wire_fields.h"
#include "services/incidentd/candidate_decisions.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/transaction.h"
#include "services/incidentd/validator.h"
#include "storage/record_view.h"

namespace secondstory::incidentd {
namespace {

// Begins what a confirmation says of its revision, and no other sentence.
constexpr absl::string_view kConfirmed = "confirmed: ";

bool WasDecided(v1::CandidateState state) {
  return state == v1::CANDIDATE_STATE_PROMOTED ||
         state == v1::CANDIDATE_STATE_DISMISSED;
}

// A candidate as its submitter says it, to compare what two revisions say.
// Its differences follow from the rest.
std::string Content(v1::Candidate candidate) {
  candidate.clear_revision();
  candidate.clear_submit_time();
  candidate.clear_differences();
  return candidate.SerializeAsString();
}

absl::StatusOr<std::optional<v1::Candidate>> FindCandidate(
    const storage::Store& store, const std::string& id) {
  absl::StatusOr<v1::Candidate> stored = store.GetCandidate(IdFromHex(id));
  if (absl::IsNotFound(stored.status())) return std::optional<v1::Candidate>();
  SS_RETURN_IF_ERROR(stored.status());
  return std::optional<v1::Candidate>(*std::move(stored));
}

FindStoredEvent FinderOf(const storage::Log* log, const storage::Store& store) {
  return [log, &store](const std::string& event_id)
             -> absl::StatusOr<std::optional<v1::Event>> {
    SS_ASSIGN_OR_RETURN(const auto position,
                        log->FindEvent(Id(IdFromHex(event_id))));
    if (!position.has_value()) return std::optional<v1::Event>();
    SS_ASSIGN_OR_RETURN(v1::Event event, store.GetEvent(*position));
    return std::optional<v1::Event>(std::move(event));
  };
}

// Whether `submitted` says that `stored` goes on in another candidate from now
// on. A promoted one stays promoted, and has no lines of its own any more.
bool BeginsToGoOnElsewhere(const v1::Candidate& stored,
                           const v1::Candidate& submitted) {
  if (submitted.state() != v1::CANDIDATE_STATE_MERGED) return false;
  return stored.state() == v1::CANDIDATE_STATE_PROMOTED
             ? !stored.events().empty()
             : stored.merged_into_candidate_id() !=
                   submitted.merged_into_candidate_id();
}

// What becomes of a promoted candidate that goes on in another.
struct GoingOn {
  // The incident goes on there, too, so that nothing is lost with the lines.
  bool may_store = false;
  // What has to be done for that.
  std::optional<v1::PromoteCandidateRequest> promotion;
};

// Neither, where people decided otherwise of the other one, or the incident
// takes nothing more: then the lines stay where they are.
absl::StatusOr<GoingOn> GoOn(const v1::Candidate& promoted,
                             const std::string& into_id,
                             const storage::Store& store) {
  GoingOn going_on;
  SS_ASSIGN_OR_RETURN(const std::optional<v1::Candidate> into,
                      FindCandidate(store, into_id));
  if (!into.has_value()) return going_on;
  const absl::StatusOr<v1::Incident> incident =
      ShownIncident(store, promoted.incident_id());
  // What is not there, or goes on nowhere, came with an import.
  if (absl::IsNotFound(incident.status()) ||
      absl::IsFailedPrecondition(incident.status())) {
    return going_on;
  }
  SS_RETURN_IF_ERROR(incident.status());
  if (into->state() == v1::CANDIDATE_STATE_PROMOTED) {
    const absl::StatusOr<v1::Incident> other =
        ShownIncident(store, into->incident_id());
    going_on.may_store =
        other.ok() && other->incident_id() == incident->incident_id();
  } else if (into->state() == v1::CANDIDATE_STATE_OPEN ||
             into->state() == v1::CANDIDATE_STATE_QUIET) {
    going_on.promotion.emplace();
    going_on.promotion->set_candidate_id(into_id);
    going_on.promotion->set_incident_id(incident->incident_id());
    going_on.promotion->set_author(promoted.decided_by());
  }
  return going_on;
}

// The next revision of the candidate in which `stored` goes on, with what
// people found of `stored`; nothing when that one says so already.
absl::StatusOr<std::optional<v1::Candidate>> MoveConfirmation(
    const v1::Candidate& stored, const std::string& into_id,
    const storage::Store& store, const FindStoredEvent& find_event,
    int64_t now_micros) {
  SS_ASSIGN_OR_RETURN(std::optional<v1::Candidate> into,
                      FindCandidate(store, into_id));
  if (into.has_value()) into = TakeOverConfirmation(stored, *into, now_micros);
  if (into.has_value()) {
    SS_ASSIGN_OR_RETURN(const std::vector<v1::Event> changes,
                        ReadConfirmed(*into, find_event));
    ListContributing(changes, &*into);
  }
  return into;
}

// Each candidate of a stretch of the log as one response.
absl::StatusOr<std::deque<grpc::ByteBuffer>> EncodeCandidates(
    const storage::LogBytes& page, bool caught_up) {
  std::deque<grpc::ByteBuffer> responses;
  for (const auto& [position, bytes] : page.records) {
    SS_ASSIGN_OR_RETURN(const storage::RecordView view,
                        storage::ViewRecord(bytes));
    if (view.event.has_value()) continue;
    SS_ASSIGN_OR_RETURN(stored::v1::Record record, storage::ParseRecord(bytes));
    if (!record.has_candidate()) continue;
    v1::WatchCandidatesResponse response;
    *response.mutable_candidate() =
        std::move(*record.mutable_candidate()->mutable_candidate());
    response.set_position(position);
    response.set_caught_up(caught_up && position == page.last);
    responses.push_back(SerializeMessage(response));
  }
  return responses;
}

grpc::ByteBuffer CandidateHeartbeat(storage::Position position,
                                    bool caught_up) {
  v1::WatchCandidatesResponse response;
  response.set_position(position);
  response.set_caught_up(caught_up);
  return SerializeMessage(response);
}

uint32_t PageSize(uint32_t asked) {
  return asked == 0 ? limits::kListPageDefault
                    : std::min(asked, limits::kListPageMax);
}

}  // namespace

CandidateCensus::CandidateCensus(Metrics* metrics) : gauges_{} {
  for (int state = 1; state < v1::CandidateState_ARRAYSIZE; ++state) {
    const std::string name =
        v1::CandidateState_Name(static_cast<v1::CandidateState>(state));
    gauges_[state] = metrics->AddGauge(
        "secondstory_storage_candidates", "Stored candidates, by state.",
        {{"state",
          absl::AsciiStrToLower(absl::StripPrefix(name, "CANDIDATE_STATE_"))}});
  }
}

absl::Status CandidateCensus::Load(const storage::Store& store) {
  storage::CandidateQuery query;
  query.limit = 1000;
  while (true) {
    SS_ASSIGN_OR_RETURN(const storage::Page<storage::ListedCandidate> page,
                        store.ListCandidates(query));
    for (const storage::ListedCandidate& candidate : page.items) {
      Move(v1::CANDIDATE_STATE_UNSPECIFIED, candidate.state);
    }
    if (!page.more) return absl::OkStatus();
    query.after = page.items.back().place;
  }
}

void CandidateCensus::Move(v1::CandidateState from, v1::CandidateState to) {
  if (from != v1::CANDIDATE_STATE_UNSPECIFIED) gauges_[from]->Decrement();
  if (to != v1::CANDIDATE_STATE_UNSPECIFIED) gauges_[to]->Increment();
}

std::optional<v1::Candidate> Revise(const std::optional<v1::Candidate>& stored,
                                    v1::Candidate submitted, int64_t now_micros,
                                    const std::vector<v1::Event>& changes) {
  submitted.clear_incident_id();
  submitted.clear_decided_by();
  submitted.clear_dismiss_reason();
  submitted.clear_confirmation();
  submitted.clear_splits();
  submitted.clear_merges();
  if (stored.has_value()) {
    if (stored->has_confirmation()) {
      *submitted.mutable_confirmation() = stored->confirmation();
    }
    *submitted.mutable_splits() = stored->splits();
    *submitted.mutable_merges() = stored->merges();
  }
  ListContributing(changes, &submitted);
  if (stored.has_value() && WasDecided(stored->state())) {
    submitted.set_state(stored->state());
    submitted.clear_merged_into_candidate_id();
    submitted.set_incident_id(stored->incident_id());
    submitted.set_decided_by(stored->decided_by());
    submitted.set_dismiss_reason(stored->dismiss_reason());
  }
  if (stored.has_value() && Content(*stored) == Content(submitted)) {
    return std::nullopt;
  }
  submitted.set_revision(stored.has_value() ? stored->revision() + 1 : 1);
  *submitted.mutable_submit_time() = FromMicros(now_micros);
  return submitted;
}

std::optional<v1::Candidate> Confirm(const v1::Candidate& stored,
                                     const v1::ConfirmChangesRequest& request,
                                     int64_t now_micros,
                                     const std::vector<v1::Event>& changes) {
  const std::set<std::string> ids(request.contributing_event_ids().begin(),
                                  request.contributing_event_ids().end());
  v1::ChangeConfirmation confirmation;
  confirmation.mutable_contributing_event_ids()->Add(ids.begin(), ids.end());
  if (stored.has_confirmation() &&
      std::equal(ids.begin(), ids.end(),
                 stored.confirmation().contributing_event_ids().begin(),
                 stored.confirmation().contributing_event_ids().end())) {
    return std::nullopt;
  }
  confirmation.set_author(request.author());
  *confirmation.mutable_confirm_time() = FromMicros(now_micros);
  v1::Candidate next = stored;
  *next.mutable_confirmation() = std::move(confirmation);
  ListContributing(changes, &next);
  next.set_revision(stored.revision() + 1);
  next.clear_differences();
  next.add_differences(
      ids.empty() ? absl::StrCat(kConfirmed, "no change contributed")
      : ids.size() == 1
          ? absl::StrCat(kConfirmed, "1 change contributed")
          : absl::StrCat(kConfirmed, ids.size(), " changes contributed"));
  *next.mutable_submit_time() = FromMicros(now_micros);
  return next;
}

stored::v1::Record CandidateRecordOf(const std::optional<v1::Candidate>& stored,
                                     const v1::Candidate& next,
                                     v1::DecisionKind decision) {
  stored::v1::Record record;
  *record.mutable_candidate()->mutable_candidate() = next;
  record.mutable_candidate()->set_decision(decision);
  if (stored.has_value() &&
      ToMicros(stored->onset_time()) != ToMicros(next.onset_time())) {
    record.mutable_candidate()->set_previous_onset_micros(
        ToMicros(stored->onset_time()));
  }
  return record;
}

v1::DecisionKind DecisionOf(const stored::v1::CandidateRecord& record) {
  if (record.decision() != v1::DECISION_KIND_UNSPECIFIED) {
    return record.decision();
  }
  const v1::Candidate& candidate = record.candidate();
  return candidate.has_confirmation() && candidate.differences_size() == 1 &&
                 absl::StartsWith(candidate.differences(0), kConfirmed)
             ? v1::DECISION_KIND_CONFIRMED
             : v1::DECISION_KIND_UNSPECIFIED;
}

CandidateHandlers::CandidateHandlers(
    storage::Log* log, const storage::Store* store, WatchHub* hub,
    CandidateCensus* census, PromoteCandidate promote,
    std::function<void(const std::string&)> on_promoted_revision)
    : log_(log),
      store_(store),
      hub_(hub),
      census_(census),
      promote_(std::move(promote)),
      on_promoted_revision_(std::move(on_promoted_revision)) {}

void CandidateHandlers::Submit(
    v1::SubmitCandidateRequest request,
    std::function<void(absl::StatusOr<v1::SubmitCandidateResponse>)> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  struct Outcome {
    v1::SubmitCandidateResponse response;
    v1::CandidateState from = v1::CANDIDATE_STATE_UNSPECIFIED;
    v1::CandidateState to = v1::CANDIDATE_STATE_UNSPECIFIED;
    std::string incident_id;
    std::optional<v1::PromoteCandidateRequest> promotion;
  };
  auto outcome = std::make_shared<Outcome>();
  const std::string id = request.candidate().candidate_id();
  const std::string into_id = request.candidate().merged_into_candidate_id();
  std::vector<std::string> objects = {CandidateObject(id)};
  if (!into_id.empty()) objects.push_back(CandidateObject(into_id));
  const auto shared =
      std::make_shared<const v1::SubmitCandidateRequest>(std::move(request));
  log_->Transact(
      std::move(objects),
      [this, outcome, shared, id, into_id](
          const storage::Store& store,
          int64_t now_micros) -> absl::StatusOr<Records> {
        const v1::Candidate& submitted = shared->candidate();
        SS_ASSIGN_OR_RETURN(const std::optional<v1::Candidate> stored,
                            FindCandidate(store, id));
        const bool goes_on =
            stored.has_value() && BeginsToGoOnElsewhere(*stored, submitted);
        if (goes_on && stored->state() == v1::CANDIDATE_STATE_PROMOTED) {
          SS_ASSIGN_OR_RETURN(const GoingOn going_on,
                              GoOn(*stored, into_id, store));
          if (!going_on.may_store) {
            outcome->response.set_revision(stored->revision());
            outcome->promotion = going_on.promotion;
            return Records();
          }
        }
        std::vector<v1::Event> changes;
        // One that was merged has no lines.
        if (stored.has_value() && !submitted.events().empty()) {
          SS_ASSIGN_OR_RETURN(changes,
                              ReadConfirmed(*stored, FinderOf(log_, store)));
        }
        const std::optional<v1::Candidate> next =
            Revise(stored, submitted, now_micros, changes);
        if (!next.has_value()) {
          outcome->response.set_revision(stored->revision());
          return Records();
        }
        outcome->response.set_revision(next->revision());
        outcome->response.set_stored(true);
        if (stored.has_value()) outcome->from = stored->state();
        outcome->to = next->state();
        outcome->incident_id = next->incident_id();
        Records records = {CandidateRecordOf(stored, *next)};
        // Once only: what is confirmed there later replaces it.
        if (goes_on && stored->has_confirmation()) {
          SS_ASSIGN_OR_RETURN(
              const std::optional<v1::Candidate> into,
              MoveConfirmation(*stored, into_id, store, FinderOf(log_, store),
                               now_micros));
          if (into.has_value()) {
            records.push_back(CandidateRecordOf(into, *into));
            outcome->incident_id = into->incident_id();
          }
        }
        return records;
      },
      [this, outcome, shared,
       done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        if (outcome->promotion.has_value()) {
          return promote_(
              *outcome->promotion,
              [this, outcome, shared,
               done](const absl::StatusOr<v1::PromoteCandidateResponse>& now) {
                if (now.ok()) return Submit(*shared, done);
                // The incident takes nothing more.
                if (absl::IsFailedPrecondition(now.status())) {
                  return done(outcome->response);
                }
                done(now.status());
              });
        }
        census_->Move(outcome->from, outcome->to);
        if (!outcome->incident_id.empty()) {
          on_promoted_revision_(outcome->incident_id);
        }
        done(std::move(outcome->response));
      });
}

void CandidateHandlers::Dismiss(
    v1::DismissCandidateRequest request,
    std::function<void(absl::StatusOr<v1::DismissCandidateResponse>)> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  auto response = std::make_shared<v1::DismissCandidateResponse>();
  auto from = std::make_shared<v1::CandidateState>();
  log_->Transact(
      {CandidateObject(request.candidate_id())},
      [response, from, request](const storage::Store& store, int64_t now_micros)
          -> absl::StatusOr<std::vector<stored::v1::Record>> {
        SS_ASSIGN_OR_RETURN(
            const v1::Candidate stored,
            store.GetCandidate(IdFromHex(request.candidate_id())));
        *from = stored.state();
        *response->mutable_candidate() = stored;
        if (stored.state() == v1::CANDIDATE_STATE_DISMISSED) {
          return std::vector<stored::v1::Record>();
        }
        if (stored.state() == v1::CANDIDATE_STATE_PROMOTED) {
          return absl::FailedPreconditionError(
              absl::StrCat("candidate ", stored.candidate_id(),
                           " was promoted to incident ", stored.incident_id()));
        }
        if (stored.state() == v1::CANDIDATE_STATE_MERGED) {
          return absl::FailedPreconditionError(absl::StrCat(
              "candidate ", stored.candidate_id(), " was merged into ",
              stored.merged_into_candidate_id(), "; dismiss that one"));
        }
        v1::Candidate* next = response->mutable_candidate();
        next->set_state(v1::CANDIDATE_STATE_DISMISSED);
        next->set_decided_by(request.author());
        next->set_dismiss_reason(request.reason());
        next->set_revision(stored.revision() + 1);
        next->clear_differences();
        next->add_differences("dismissed");
        *next->mutable_submit_time() = FromMicros(now_micros);
        return std::vector<stored::v1::Record>{
            CandidateRecordOf(stored, *next, v1::DECISION_KIND_DISMISSED)};
      },
      [this, response, from,
       done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        census_->Move(*from, response->candidate().state());
        done(std::move(*response));
      });
}

void CandidateHandlers::Confirm(v1::ConfirmChangesRequest request,
                                Done<v1::ConfirmChangesResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  Transact<v1::ConfirmChangesResponse>(
      log_, {CandidateObject(request.candidate_id())},
      [this, request](
          const storage::Store& store, int64_t now_micros,
          v1::ConfirmChangesResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Candidate stored,
            store.GetCandidate(IdFromHex(request.candidate_id())));
        if (stored.state() == v1::CANDIDATE_STATE_MERGED) {
          return absl::FailedPreconditionError(absl::StrCat(
              "candidate ", stored.candidate_id(), " was merged into ",
              stored.merged_into_candidate_id(), "; confirm for that one"));
        }
        SS_ASSIGN_OR_RETURN(const std::vector<v1::Event> changes,
                            ReadChanges(request, FinderOf(log_, store)));
        const std::optional<v1::Candidate> next =
            incidentd::Confirm(stored, request, now_micros, changes);
        *response->mutable_candidate() = next.value_or(stored);
        if (!next.has_value()) return Records();
        return Records{
            CandidateRecordOf(stored, *next, v1::DECISION_KIND_CONFIRMED)};
      },
      std::move(done));
}

void CandidateHandlers::Split(v1::SplitCandidateRequest request,
                              Done<v1::SplitCandidateResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  Transact<v1::SplitCandidateResponse>(
      log_, {CandidateObject(request.candidate_id())},
      [this, request](
          const storage::Store& store, int64_t now_micros,
          v1::SplitCandidateResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Candidate stored,
            store.GetCandidate(IdFromHex(request.candidate_id())));
        SS_ASSIGN_OR_RETURN(const std::optional<v1::Candidate> next,
                            incidentd::Split(stored, request, now_micros,
                                             FinderOf(log_, store)));
        *response->mutable_candidate() = next.value_or(stored);
        if (!next.has_value()) return Records();
        return Records{
            CandidateRecordOf(stored, *next, v1::DECISION_KIND_SPLIT)};
      },
      std::move(done));
}

void CandidateHandlers::Merge(v1::MergeCandidatesRequest request,
                              Done<v1::MergeCandidatesResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  std::vector<std::string> ids = {request.candidate_id()};
  for (const std::string& id : request.other_candidate_ids()) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  std::vector<std::string> objects;
  for (const std::string& id : ids) objects.push_back(CandidateObject(id));
  Transact<v1::MergeCandidatesResponse>(
      log_, std::move(objects),
      [ids, request](
          const storage::Store& store, int64_t now_micros,
          v1::MergeCandidatesResponse* response) -> absl::StatusOr<Records> {
        std::vector<v1::Candidate> stored;
        for (const std::string& id : ids) {
          SS_ASSIGN_OR_RETURN(stored.emplace_back(),
                              store.GetCandidate(IdFromHex(id)));
        }
        SS_ASSIGN_OR_RETURN(const std::vector<v1::Candidate> merged,
                            incidentd::Merge(stored, request, now_micros));
        *response->mutable_candidate() =
            merged.empty() ? stored.front() : merged.front();
        Records records;
        for (size_t i = 0; i < merged.size(); ++i) {
          records.push_back(CandidateRecordOf(stored[i], merged[i],
                                              v1::DECISION_KIND_MERGED));
        }
        return records;
      },
      std::move(done));
}

absl::StatusOr<v1::GetCandidateResponse> CandidateHandlers::Get(
    const v1::GetCandidateRequest& request) const {
  if (const auto wrong = CheckId("candidate_id", request.candidate_id());
      !wrong.empty()) {
    return BadRequest(wrong);
  }
  const std::string id = IdFromHex(request.candidate_id());
  v1::GetCandidateResponse response;
  SS_ASSIGN_OR_RETURN(*response.mutable_candidate(),
                      request.revision() == 0
                          ? store_->GetCandidate(id)
                          : store_->GetCandidate(id, request.revision()));
  return response;
}

absl::StatusOr<grpc::ByteBuffer> CandidateHandlers::List(
    const v1::ListCandidatesRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  storage::CandidateQuery query;
  if (request.has_start_time()) {
    query.onset.start_micros = ToMicros(request.start_time());
  }
  if (request.has_end_time()) {
    query.onset.end_micros = ToMicros(request.end_time());
  }
  for (const int state : request.states()) {
    query.states.push_back(static_cast<v1::CandidateState>(state));
  }
  if (query.states.empty()) {
    query.states = {v1::CANDIDATE_STATE_OPEN, v1::CANDIDATE_STATE_QUIET,
                    v1::CANDIDATE_STATE_PROMOTED,
                    v1::CANDIDATE_STATE_DISMISSED};
  }
  query.services.assign(request.services().begin(), request.services().end());
  query.limit = PageSize(request.page_size());
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  if (place.has_value()) query.after = {place->micros, IdFromHex(place->rest)};
  SS_ASSIGN_OR_RETURN(const storage::Page<storage::ListedCandidate> page,
                      store_->ListCandidates(query));
  std::string response;
  for (const storage::ListedCandidate& candidate : page.items) {
    AppendBytesField(v1::ListCandidatesResponse::kCandidatesFieldNumber,
                     candidate.bytes, &response);
  }
  if (page.more) {
    const auto& [onset_micros, id] = page.items.back().place;
    v1::ListCandidatesResponse rest;
    rest.set_next_page_token(
        MakePageToken(FiltersOf(request), {onset_micros, IdToHex(id)}));
    rest.AppendToString(&response);
  }
  const grpc::Slice slice(response);
  return grpc::ByteBuffer(&slice, 1);
}

void CandidateHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.CandidateService/";
  server->AddAsync<v1::SubmitCandidateRequest, v1::SubmitCandidateResponse>(
      service + "SubmitCandidate", [this](auto request, auto done) {
        Submit(std::move(request), std::move(done));
      });
  server->AddAsync<v1::DismissCandidateRequest, v1::DismissCandidateResponse>(
      service + "DismissCandidate", [this](auto request, auto done) {
        Dismiss(std::move(request), std::move(done));
      });
  server->AddAsync<v1::ConfirmChangesRequest, v1::ConfirmChangesResponse>(
      service + "ConfirmChanges", [this](auto request, auto done) {
        Confirm(std::move(request), std::move(done));
      });
  server->AddAsync<v1::SplitCandidateRequest, v1::SplitCandidateResponse>(
      service + "SplitCandidate", [this](auto request, auto done) {
        Split(std::move(request), std::move(done));
      });
  server->AddAsync<v1::MergeCandidatesRequest, v1::MergeCandidatesResponse>(
      service + "MergeCandidates", [this](auto request, auto done) {
        Merge(std::move(request), std::move(done));
      });
  server->AddRead<v1::GetCandidateRequest, v1::GetCandidateResponse>(
      service + "GetCandidate", [this](const auto& r) { return Get(r); });
  server->AddRead<v1::ListCandidatesRequest, grpc::ByteBuffer>(
      service + "ListCandidates", [this](const auto& r) { return List(r); });
  server->AddStreaming(
      service + "WatchCandidates",
      [this](const grpc::ByteBuffer& bytes, std::shared_ptr<RpcStream> stream) {
        v1::WatchCandidatesRequest request;
        const absl::Status parsed = ParseMessage(bytes, &request);
        if (!parsed.ok()) return stream->Finish(parsed);
        hub_->Follow(
            std::move(stream),
            {request.after_position(), ToDuration(request.heartbeat_interval()),
             EncodeCandidates, CandidateHeartbeat});
      });
}

}  // namespace secondstory::incidentd
