// What an incident may become, and what follows from what it is. Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_STATE_H_
#define SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_STATE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "review/lifecycle.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/incident_service.pb.h"

namespace secondstory::incidentd {

// What severities mean here; index 0 is severity 1.
struct SeverityPolicy {
  std::array<std::string, 5> names = {"SEV1", "SEV2", "SEV3", "SEV4", "SEV5"};
  review::ReviewPeriods review_periods;

  // Sets the output-only severity_name, which is never stored.
  void Name(v1::Incident* incident) const;
};

// FAILED_PRECONDITION: deleted, or merged into another, which the message
// names. Such incidents take no writes.
absl::Status CheckWritable(const v1::Incident& incident);

// How an error names a state: "IN_REVIEW".
std::string StateName(v1::IncidentState state);

// What lists show unless they are asked for more: all but MERGED, whose
// timeline another incident shows.
std::vector<v1::IncidentState> ShownStates();

// Whether an incident is over, so that its review can be due.
bool IsOver(v1::IncidentState state);

// Notes that `author` set (or cleared) one of the times of TimeOrigin.
void SetByPerson(absl::string_view field, const std::string& author,
                 int64_t now_micros, v1::Incident* incident);

// Takes over times that follow from events, see review::DeriveTimes, and takes
// away those that no longer do; a start, once there, stays. Times that a person
// set stay. True when something changed.
bool TakeDerivedTimes(const std::vector<review::DerivedTime>& derived,
                      int64_t now_micros, v1::Incident* incident);

// Derives the review's due time from the severity once the incident is over,
// counted from its end, or from its record when that came later. Takes it away
// again while it goes on. A person's setting stays.
void DeriveReviewDue(const SeverityPolicy& policy, int64_t now_micros,
                     v1::Incident* incident);

// Stamps an incident that changed: update_time and etag.
void Touch(int64_t now_micros, v1::Incident* incident);

// The record that stores `next`; `stored` is what it was, null when it is new.
stored::v1::Record IncidentRecordOf(const v1::Incident* stored,
                                    const v1::Incident& next,
                                    const std::string& author,
                                    const std::string& reason = "");

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_INCIDENT_STATE_H_
