#include "services/incidentd/incident_handlers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "review/lifecycle.h"
#include "services/incidentd/incident_change.h"
#include "services/incidentd/incident_validator.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/validator.h"

namespace secondstory::incidentd {
namespace {

constexpr const char* kTimes[] = {"start_time",       "detect_time",
                                  "acknowledge_time", "mitigate_time",
                                  "resolve_time",     "review_due_time"};

void ClearOutputOnly(v1::Incident* incident) {
  incident->clear_incident_id();
  incident->clear_etag();
  incident->clear_candidate_ids();
  incident->clear_create_time();
  incident->clear_update_time();
  incident->clear_created_by();
  incident->clear_time_origins();
  incident->clear_publish_time();
  incident->clear_publish_word();
  incident->clear_delete_time();
  incident->clear_merged_into_incident_id();
  incident->clear_merged_incident_ids();
  incident->clear_split_from_incident_id();
  incident->clear_attached_event_ids();
  incident->clear_detached_event_ids();
  incident->clear_severity_name();
}

// A new incident as a person described it.
v1::Incident NewIncident(const v1::CreateIncidentRequest& request,
                         const SeverityPolicy& policy, int64_t now_micros) {
  v1::Incident incident = request.incident();
  ClearOutputOnly(&incident);
  if (incident.state() == v1::INCIDENT_STATE_UNSPECIFIED) {
    incident.set_state(v1::INCIDENT_STATE_OPEN);
  }
  if (incident.kind() == v1::INCIDENT_KIND_UNSPECIFIED) {
    incident.set_kind(v1::INCIDENT_KIND_INCIDENT);
  }
  *incident.mutable_create_time() = FromMicros(now_micros);
  incident.set_created_by(request.author());
  for (const char* field : kTimes) {
    SetByPerson(field, request.author(), now_micros, &incident);
  }
  DeriveReviewDue(policy, now_micros, &incident);
  return incident;
}

// The incident that a candidate becomes.
v1::Incident IncidentOf(const v1::Candidate& candidate,
                        const v1::PromoteCandidateRequest& request,
                        int64_t now_micros) {
  v1::Incident incident;
  incident.set_incident_id(
      IdToHex(StableId({"promoted", candidate.candidate_id()})));
  incident.set_title(request.title().empty() ? candidate.title()
                                             : request.title());
  incident.set_state(v1::INCIDENT_STATE_OPEN);
  incident.set_kind(v1::INCIDENT_KIND_INCIDENT);
  *incident.mutable_services() = candidate.services();
  *incident.mutable_create_time() = FromMicros(now_micros);
  incident.set_created_by(request.author());
  return incident;
}

absl::Status CheckPromotable(const v1::Candidate& candidate,
                             const v1::PromoteCandidateRequest& request) {
  if (candidate.state() == v1::CANDIDATE_STATE_MERGED) {
    return absl::FailedPreconditionError(absl::StrCat(
        "candidate ", candidate.candidate_id(), " was merged into ",
        candidate.merged_into_candidate_id(), "; promote that one"));
  }
  return absl::OkStatus();
}

// What a promoted candidate's incident is; FAILED_PRECONDITION when another
// one was asked for.
absl::StatusOr<v1::Incident> PromotedTo(
    const storage::Store& store, const v1::Candidate& candidate,
    const v1::PromoteCandidateRequest& request) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident,
                      ShownIncident(store, candidate.incident_id()));
  if (!request.incident_id().empty() &&
      request.incident_id() != candidate.incident_id() &&
      request.incident_id() != incident.incident_id()) {
    return absl::FailedPreconditionError(
        absl::StrCat("candidate ", candidate.candidate_id(),
                     " was promoted to incident ", incident.incident_id(),
                     "; merge the two incidents instead (MergeIncidents)"));
  }
  return incident;
}

