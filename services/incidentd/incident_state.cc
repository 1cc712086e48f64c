#include "services/incidentd/incident_state.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "services/incidentd/transaction.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::Timestamp;

const v1::TimeOrigin* FindOrigin(const v1::Incident& incident,
                                 absl::string_view field) {
  for (const v1::TimeOrigin& origin : incident.time_origins()) {
    if (origin.field() == field) return &origin;
  }
  return nullptr;
}

void ClearOrigin(absl::string_view field, v1::Incident* incident) {
  auto* origins = incident->mutable_time_origins();
  origins->erase(std::remove_if(origins->begin(), origins->end(),
                                [field](const v1::TimeOrigin& origin) {
                                  return origin.field() == field;
                                }),
                 origins->end());
}

v1::TimeOrigin* NewOrigin(absl::string_view field, int64_t now_micros,
                          v1::Incident* incident) {
  ClearOrigin(field, incident);
  v1::TimeOrigin* origin = incident->add_time_origins();
  origin->set_field(std::string(field));
  *origin->mutable_set_time() = FromMicros(now_micros);
  return origin;
}

Timestamp* MutableTime(absl::string_view field, v1::Incident* incident) {
  if (field == "start_time") return incident->mutable_start_time();
  if (field == "detect_time") return incident->mutable_detect_time();
  return incident->mutable_resolve_time();
}

bool HasField(const v1::Incident& incident, absl::string_view field) {
  const auto* descriptor =
      v1::Incident::descriptor()->FindFieldByName(std::string(field));
  return incident.GetReflection()->HasField(incident, descriptor);
}

// A time, and the event that says so.
using Derived = std::pair<int64_t, std::string>;

bool Derive(absl::string_view field, const std::optional<Derived>& derived,
            int64_t now_micros, v1::Incident* incident) {
  const v1::TimeOrigin* origin = FindOrigin(*incident, field);
  const bool is_ours = origin != nullptr && origin->set_by().empty();
  if (!is_ours && (origin != nullptr || HasField(*incident, field))) {
    return false;
  }
  if (!derived.has_value()) {
    // A start was needed once, and stays.
    if (!is_ours || field == "start_time") return false;
    ClearOrigin(field, incident);
    MutableTime(field, incident)->Clear();
    incident->GetReflection()->ClearField(
        incident,
        v1::Incident::descriptor()->FindFieldByName(std::string(field)));
    return true;
  }
  if (is_ours && origin->event_id() == derived->second &&
      ToMicros(*MutableTime(field, incident)) == derived->first) {
    return false;
  }
  *MutableTime(field, incident) = FromMicros(derived->first);
  NewOrigin(field, now_micros, incident)->set_event_id(derived->second);
  return true;
}

bool IsSymptom(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_ALERT_FIRED ||
         kind == v1::EVENT_KIND_USER_REPORT;
}

std::vector<v1::IncidentState> Allowed(v1::IncidentState from) {
  switch (from) {
    case v1::INCIDENT_STATE_OPEN:
      return {v1::INCIDENT_STATE_MITIGATED, v1::INCIDENT_STATE_RESOLVED};
    case v1::INCIDENT_STATE_MITIGATED:
      return {v1::INCIDENT_STATE_OPEN, v1::INCIDENT_STATE_RESOLVED};
    case v1::INCIDENT_STATE_RESOLVED:
      return {v1::INCIDENT_STATE_OPEN};
    default:
      return {};
  }
}

}  // namespace

void SeverityPolicy::Name(v1::Incident* incident) const {
  incident->clear_severity_name();
  if (incident->severity() >= 1 && incident->severity() <= names.size()) {
    incident->set_severity_name(names[incident->severity() - 1]);
  }
}

std::string StateName(v1::IncidentState state) {
  return std::string(
      absl::StripPrefix(v1::IncidentState_Name(state), "INCIDENT_STATE_"));
}

bool IsOver(v1::IncidentState state) {
  return state == v1::INCIDENT_STATE_RESOLVED ||
         state == v1::INCIDENT_STATE_IN_REVIEW ||
         state == v1::INCIDENT_STATE_PUBLISHED ||
         state == v1::INCIDENT_STATE_CLOSED;
}

absl::Status CheckWritable(const v1::Incident& incident) {
  if (incident.state() == v1::INCIDENT_STATE_MERGED) {
    return absl::FailedPreconditionError(absl::StrCat(
        "incident ", incident.incident_id(), " was merged into ",
        incident.merged_into_incident_id(), "; write to that one"));
  }
  if (incident.has_delete_time()) {
    return absl::FailedPreconditionError(
        absl::StrCat("incident ", incident.incident_id(),
                     " is deleted; restore it first (RestoreIncident)"));
  }
  return absl::OkStatus();
}

