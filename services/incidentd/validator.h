// What may enter the log of events and candidates; see incident_validator.h and
// review_validator.h for the rest, and nobody else. Pure. Limits are in
// base/limits.h and in the comments of the protos.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_VALIDATOR_H_
#define SECONDSTORY_SERVICES_INCIDENTD_VALIDATOR_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event_service.pb.h"
#include "services/incidentd/rpc_status.h"
#include "storage/event_view.h"

namespace secondstory::incidentd {

// What is wrong with an event, the first that is found, with the field's path
// within the event; nothing when it may enter.
std::optional<FieldViolation> Check(const storage::EventView& event,
                                    absl::Time now);
// What is wrong with bytes that storage::ViewEvent does not read.
FieldViolation CheckUnreadableEvent(absl::string_view bytes);

// Whether callers cannot set all of it; without what they cannot.
bool HasOutputOnly(const storage::EventView& event);
// REQUIRES: `bytes` are an event.
std::string ClearOutputOnly(absl::string_view bytes);

// All that is wrong with a request; empty when it may go on. Paths are from
// the request: "candidate.onset_time".
std::vector<FieldViolation> Check(const v1::CursorUpdate& update);
std::vector<FieldViolation> Check(const v1::QueryEventsRequest& request);
std::vector<FieldViolation> Check(const v1::SubmitCandidateRequest& request);
std::vector<FieldViolation> Check(const v1::ListCandidatesRequest& request);
std::vector<FieldViolation> Check(const v1::DismissCandidateRequest& request);
std::vector<FieldViolation> Check(const v1::ConfirmChangesRequest& request);
std::vector<FieldViolation> Check(const v1::SplitCandidateRequest& request);
std::vector<FieldViolation> Check(const v1::MergeCandidatesRequest& request);

// Any of the EVENT_KIND_CHANGE_* kinds.
bool IsChange(v1::EventKind kind);

// An id that a caller sent. Empty: it is one.
std::vector<FieldViolation> CheckId(absl::string_view field,
                                    const std::string& id);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_VALIDATOR_H_