v1::Candidate Promoted(const v1::Candidate& candidate,
                       const std::string& incident_id,
                       const std::string& author, int64_t now_micros) {
  v1::Candidate next = candidate;
  next.set_state(v1::CANDIDATE_STATE_PROMOTED);
  next.set_incident_id(incident_id);
  next.set_decided_by(author);
  next.clear_dismiss_reason();
  next.set_revision(candidate.revision() + 1);
  next.clear_differences();
  next.add_differences("promoted to an incident");
  *next.mutable_submit_time() = FromMicros(now_micros);
  return next;
}

bool IsOneOf(const std::string& path, std::initializer_list<const char*> all) {
  return absl::c_linear_search(all, path);
}

}  // namespace

void IncidentHandlers::Create(v1::CreateIncidentRequest request,
                              Done<v1::CreateIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id =
      NewId("incident", request.author(), request.request_id());
  Transact<v1::CreateIncidentResponse>(
      log_, {IncidentObject(id)},
      [this, id, request = std::move(request)](
          const storage::Store& store, int64_t now_micros,
          v1::CreateIncidentResponse* response) -> absl::StatusOr<Records> {
        v1::Incident* incident = response->mutable_incident();
        absl::StatusOr<v1::Incident> stored = store.GetIncident(IdFromHex(id));
        if (stored.ok()) {
          *incident = *std::move(stored);
          policy_->Name(incident);
          return Records();
        }
        if (!absl::IsNotFound(stored.status())) return stored.status();
        *incident = NewIncident(request, *policy_, now_micros);
        incident->set_incident_id(id);
        Touch(now_micros, incident);
        Records records = {
            IncidentRecordOf(nullptr, *incident, request.author())};
        policy_->Name(incident);
        return records;
      },
      std::move(done));
}

void IncidentHandlers::Update(v1::UpdateIncidentRequest request,
                              Done<v1::UpdateIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id = request.incident().incident_id();
  Transact<v1::UpdateIncidentResponse>(
      log_, {IncidentObject(id)},
      [this, id, request = std::move(request)](
          const storage::Store& store, int64_t now_micros,
          v1::UpdateIncidentResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            ReadForChange(store, id, request.etag()));
        v1::Incident* next = response->mutable_incident();
        *next = stored;
        TakeFields(request.incident(), request.update_mask().paths(), next);
        const review::Incident changed = ToIncident(*next);
        SS_RETURN_IF_ERROR(review::CheckTransition(
            ToState(stored.state()), changed.state, review::Mover::kUpdate));
        if (!next->facilitator().empty()) {
          SS_RETURN_IF_ERROR(review::CheckFacilitator(changed));
        }
        bool moves_due = false, sets_time = false;
        for (const std::string& path : request.update_mask().paths()) {
          if (absl::c_linear_search(kTimes, path)) {
            SetByPerson(path, request.author(), now_micros, next);
            sets_time = true;
          }
          moves_due |= IsOneOf(
              path, {"state", "severity", "resolve_time", "review_due_time"});
        }
        if (sets_time) SS_RETURN_IF_ERROR(review::CheckTimes(changed));
        if (moves_due) DeriveReviewDue(*policy_, now_micros, next);
        Touch(now_micros, next);
        Records records = {IncidentRecordOf(&stored, *next, request.author())};
        policy_->Name(next);
        return records;
      },
      std::move(done));
}

void IncidentHandlers::Delete(v1::DeleteIncidentRequest request,
                              Done<v1::DeleteIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id = request.incident_id();
  Transact<v1::DeleteIncidentResponse>(
      log_, {IncidentObject(id)},
      [this, id, request = std::move(request)](
          const storage::Store& store, int64_t now_micros,
          v1::DeleteIncidentResponse* response) -> absl::StatusOr<Records> {
        v1::Incident* next = response->mutable_incident();
        SS_ASSIGN_OR_RETURN(*next, store.GetIncident(IdFromHex(id)));
        if (next->has_delete_time()) {
          policy_->Name(next);
          return Records();
        }
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            ReadForChange(store, id, request.etag()));
        *next->mutable_delete_time() = FromMicros(now_micros);
        Touch(now_micros, next);
        Records records = {IncidentRecordOf(&stored, *next, request.author(),
                                            request.reason())};
        policy_->Name(next);
        return records;
      },
      std::move(done));
}

