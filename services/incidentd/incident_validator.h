// What may become of incidents and their lines. Pure. Limits are in
// base/limits.h and in the comments of the protos.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_VALIDATOR_H_
#define SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_VALIDATOR_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/checker.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {

// All that is wrong with a request; empty when it may go on. Paths are from
// the request: "incident.title".
std::vector<FieldViolation> Check(const v1::CreateIncidentRequest& request);
std::vector<FieldViolation> Check(const v1::ListIncidentsRequest& request);
std::vector<FieldViolation> Check(const v1::UpdateIncidentRequest& request);
std::vector<FieldViolation> Check(const v1::DeleteIncidentRequest& request);
std::vector<FieldViolation> Check(const v1::RestoreIncidentRequest& request);
std::vector<FieldViolation> Check(const v1::MergeIncidentsRequest& request);
std::vector<FieldViolation> Check(const v1::SplitIncidentRequest& request);
std::vector<FieldViolation> Check(const v1::AttachEventsRequest& request);
std::vector<FieldViolation> Check(const v1::DetachEventsRequest& request);
std::vector<FieldViolation> Check(const v1::GetIncidentHistoryRequest& request);
std::vector<FieldViolation> Check(const v1::PromoteCandidateRequest& request);
std::vector<FieldViolation> Check(const v1::AddTimelineEntryRequest& request);
std::vector<FieldViolation> Check(
    const v1::UpdateTimelineEntryRequest& request);
std::vector<FieldViolation> Check(const v1::GetTimelineRequest& request);

// The fields that a person writes of an incident and of a line, for requests
// that hold them elsewhere. `field` is where: "export.incident".
void CheckIncident(absl::string_view field, const v1::Incident& incident,
                   Checker* check);
void CheckEntry(absl::string_view field, const v1::TimelineEntry& entry,
                Checker* check);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_VALIDATOR_H_
