// Reading an incident in order to change it, and what follows from its events.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_CHANGE_H_
#define SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_CHANGE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/timeline_reader.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// `incident_id` has 32 hex digits.
//   NOT_FOUND            no such incident
//   FAILED_PRECONDITION  it is deleted or merged, see CheckWritable
absl::StatusOr<v1::Incident> ReadWritable(const storage::Store& store,
                                          const std::string& incident_id);

// The incident, or the one that shows its timeline when it was merged.
// NOT_FOUND: no such incident.
absl::StatusOr<v1::Incident> ShownIncident(const storage::Store& store,
                                           std::string incident_id);

// ReadWritable by somebody who read the incident with `etag`.
//   ABORTED  it changed since
absl::StatusOr<v1::Incident> ReadForChange(const storage::Store& store,
                                           const std::string& incident_id,
                                           const std::string& etag);

// Takes over what the events of the incident's timeline say of its times, see
// TakeDerivedTimes. True when something changed. Cost: reads the timeline, and
// each event on it that can say something.
absl::StatusOr<bool> DeriveTimes(const TimelineReader& reader,
                                 int64_t now_micros, v1::Incident* incident);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_CHANGE_H_
