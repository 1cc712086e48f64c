#include "tools/story/fake_incidents.h"

#include <algorithm>
#include <utility>

#include "base/stable_id.h"
#include "google/protobuf/util/field_mask_util.h"

namespace secondstory::story::fake {
namespace {

using google::protobuf::FieldMask;
using google::protobuf::util::FieldMaskUtil;
using grpc::ServerContext;
using grpc::Status;

template <typename Message>
void Apply(const Message& from, const FieldMask& mask, Message* to) {
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(from, mask, options, to);
}

}  // namespace

std::string Incidents::NewId() {
  return IdToHex(StableId({absl::StrCat(++ids_)}));
}

v1::Incident* Incidents::Find(const std::string& id) {
  for (v1::Incident& incident : incidents_) {
    if (incident.incident_id() == id) return &incident;
  }
  return nullptr;
}

void Incidents::Add(const v1::Incident& incident) {
  absl::MutexLock lock(&mutex_);
  incidents_.push_back(incident);
  incidents_.back().set_etag(NewId());
}

Status Incidents::Change(const std::string& id, const std::string& etag,
                         const std::function<void(v1::Incident*)>& change,
                         v1::Incident* changed) {
  absl::MutexLock lock(&mutex_);
  v1::Incident* const incident = Find(id);
  if (incident == nullptr) return NotFound("no incident " + id);
  if (incident->etag() != etag) return Stale();
  const std::string before = incident->title();
  change(incident);
  incident->set_etag(NewId());
  v1::HistoryEntry& entry = history_.emplace_back();
  entry.set_author("ana");
  entry.set_what("incident");
  entry.set_id(id);
  if (incident->title() != before) {
    entry.add_differences(
        absl::StrCat("title: \"", before, "\" -> \"", incident->title(), "\""));
  }
  *changed = *incident;
  return Status::OK;
}

Status Incidents::CreateIncident(ServerContext*,
                                 const v1::CreateIncidentRequest* request,
                                 v1::CreateIncidentResponse* response) {
  requests_.Keep(*request);
  if (request->incident().title().empty()) {
    return InvalidField("incident.title",
                        "is missing; expected 1 to 1,024 bytes");
  }
  v1::Incident* const incident = response->mutable_incident();
  *incident = request->incident();
  incident->set_created_by(request->author());
  incident->set_state(v1::INCIDENT_STATE_OPEN);
  absl::MutexLock lock(&mutex_);
  incident->set_incident_id(NewId());
  incident->set_etag(NewId());
  incidents_.push_back(*incident);
  return Status::OK;
}

Status Incidents::GetIncident(ServerContext*,
                              const v1::GetIncidentRequest* request,
                              v1::GetIncidentResponse* response) {
  absl::MutexLock lock(&mutex_);
  const v1::Incident* const incident = Find(request->incident_id());
  if (incident == nullptr) {
    return NotFound("no incident " + request->incident_id());
  }
  *response->mutable_incident() = *incident;
  return Status::OK;
}

Status Incidents::ListIncidents(ServerContext*,
                                const v1::ListIncidentsRequest* request,
                                v1::ListIncidentsResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  for (const v1::Incident& incident :
       Page(incidents_, *request, response->mutable_next_page_token())) {
    if (incident.has_delete_time() && !request->with_deleted()) continue;
    *response->add_incidents() = incident;
  }
  return Status::OK;
}

Status Incidents::UpdateIncident(ServerContext*,
                                 const v1::UpdateIncidentRequest* request,
                                 v1::UpdateIncidentResponse* response) {
  requests_.Keep(*request);
  return Change(
      request->incident().incident_id(), request->etag(),
      [request](v1::Incident* incident) {
        Apply(request->incident(), request->update_mask(), incident);
      },
      response->mutable_incident());
}

Status Incidents::DeleteIncident(ServerContext*,
                                 const v1::DeleteIncidentRequest* request,
                                 v1::DeleteIncidentResponse* response) {
  requests_.Keep(*request);
  return Change(
      request->incident_id(), request->etag(),
      [](v1::Incident* incident) {
        incident->mutable_delete_time()->set_seconds(1524051000);
      },
      response->mutable_incident());
}

Status Incidents::RestoreIncident(ServerContext*,
                                  const v1::RestoreIncidentRequest* request,
                                  v1::RestoreIncidentResponse* response) {
  return Change(
      request->incident_id(), request->etag(),
      [](v1::Incident* incident) { incident->clear_delete_time(); },
      response->mutable_incident());
}

Status Incidents::MergeIncidents(ServerContext*,
                                 const v1::MergeIncidentsRequest* request,
                                 v1::MergeIncidentsResponse* response) {
  requests_.Keep(*request);
  return Change(
      request->incident_id(), request->etag(),
      [request](v1::Incident* incident) {
        incident->add_merged_incident_ids(request->source_incident_id());
      },
      response->mutable_incident());
}

Status Incidents::SplitIncident(ServerContext*,
                                const v1::SplitIncidentRequest* request,
                                v1::SplitIncidentResponse* response) {
  requests_.Keep(*request);
  const Status status = Change(
      request->incident_id(), request->etag(), [](v1::Incident*) {},
      response->mutable_incident());
  v1::Incident* const split = response->mutable_new_incident();
  split->set_title(request->title());
  split->set_split_from_incident_id(request->incident_id());
  return status;
}

Status Incidents::AttachEvents(ServerContext*,
                               const v1::AttachEventsRequest* request,
                               v1::AttachEventsResponse* response) {
  requests_.Keep(*request);
  return Change(
      request->incident_id(), request->etag(),
      [request](v1::Incident* incident) {
        for (const std::string& id : request->event_ids()) {
          incident->add_attached_event_ids(id);
        }
      },
      response->mutable_incident());
}

Status Incidents::DetachEvents(ServerContext*,
                               const v1::DetachEventsRequest* request,
                               v1::DetachEventsResponse* response) {
  requests_.Keep(*request);
  return Change(
      request->incident_id(), request->etag(),
      [request](v1::Incident* incident) {
        for (const std::string& id : request->event_ids()) {
          incident->add_detached_event_ids(id);
        }
      },
      response->mutable_incident());
}

Status Incidents::GetIncidentHistory(
    ServerContext*, const v1::GetIncidentHistoryRequest* request,
    v1::GetIncidentHistoryResponse* response) {
  absl::MutexLock lock(&mutex_);
  for (const v1::HistoryEntry& change :
       Page(history_, *request, response->mutable_next_page_token())) {
    *response->add_changes() = change;
  }
  return Status::OK;
}

Status Incidents::PromoteCandidate(ServerContext*,
                                   const v1::PromoteCandidateRequest* request,
                                   v1::PromoteCandidateResponse* response) {
  const std::optional<v1::Candidate> candidate =
      promote_(request->candidate_id());
  if (!candidate.has_value()) {
    return NotFound("no candidate " + request->candidate_id());
  }
  v1::Incident* const incident = response->mutable_incident();
  incident->set_incident_id(IdToHex(StableId({candidate->candidate_id()})));
  incident->set_title(request->title().empty() ? candidate->title()
                                               : request->title());
  incident->set_created_by(request->author());
  incident->set_state(v1::INCIDENT_STATE_OPEN);
  incident->add_candidate_ids(candidate->candidate_id());
  Add(*incident);
  return Status::OK;
}

Status Incidents::AddTimelineEntry(ServerContext*,
                                   const v1::AddTimelineEntryRequest* request,
                                   v1::AddTimelineEntryResponse* response) {
  requests_.Keep(*request);
  if (request->entry().title().empty()) {
    return InvalidField("entry.title", "is missing; expected 1 to 1,024 bytes");
  }
  absl::MutexLock lock(&mutex_);
  v1::TimelineEntry* const entry = response->mutable_entry();
  *entry = request->entry();
  entry->set_author(request->author());
  entry->set_entry_id(NewId());
  entry->set_etag(NewId());
  entries_.push_back(*entry);
  return Status::OK;
}

Status Incidents::UpdateTimelineEntry(
    ServerContext*, const v1::UpdateTimelineEntryRequest* request,
    v1::UpdateTimelineEntryResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(
      entries_.begin(), entries_.end(), [&](const v1::TimelineEntry& entry) {
        return entry.entry_id() == request->entry().entry_id();
      });
  if (found == entries_.end()) return NotFound("no such line");
  if (found->etag() != request->etag()) return Stale();
  Apply(request->entry(), request->update_mask(), &*found);
  *response->mutable_entry() = *found;
  if (request->remove()) entries_.erase(found);
  return Status::OK;
}

Status Incidents::GetTimeline(ServerContext*,
                              const v1::GetTimelineRequest* request,
                              v1::GetTimelineResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  for (const v1::TimelineEntry& entry :
       Page(entries_, *request, response->mutable_next_page_token())) {
    *response->add_entries() = entry;
  }
  return Status::OK;
}

}  // namespace secondstory::story::fake
