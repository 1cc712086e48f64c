#include "services/incidentd/incident_handlers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/validator.h"

namespace secondstory::incidentd {
namespace {

using Records = std::vector<stored::v1::Record>;

// The id of something a caller creates: the same for a repeated request.
std::string NewId(absl::string_view what, const std::string& author,
                  const std::string& request_id) {
  return IdToHex(request_id.empty() ? RandomId()
                                    : StableId({what, author, request_id}));
}

void Touch(v1::Incident* incident, int64_t now_micros) {
  *incident->mutable_update_time() = FromMicros(now_micros);
  incident->clear_etag();
  incident->set_etag(
      IdToHex(StableId({"etag", incident->SerializeAsString()})).substr(0, 16));
}

stored::v1::Record RecordOf(const v1::Incident& incident,
                            const std::string& author) {
  stored::v1::Record record;
  *record.mutable_incident()->mutable_incident() = incident;
  record.mutable_incident()->set_author(author);
  return record;
}

void ClearOutputOnly(v1::Incident* incident) {
  incident->clear_incident_id();
  incident->clear_etag();
  incident->clear_candidate_ids();
  incident->clear_create_time();
  incident->clear_update_time();
  incident->clear_created_by();
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
  *incident.mutable_start_time() = candidate.onset_time();
  *incident.mutable_detect_time() = candidate.onset_time();
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
  if (candidate.state() == v1::CANDIDATE_STATE_PROMOTED &&
      !request.incident_id().empty() &&
      request.incident_id() != candidate.incident_id()) {
    return absl::FailedPreconditionError(
        absl::StrCat("candidate ", candidate.candidate_id(),
                     " was promoted to incident ", candidate.incident_id()));
  }
  return absl::OkStatus();
}

v1::TimelineEntry EntryOf(const v1::CandidateEvent& event,
                          const v1::Candidate& candidate) {
  v1::TimelineEntry entry;
  entry.set_entry_id(event.event_id());
  *entry.mutable_event_time() = event.event_time();
  entry.set_kind(event.kind());
  entry.set_service(event.service());
  entry.set_title(event.title());
  entry.set_candidate_id(candidate.candidate_id());
  *entry.mutable_event() = event;
  return entry;
}

std::pair<int64_t, std::string> OrderOf(const v1::TimelineEntry& entry) {
  return {ToMicros(entry.event_time()), entry.entry_id()};
}

}  // namespace

std::vector<v1::TimelineEntry> MergeTimeline(
    std::vector<v1::TimelineEntry> added,
    const std::vector<v1::Candidate>& candidates) {
  std::set<std::string> seen;
  for (const v1::Candidate& candidate : candidates) {
    for (const v1::CandidateEvent& event : candidate.events()) {
      if (seen.insert(event.event_id()).second) {
        added.push_back(EntryOf(event, candidate));
      }
    }
  }
  std::sort(added.begin(), added.end(),
            [](const v1::TimelineEntry& a, const v1::TimelineEntry& b) {
              return OrderOf(a) < OrderOf(b);
            });
  return added;
}

void IncidentHandlers::Create(v1::CreateIncidentRequest request,
                              Done<v1::CreateIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id =
      NewId("incident", request.author(), request.request_id());
  auto response = std::make_shared<v1::CreateIncidentResponse>();
  log_->Transact(
      {IncidentObject(id)},
      [id, response, request = std::move(request)](
          const storage::Store& store,
          int64_t now_micros) -> absl::StatusOr<Records> {
        v1::Incident* incident = response->mutable_incident();
        absl::StatusOr<v1::Incident> stored = store.GetIncident(IdFromHex(id));
        if (stored.ok()) {
          *incident = *std::move(stored);
          return Records();
        }
        if (!absl::IsNotFound(stored.status())) return stored.status();
        *incident = request.incident();
        ClearOutputOnly(incident);
        incident->set_incident_id(id);
        if (incident->state() == v1::INCIDENT_STATE_UNSPECIFIED) {
          incident->set_state(v1::INCIDENT_STATE_OPEN);
        }
        *incident->mutable_create_time() = FromMicros(now_micros);
        incident->set_created_by(request.author());
        Touch(incident, now_micros);
        return Records{RecordOf(*incident, request.author())};
      },
      [response, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(std::move(*response));
      });
}

void IncidentHandlers::Update(v1::UpdateIncidentRequest request,
                              Done<v1::UpdateIncidentResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  auto response = std::make_shared<v1::UpdateIncidentResponse>();
  const std::string id = request.incident().incident_id();
  log_->Transact(
      {IncidentObject(id)},
      [id, response, request = std::move(request)](
          const storage::Store& store,
          int64_t now_micros) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(const v1::Incident stored,
                            store.GetIncident(IdFromHex(id)));
        if (stored.etag() != request.etag()) {
          return absl::AbortedError(absl::StrCat(
              "etag is \"", request.etag(), "\", and the incident has \"",
              stored.etag(),
              "\": somebody else changed it. Read it again, look, retry"));
        }
        v1::Incident* next = response->mutable_incident();
        *next = stored;
        google::protobuf::util::FieldMaskUtil::MergeOptions options;
        options.set_replace_message_fields(true);
        options.set_replace_repeated_fields(true);
        google::protobuf::util::FieldMaskUtil::MergeMessageTo(
            request.incident(), request.update_mask(), options, next);
        Touch(next, now_micros);
        stored::v1::Record record = RecordOf(*next, request.author());
        if (ToMicros(stored.start_time()) != ToMicros(next->start_time())) {
          record.mutable_incident()->set_previous_start_micros(
              ToMicros(stored.start_time()));
        }
        return Records{std::move(record)};
      },
      [response, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(std::move(*response));
      });
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
  auto response = std::make_shared<v1::PromoteCandidateResponse>();
  auto from = std::make_shared<v1::CandidateState>();
  log_->Transact(
      {CandidateObject(request.candidate_id()), IncidentObject(promoted_id)},
      [response, from, promoted_id, request](
          const storage::Store& store,
          int64_t now_micros) -> absl::StatusOr<Records> {
        SS_ASSIGN_OR_RETURN(
            const v1::Candidate candidate,
            store.GetCandidate(IdFromHex(request.candidate_id())));
        SS_RETURN_IF_ERROR(CheckPromotable(candidate, request));
        *from = candidate.state();
        v1::Incident* incident = response->mutable_incident();
        if (candidate.state() == v1::CANDIDATE_STATE_PROMOTED) {
          SS_ASSIGN_OR_RETURN(
              *incident, store.GetIncident(IdFromHex(candidate.incident_id())));
          return Records();
        }
        if (request.incident_id().empty()) {
          *incident = IncidentOf(candidate, request, now_micros);
        } else {
          SS_ASSIGN_OR_RETURN(
              *incident, store.GetIncident(IdFromHex(request.incident_id())));
        }
        incident->add_candidate_ids(candidate.candidate_id());
        Touch(incident, now_micros);
        v1::Candidate next = candidate;
        next.set_state(v1::CANDIDATE_STATE_PROMOTED);
        next.set_incident_id(incident->incident_id());
        next.set_decided_by(request.author());
        next.clear_dismiss_reason();
        next.set_revision(candidate.revision() + 1);
        next.clear_differences();
        next.add_differences("promoted to an incident");
        *next.mutable_submit_time() = FromMicros(now_micros);
        return Records{RecordOf(*incident, request.author()),
                       CandidateRecordOf(candidate, next)};
      },
      [this, response, from,
       done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        census_->Move(*from, v1::CANDIDATE_STATE_PROMOTED);
        done(std::move(*response));
      });
}

