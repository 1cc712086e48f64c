// Errors, inside and on the wire: absl::Status everywhere inside, and one place
// that turns it into grpc::Status with rich details.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_RPC_STATUS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_RPC_STATUS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace secondstory::incidentd {

// The domain of our google.rpc.ErrorInfo.
inline constexpr char kErrorDomain[] = "secondstory";

// One thing that is wrong with a request.
struct FieldViolation {
  std::string field;        // "events[3].event_time"
  std::string description;  // what is wrong, the value, what to do
};

// INVALID_ARGUMENT with a google.rpc.BadRequest; the message lists all of
// `violations`. REQUIRES: there is at least one.
absl::Status BadRequest(const std::vector<FieldViolation>& violations);
absl::Status BadRequest(absl::string_view field, absl::string_view description);

// The status on the wire. Every error carries a google.rpc.Status with a
// google.rpc.ErrorInfo (reason: the name of the code) and the details that the
// status holds; UNAVAILABLE and RESOURCE_EXHAUSTED also a google.rpc.RetryInfo.
// The message is cut at 4 KiB, because it travels in a header.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_RPC_STATUS_H_
