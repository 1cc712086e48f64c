// incidentd, as far as the assembler needs it. The real one is
// GrpcIncidentClient.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_INCIDENT_CLIENT_H_
#define SECONDSTORY_INGEST_ASSEMBLER_INCIDENT_CLIENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event_service.pb.h"

namespace secondstory::ingest {

// Errors are the server's; a server that cannot be reached or does not answer
// in time is UNAVAILABLE or DEADLINE_EXCEEDED.
//
// Threads: one at a time.
class IncidentClient {
 public:
  virtual ~IncidentClient() = default;

  // EventService.WatchEvents from `after_position`, with decisions: calls
  // `take` with every response, heartbeats too, and `idle` several times a
  // second while none comes, until one of them returns an error, the stream
  // breaks, or the process is to stop (CANCELLED). DEADLINE_EXCEEDED: neither
  // an event nor a heartbeat for three heartbeat intervals.
  virtual absl::Status Watch(
      uint64_t after_position,
      absl::FunctionRef<absl::Status(const v1::WatchEventsResponse&)> take,
      absl::FunctionRef<absl::Status()> idle) = 0;

  // The assembler's cursor; empty when none is stored.
  virtual absl::StatusOr<std::string> GetCursor() = 0;
  // FAILED_PRECONDITION: `previous` is not what is stored.
  virtual absl::Status StoreCursor(const std::string& value,
                                   const std::string& previous) = 0;

  // Nothing when there is no such candidate.
  virtual absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(
      const std::string& id) = 0;
  // True when it was stored, false when it said nothing new.
  virtual absl::StatusOr<bool> SubmitCandidate(
      const v1::Candidate& candidate) = 0;
  // Of all candidates with an onset at `onset` or later but merged ones.
  virtual absl::StatusOr<std::vector<std::string>> ListCandidateIds(
      absl::Time onset) = 0;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_INCIDENT_CLIENT_H_