absl::Status CheckTransition(v1::IncidentState from, v1::IncidentState to) {
  const std::vector<v1::IncidentState> allowed = Allowed(from);
  if (from == to ||
      std::find(allowed.begin(), allowed.end(), to) != allowed.end()) {
    return absl::OkStatus();
  }
  const std::string states = absl::StrJoin(
      allowed, " or ", [](std::string* out, v1::IncidentState state) {
        absl::StrAppend(out, StateName(state));
      });
  return absl::FailedPreconditionError(absl::StrCat(
      "state is ", StateName(to), ", and an incident that is ", StateName(from),
      " becomes ", allowed.empty() ? "nothing else" : states,
      " by UpdateIncident; reviews are moved by StartReview, PublishReview, "
      "CloseReview and ReopenReview, and MERGED by MergeIncidents"));
}

void SetByPerson(absl::string_view field, const std::string& author,
                 int64_t now_micros, v1::Incident* incident) {
  if (HasField(*incident, field)) {
    NewOrigin(field, now_micros, incident)->set_set_by(author);
  } else {
    ClearOrigin(field, incident);
  }
}

bool DeriveTimes(const std::vector<v1::Candidate>& candidates,
                 int64_t now_micros, v1::Incident* incident) {
  const std::set<std::string> detached(incident->detached_event_ids().begin(),
                                       incident->detached_event_ids().end());
  std::optional<Derived> first, last_resolved;
  bool fires = false;
  for (const v1::Candidate& candidate : candidates) {
    for (const v1::CandidateEvent& event : candidate.events()) {
      if (!IsSymptom(event.kind()) || detached.count(event.event_id()) > 0) {
        continue;
      }
      const Derived seen = {ToMicros(event.event_time()), event.event_id()};
      if (!first.has_value() || seen < *first) first = seen;
      if (event.kind() != v1::EVENT_KIND_ALERT_FIRED) continue;
      fires |= !event.has_resolve_time();
      const Derived resolved = {ToMicros(event.resolve_time()),
                                event.event_id()};
      if (!last_resolved.has_value() || *last_resolved < resolved) {
        last_resolved = resolved;
      }
    }
  }
  if (fires) last_resolved.reset();
  bool changed = Derive("start_time", first, now_micros, incident);
  changed |= Derive("detect_time", first, now_micros, incident);
  changed |= Derive("resolve_time", last_resolved, now_micros, incident);
  return changed;
}

void DeriveReviewDue(const SeverityPolicy& policy, int64_t now_micros,
                     v1::Incident* incident) {
  const v1::TimeOrigin* origin = FindOrigin(*incident, "review_due_time");
  if (origin != nullptr && !origin->set_by().empty()) return;
  if (incident->has_publish_time()) return;
  if (!IsOver(incident->state()) || incident->severity() == 0) {
    incident->clear_review_due_time();
    ClearOrigin("review_due_time", incident);
    return;
  }
  int64_t end_micros = incident->has_resolve_time()
                           ? ToMicros(incident->resolve_time())
                           : now_micros;
  // Nobody could review what was not recorded yet.
  end_micros = std::max(end_micros, ToMicros(incident->create_time()));
  const int days = policy.review_due_days.at(incident->severity() - 1);
  const Timestamp due = FromMicros(
      end_micros + absl::ToInt64Microseconds(absl::Hours(24) * days));
  if (incident->has_review_due_time() &&
      ToMicros(due) == ToMicros(incident->review_due_time())) {
    return;
  }
  // Without a known end it stays as first counted, until the severity changes.
  *incident->mutable_review_due_time() = due;
  NewOrigin("review_due_time", now_micros, incident);
}

void Touch(int64_t now_micros, v1::Incident* incident) {
  incident->clear_severity_name();
  *incident->mutable_update_time() = FromMicros(now_micros);
  incident->set_etag(EtagOf(*incident));
}

stored::v1::Record IncidentRecordOf(const v1::Incident* stored,
                                    const v1::Incident& next,
                                    const std::string& author,
                                    const std::string& reason) {
  stored::v1::Record record;
  stored::v1::IncidentRecord* incident = record.mutable_incident();
  *incident->mutable_incident() = next;
  incident->mutable_incident()->clear_severity_name();
  incident->set_author(author);
  incident->set_reason(reason);
  if (stored != nullptr &&
      ToMicros(stored->start_time()) != ToMicros(next.start_time())) {
    incident->set_previous_start_micros(ToMicros(stored->start_time()));
  }
  return record;
}

}  // namespace secondstory::incidentd
