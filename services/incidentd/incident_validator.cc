#include "services/incidentd/incident_validator.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "google/protobuf/descriptor.h"
#include "review/lifecycle.h"
#include "services/incidentd/story_convert.h"

namespace secondstory::incidentd {
namespace {

// What UpdateIncident and UpdateTimelineEntry may change.
constexpr char kUpdatable[] =
    "title, summary, narrative, surprise, severity, state, kind, start_time, "
    "detect_time, acknowledge_time, mitigate_time, resolve_time, services, "
    "tags, links, facilitator, participants, review_due_time, annotations";
constexpr char kUpdatableOfEntry[] =
    "event_time, kind, service, title, description, known_time, links";

void CheckParticipants(absl::string_view field, const v1::Incident& incident,
                       Checker* check) {
  check->Count(field, incident.participants_size(),
               limits::kParticipantCountMax);
  std::set<std::string> names;
  for (int i = 0; i < incident.participants_size(); ++i) {
    const v1::Participant& participant = incident.participants(i);
    const std::string at = absl::StrCat(field, "[", i, "]");
    check->Needed(absl::StrCat(at, ".name"), participant.name(),
                  limits::kNameBytesMax);
    check->Text(absl::StrCat(at, ".role"), participant.role(),
                limits::kNameBytesMax);
    if (!names.insert(participant.name()).second) {
      check->Wrong(
          absl::StrCat(at, ".name"),
          absl::StrCat("is ", Shown(participant.name()),
                       ", which is there before; give each name once"));
    }
  }
}

void CheckAnnotations(absl::string_view field, const v1::Incident& incident,
                      Checker* check) {
  check->Count(field, static_cast<int>(incident.annotations_size()),
               limits::kAnnotationCountMax);
  for (const auto& [key, value] : incident.annotations()) {
    const std::string at = absl::StrCat(field, "[", Shown(key), "]");
    if (key.empty() || key.size() > limits::kAnnotationKeyBytesMax) {
      check->Wrong(
          at, absl::StrCat("has a key of ", key.size(), " bytes; 1 to ",
                           limits::kAnnotationKeyBytesMax, " are allowed"));
    }
    check->Text(at, value, limits::kAnnotationValueBytesMax);
  }
}

// What every change of an incident says.
template <typename Request>
void CheckChange(const Request& request, Checker* check) {
  check->Id("incident_id", request.incident_id());
  check->Needed("etag", request.etag(), limits::kNameBytesMax);
  check->Needed("author", request.author(), limits::kNameBytesMax);
}

template <typename Ids>
void CheckIds(absl::string_view field, const Ids& ids, Checker* check) {
  if (ids.empty()) {
    check->Wrong(field, absl::StrCat("is empty; name 1 to ",
                                     limits::kMovedEntryCountMax));
  }
  check->Count(field, ids.size(), limits::kMovedEntryCountMax);
  for (int i = 0; i < ids.size(); ++i) {
    check->Id(absl::StrCat(field, "[", i, "]"), ids[i]);
  }
}

}  // namespace

void CheckIncident(absl::string_view field, const v1::Incident& incident,
                   Checker* check) {
  const auto at = [field](absl::string_view name) {
    return absl::StrCat(field, ".", name);
  };
  check->Needed(at("title"), incident.title(), limits::kTitleBytesMax);
  check->Text(at("summary"), incident.summary(), limits::kTextBytesMax);
  check->Text(at("narrative"), incident.narrative(),
              limits::kNarrativeBytesMax);
  check->Text(at("surprise"), incident.surprise(), limits::kTextBytesMax);
  if (incident.severity() > 5) {
    check->Wrong(at("severity"),
                 absl::StrCat("is ", incident.severity(),
                              "; give 1 (worst) to 5, or 0 for not said"));
  }
  check->Known(at("state"), incident.state(), v1::IncidentState_IsValid,
               "IncidentState");
  check->Known(at("kind"), incident.kind(), v1::IncidentKind_IsValid,
               "IncidentKind");
  check->Time(at("start_time"), incident.start_time());
  check->Time(at("detect_time"), incident.detect_time());
  check->Time(at("acknowledge_time"), incident.acknowledge_time());
  check->Time(at("mitigate_time"), incident.mitigate_time());
  check->Time(at("resolve_time"), incident.resolve_time());
  check->Time(at("review_due_time"), incident.review_due_time());
  check->Texts(at("services"), incident.services(),
               limits::kIncidentServiceCountMax, limits::kNameBytesMax);
  check->Texts(at("tags"), incident.tags(), limits::kTagCountMax,
               limits::kTagBytesMax);
  check->Links(at("links"), incident.links(), limits::kIncidentLinkCountMax);
  check->Text(at("facilitator"), incident.facilitator(), limits::kNameBytesMax);
  CheckParticipants(at("participants"), incident, check);
  CheckAnnotations(at("annotations"), incident, check);
}

void CheckEntry(absl::string_view field, const v1::TimelineEntry& entry,
                Checker* check) {
  const auto at = [field](absl::string_view name) {
    return absl::StrCat(field, ".", name);
  };
  if (!entry.has_event_time()) {
    check->Wrong(at("event_time"), "is missing; say when it happened");
  }
  check->Time(at("event_time"), entry.event_time());
  check->Time(at("known_time"), entry.known_time());
  check->Known(at("kind"), entry.kind(), v1::EventKind_IsValid, "EventKind");
  check->Text(at("service"), entry.service(), limits::kNameBytesMax);
  check->Needed(at("title"), entry.title(), limits::kTitleBytesMax);
  check->Text(at("description"), entry.description(), limits::kTextBytesMax);
  check->Links(at("links"), entry.links(), limits::kLinkCountMax);
}

std::vector<FieldViolation> Check(const v1::CreateIncidentRequest& request) {
  Checker check;
  const v1::Incident& incident = request.incident();
  CheckIncident("incident", incident, &check);
  if (!incident.has_start_time()) {
    check.Wrong("incident.start_time", "is missing; say when it began");
  }
  const review::Incident created = ToIncident(incident);
  if (const absl::Status status =
          review::CheckInitialState(created.kind, created.state);
      !status.ok()) {
    check.Wrong("incident.state", absl::StrCat("is wrong: ", status.message()));
  }
  if (!incident.facilitator().empty()) {
    const absl::Status status = review::CheckFacilitator(created);
    if (!status.ok()) {
      check.Wrong("incident.facilitator",
                  absl::StrCat("is wrong: ", status.message()));
    }
  }
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  if (!check.found().empty()) return check.found();
  if (const absl::Status status = review::CheckTimes(created); !status.ok()) {
    check.Wrong("incident",
                absl::StrCat("has times out of order: ", status.message()));
  }
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ListIncidentsRequest& request) {
  Checker check;
  check.Range(request);
  check.Count("states", request.states_size(), limits::kFilterValueCountMax);
  check.Texts("services", request.services(), limits::kFilterValueCountMax,
              limits::kNameBytesMax);
  check.Texts("tags", request.tags(), limits::kFilterValueCountMax,
              limits::kTagBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::UpdateIncidentRequest& request) {
  Checker check;
  check.Id("incident.incident_id", request.incident().incident_id());
  check.Needed("etag", request.etag(), limits::kNameBytesMax);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  // Only what is going to be taken is looked at.
  v1::Incident asked = request.incident();
  v1::Incident masked = check.Masked(asked, request.update_mask(), kUpdatable);
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "start_time" && !masked.has_start_time()) {
      check.Wrong("incident.start_time", "is missing; say when it began");
    }
    if (path == "title" && masked.title().empty()) {
      check.Wrong("incident.title", "is missing; say in one line what it is");
    }
    if (path == "state" && masked.state() == v1::INCIDENT_STATE_UNSPECIFIED) {
      check.Wrong("incident.state", "is missing; give one of IncidentState");
    }
  }
  if (masked.title().empty()) masked.set_title("-");
  CheckIncident("incident", masked, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::DeleteIncidentRequest& request) {
  Checker check;
  CheckChange(request, &check);
  check.Text("reason", request.reason(), limits::kReasonBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::RestoreIncidentRequest& request) {
  Checker check;
  CheckChange(request, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::MergeIncidentsRequest& request) {
  Checker check;
  CheckChange(request, &check);
  check.Id("source_incident_id", request.source_incident_id());
  if (request.source_incident_id() == request.incident_id()) {
    check.Wrong("source_incident_id",
                absl::StrCat("is ", Shown(request.source_incident_id()),
                             " like incident_id; name another incident"));
  }
  check.Text("reason", request.reason(), limits::kReasonBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::SplitIncidentRequest& request) {
  Checker check;
  CheckChange(request, &check);
  CheckIds("entry_ids", request.entry_ids(), &check);
  check.Needed("title", request.title(), limits::kTitleBytesMax);
  check.Text("reason", request.reason(), limits::kReasonBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::AttachEventsRequest& request) {
  Checker check;
  CheckChange(request, &check);
  CheckIds("event_ids", request.event_ids(), &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::DetachEventsRequest& request) {
  Checker check;
  CheckChange(request, &check);
  CheckIds("event_ids", request.event_ids(), &check);
  return check.found();
}

std::vector<FieldViolation> Check(
    const v1::GetIncidentHistoryRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  return check.found();
}

std::vector<FieldViolation> Check(const v1::PromoteCandidateRequest& request) {
  Checker check;
  check.Id("candidate_id", request.candidate_id());
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.OptionalId("incident_id", request.incident_id());
  check.Text("title", request.title(), limits::kTitleBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::AddTimelineEntryRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  CheckEntry("entry", request.entry(), &check);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(
    const v1::UpdateTimelineEntryRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.Id("entry.entry_id", request.entry().entry_id());
  check.Needed("etag", request.etag(), limits::kNameBytesMax);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  if (request.remove()) {
    if (request.update_mask().paths_size() > 0) {
      check.Wrong("update_mask",
                  "names fields, but remove is true; give one of both");
    }
    return check.found();
  }
  v1::TimelineEntry masked =
      check.Masked(request.entry(), request.update_mask(), kUpdatableOfEntry);
  bool takes_title = false, takes_time = false;
  for (const std::string& path : request.update_mask().paths()) {
    takes_title |= path == "title";
    takes_time |= path == "event_time";
  }
  if (!takes_title) masked.set_title("-");
  if (!takes_time) masked.mutable_event_time();
  CheckEntry("entry", masked, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::GetTimelineRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  check.Time("as_known_at", request.as_known_at());
  return check.found();
}

}  // namespace secondstory::incidentd