void IncidentHandlers::Restore(v1::RestoreIncidentRequest request,
                               Done<v1::RestoreIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id = request.incident_id();
  Transact<v1::RestoreIncidentResponse>(
      log_, {IncidentObject(id)},
      [this, id, request = std::move(request)](
          const storage::Store& store, int64_t now_micros,
          v1::RestoreIncidentResponse* response) -> absl::StatusOr<Records> {
        v1::Incident* next = response->mutable_incident();
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            store.GetIncident(IdFromHex(id)));
        *next = stored;
        policy_->Name(next);
        if (!stored.has_delete_time()) return Records();
        SS_RETURN_IF_ERROR(CheckEtag("incident", stored, request.etag()));
        next->clear_delete_time();
        Touch(now_micros, next);
        Records records = {IncidentRecordOf(&stored, *next, request.author())};
        policy_->Name(next);
        return records;
      },
      std::move(done));
}

void IncidentHandlers::Promote(v1::PromoteCandidateRequest request,
                               Done<v1::PromoteCandidateResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string promoted_id =
      request.incident_id().empty()
          ? IdToHex(StableId({"promoted", request.candidate_id()}))
          : request.incident_id();
  auto from = std::make_shared<v1::CandidateState>();
  Transact<v1::PromoteCandidateResponse>(
      log_,
      {CandidateObject(request.candidate_id()), IncidentObject(promoted_id)},
      [this, from, promoted_id, request](
          const storage::Store& store, int64_t now_micros,
          v1::PromoteCandidateResponse* response) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Candidate candidate,
            store.GetCandidate(IdFromHex(request.candidate_id())));
        SS_RETURN_IF_ERROR(CheckPromotable(candidate, request));
        *from = candidate.state();
        v1::Incident* incident = response->mutable_incident();
        if (candidate.state() == v1::CANDIDATE_STATE_PROMOTED) {
          SS_ASSIGN_OR_RETURN(*incident, PromotedTo(store, candidate, request));
          policy_->Name(incident);
          return Records();
        }
        std::optional<v1::Incident> stored;
        // Also when none is asked for: an import may have brought it already.
        absl::StatusOr<v1::Incident> there = ReadWritable(store, promoted_id);
        if (there.ok()) {
          stored = *std::move(there);
          *incident = *stored;
        } else if (request.incident_id().empty() &&
                   absl::IsNotFound(there.status())) {
          *incident = IncidentOf(candidate, request, now_micros);
        } else {
          return there.status();
        }
        incident->add_candidate_ids(candidate.candidate_id());
        SS_RETURN_IF_ERROR(DeriveTimes(reader_, now_micros, incident).status());
        if (!incident->has_start_time()) {
          // Nothing on it counts as a symptom; it has an onset all the same.
          *incident->mutable_start_time() = candidate.onset_time();
        }
        DeriveReviewDue(*policy_, now_micros, incident);
        Touch(now_micros, incident);
        Records records = {
            IncidentRecordOf(stored.has_value() ? &*stored : nullptr, *incident,
                             request.author()),
            CandidateRecordOf(candidate,
                              Promoted(candidate, incident->incident_id(),
                                       request.author(), now_micros),
                              v1::DECISION_KIND_PROMOTED)};
        policy_->Name(incident);
        return records;
      },
      [this, from, done = std::move(done)](
          absl::StatusOr<v1::PromoteCandidateResponse> response) {
        if (response.ok()) census_->Move(*from, v1::CANDIDATE_STATE_PROMOTED);
        done(std::move(response));
      });
}

void IncidentHandlers::Refresh(const std::string& incident_id) {
  log_->Transact(
      {IncidentObject(incident_id)},
      [this, incident_id](const storage::Store& store,
                          int64_t now_micros) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            store.GetIncident(IdFromHex(incident_id)));
        if (!CheckWritable(stored).ok()) return Records();
        v1::Incident next = stored;
        SS_ASSIGN_OR_RETURN(const bool changed,
                            DeriveTimes(reader_, now_micros, &next));
        if (!changed) return Records();
        DeriveReviewDue(*policy_, now_micros, &next);
        Touch(now_micros, &next);
        return Records{IncidentRecordOf(&stored, next, "")};
      },
      [](const absl::Status&) {});
}