void IncidentHandlers::AddEntry(v1::AddTimelineEntryRequest request,
                                Done<v1::AddTimelineEntryResponse> done) {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return done(BadRequest(wrong));
  }
  const std::string id = NewId("entry/" + request.incident_id(),
                               request.author(), request.request_id());
  auto response = std::make_shared<v1::AddTimelineEntryResponse>();
  const std::string incident_id = request.incident_id();
  log_->Transact(
      {IncidentObject(incident_id)},
      [id, response, request = std::move(request)](
          const storage::Store& store,
          int64_t now_micros) -> absl::StatusOr<Records> {
        const std::string incident = IdFromHex(request.incident_id());
        SS_RETURN_IF_ERROR(store.GetIncident(incident).status());
        v1::TimelineEntry* entry = response->mutable_entry();
        absl::StatusOr<v1::TimelineEntry> stored =
            store.GetTimelineEntry(incident, IdFromHex(id));
        if (stored.ok()) {
          *entry = *std::move(stored);
          return Records();
        }
        if (!absl::IsNotFound(stored.status())) return stored.status();
        *entry = request.entry();
        entry->set_entry_id(id);
        if (entry->kind() == v1::EVENT_KIND_UNSPECIFIED) {
          entry->set_kind(v1::EVENT_KIND_NOTE);
        }
        *entry->mutable_append_time() = FromMicros(now_micros);
        entry->set_author(request.author());
        entry->clear_candidate_id();
        entry->clear_event();
        stored::v1::Record record;
        record.mutable_timeline_entry()->set_incident_id(request.incident_id());
        *record.mutable_timeline_entry()->mutable_entry() = *entry;
        return Records{std::move(record)};
      },
      [response, done = std::move(done)](const absl::Status& status) {
        if (!status.ok()) return done(status);
        done(std::move(*response));
      });
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
  query.services.assign(request.services().begin(), request.services().end());
  query.limit = request.page_size() == 0
                    ? limits::kListPageDefault
                    : std::min(request.page_size(), limits::kListPageMax);
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  if (place.has_value()) query.after = {place->micros, IdFromHex(place->rest)};
  SS_ASSIGN_OR_RETURN(storage::Page<v1::Incident> page,
                      store_->ListIncidents(query));
  v1::ListIncidentsResponse response;
  for (v1::Incident& incident : page.items) {
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

absl::StatusOr<v1::GetTimelineResponse> IncidentHandlers::Timeline(
    const v1::GetTimelineRequest& request) const {
  if (const auto wrong = CheckId("incident_id", request.incident_id());
      !wrong.empty()) {
    return BadRequest(wrong);
  }
  const std::string id = IdFromHex(request.incident_id());
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, store_->GetIncident(id));
  SS_ASSIGN_OR_RETURN(std::vector<v1::TimelineEntry> added,
                      store_->TimelineEntries(id));
  std::vector<v1::Candidate> candidates;
  for (const std::string& candidate_id : incident.candidate_ids()) {
    SS_ASSIGN_OR_RETURN(v1::Candidate candidate,
                        store_->GetCandidate(IdFromHex(candidate_id)));
    candidates.push_back(std::move(candidate));
  }
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  const uint32_t limit =
      request.page_size() == 0
          ? limits::kTimelinePageDefault
          : std::min(request.page_size(), limits::kTimelinePageMax);
  v1::GetTimelineResponse response;
  size_t bytes = 0;
  for (v1::TimelineEntry& entry : MergeTimeline(std::move(added), candidates)) {
    if (place.has_value() &&
        OrderOf(entry) <= std::pair(place->micros, place->rest)) {
      continue;
    }
    bytes += entry.ByteSizeLong();
    if (response.entries_size() > 0 &&
        (response.entries_size() == static_cast<int>(limit) ||
         bytes > limits::kMessageBytesMax / 2)) {
      const v1::TimelineEntry& last =
          response.entries(response.entries_size() - 1);
      response.set_next_page_token(MakePageToken(
          FiltersOf(request), {ToMicros(last.event_time()), last.entry_id()}));
      break;
    }
    *response.add_entries() = std::move(entry);
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
  server->AddAsync<v1::PromoteCandidateRequest, v1::PromoteCandidateResponse>(
      service + "PromoteCandidate", [this](auto request, auto done) {
        Promote(std::move(request), std::move(done));
      });
  server->AddAsync<v1::AddTimelineEntryRequest, v1::AddTimelineEntryResponse>(
      service + "AddTimelineEntry", [this](auto request, auto done) {
        AddEntry(std::move(request), std::move(done));
      });
  server->AddRead<v1::GetIncidentRequest, v1::GetIncidentResponse>(
      service + "GetIncident", [this](const auto& r) { return Get(r); });
  server->AddRead<v1::ListIncidentsRequest, v1::ListIncidentsResponse>(
      service + "ListIncidents", [this](const auto& r) { return List(r); });
  server->AddRead<v1::GetTimelineRequest, v1::GetTimelineResponse>(
      service + "GetTimeline", [this](const auto& r) { return Timeline(r); });
}

}  // namespace secondstory::incidentd
