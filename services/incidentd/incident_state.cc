#include "services/incidentd/incident_state.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
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

bool HasField(const v1::Incident& incident, absl::string_view field) {
  const auto* descriptor =
      v1::Incident::descriptor()->FindFieldByName(std::string(field));
  return incident.GetReflection()->HasField(incident, descriptor);
}

const google::protobuf::FieldDescriptor* FieldNamed(absl::string_view field) {
  return v1::Incident::descriptor()->FindFieldByName(std::string(field));
}

// True when the time is not a person's.
bool IsDerivable(absl::string_view field, const v1::Incident& incident) {
  const v1::TimeOrigin* origin = FindOrigin(incident, field);
  return origin != nullptr ? origin->set_by().empty()
                           : !HasField(incident, field);
}

bool Take(absl::string_view field, const review::DerivedTime& derived,
          int64_t now_micros, v1::Incident* incident) {
  const google::protobuf::Reflection& reflection = *incident->GetReflection();
  const Timestamp time = FromTime(derived.time);
  const v1::TimeOrigin* origin = FindOrigin(*incident, field);
  if (origin != nullptr && origin->event_id() == derived.event_id &&
      reflection.GetMessage(*incident, FieldNamed(field)).SerializeAsString() ==
          time.SerializeAsString()) {
    return false;
  }
  reflection.MutableMessage(incident, FieldNamed(field))->CopyFrom(time);
  NewOrigin(field, now_micros, incident)->set_event_id(derived.event_id);
  return true;
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

std::vector<v1::IncidentState> ShownStates() {
  std::vector<v1::IncidentState> states;
  for (int state = 1; state < v1::IncidentState_ARRAYSIZE; ++state) {
    if (state == v1::INCIDENT_STATE_MERGED) continue;
    states.push_back(static_cast<v1::IncidentState>(state));
  }
  return states;
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

void SetByPerson(absl::string_view field, const std::string& author,
                 int64_t now_micros, v1::Incident* incident) {
  if (HasField(*incident, field)) {
    NewOrigin(field, now_micros, incident)->set_set_by(author);
  } else {
    ClearOrigin(field, incident);
  }
}

bool TakeDerivedTimes(const std::vector<review::DerivedTime>& derived,
                      int64_t now_micros, v1::Incident* incident) {
  bool changed = false;
  for (int i = 0; i < review::kTimeFieldCount; ++i) {
    const auto field = static_cast<review::TimeField>(i);
    const absl::string_view name = review::NameOf(field);
    if (!IsDerivable(name, *incident)) continue;
    const auto it = std::find_if(
        derived.begin(), derived.end(),
        [field](const review::DerivedTime& one) { return one.field == field; });
    if (it != derived.end()) {
      changed |= Take(name, *it, now_micros, incident);
    } else if (HasField(*incident, name) &&
               field != review::TimeField::kStart) {
      incident->GetReflection()->ClearField(incident, FieldNamed(name));
      ClearOrigin(name, incident);
      changed = true;
    }
  }
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
  const std::optional<absl::Time> due_time = review::ReviewDueTime(
      incident->severity(), absl::FromUnixMicros(end_micros),
      policy.review_periods);
  if (!due_time.has_value()) return;
  const Timestamp due = FromTime(*due_time);
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