absl::StatusOr<v1::GetIncidentResponse> IncidentHandlers::Get(
    const v1::GetIncidentRequest& request) const {
  if (const auto wrong = CheckId("incident_id", request.incident_id());
      !wrong.empty()) {
    return BadRequest(wrong);
  }
  v1::GetIncidentResponse response;
  SS_ASSIGN_OR_RETURN(*response.mutable_incident(),
                      store_->GetIncident(IdFromHex(request.incident_id())));
  policy_->Name(response.mutable_incident());
  return response;
}

absl::StatusOr<v1::ListIncidentsResponse> IncidentHandlers::List(
    const v1::ListIncidentsRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  storage::IncidentQuery query;
  if (request.has_start_time()) {
    query.start.start_micros = ToMicros(request.start_time());
  }
  if (request.has_end_time()) {
    query.start.end_micros = ToMicros(request.end_time());
  }
  for (const int state : request.states()) {
    query.states.push_back(static_cast<v1::IncidentState>(state));
  }
  if (query.states.empty()) query.states = ShownStates();
  query.services.assign(request.services().begin(), request.services().end());
  query.tags.assign(request.tags().begin(), request.tags().end());
  query.with_deleted = request.with_deleted();
  query.limit = request.page_size() == 0
                    ? limits::kListPageDefault
                    : std::min(request.page_size(), limits::kListPageMax);
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  if (place.has_value()) query.after = {place->micros, IdFromHex(place->rest)};
  SS_ASSIGN_OR_RETURN(storage::Page<v1::Incident> page,
                      store_->ListIncidents(query));
  v1::ListIncidentsResponse response;
  // A page of large incidents ends early rather than not at all.
  size_t bytes = 0;
  for (v1::Incident& incident : page.items) {
    bytes += incident.ByteSizeLong();
    if (bytes > limits::kMessageBytesMax / 2 && response.incidents_size() > 0) {
      page.more = true;
      break;
    }
    policy_->Name(&incident);
    *response.add_incidents() = std::move(incident);
  }
  if (page.more) {
    const v1::Incident& last =
        response.incidents(response.incidents_size() - 1);
    response.set_next_page_token(MakePageToken(
        FiltersOf(request), {ToMicros(last.start_time()), last.incident_id()}));
  }
  return response;
}

void IncidentHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.IncidentService/";
  server->AddAsync<v1::CreateIncidentRequest, v1::CreateIncidentResponse>(
      service + "CreateIncident", [this](auto request, auto done) {
        Create(std::move(request), std::move(done));
      });
  server->AddAsync<v1::UpdateIncidentRequest, v1::UpdateIncidentResponse>(
      service + "UpdateIncident", [this](auto request, auto done) {
        Update(std::move(request), std::move(done));
      });
  server->AddAsync<v1::DeleteIncidentRequest, v1::DeleteIncidentResponse>(
      service + "DeleteIncident", [this](auto request, auto done) {
        Delete(std::move(request), std::move(done));
      });
  server->AddAsync<v1::RestoreIncidentRequest, v1::RestoreIncidentResponse>(
      service + "RestoreIncident", [this](auto request, auto done) {
        Restore(std::move(request), std::move(done));
      });
  server->AddAsync<v1::PromoteCandidateRequest, v1::PromoteCandidateResponse>(
      service + "PromoteCandidate", [this](auto request, auto done) {
        Promote(std::move(request), std::move(done));
      });
  server->AddRead<v1::GetIncidentRequest, v1::GetIncidentResponse>(
      service + "GetIncident", [this](const auto& r) { return Get(r); });
  server->AddRead<v1::ListIncidentsRequest, v1::ListIncidentsResponse>(
      service + "ListIncidents", [this](const auto& r) { return List(r); });
}

}  // namespace secondstory::incidentd
