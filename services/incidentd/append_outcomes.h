// What AppendEvents answers: a secondstory.v1.AppendEventsResponse, encoded
// without a message for each event, which would cost as much as its validation.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_APPEND_OUTCOMES_H_
#define SECONDSTORY_SERVICES_INCIDENTD_APPEND_OUTCOMES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "base/stable_id.h"
#include "grpcpp/support/slice.h"
#include "secondstory/v1/event_service.pb.h"
#include "storage/log.h"

namespace secondstory::incidentd {

// Threads: one at a time.
class AppendOutcomes {
 public:
  void Reserve(size_t event_count);

  // The next event: one that goes to the log, or one that is refused.
  void AddAccepted(const Id& id);
  void AddRefused(const v1::EventOutcome& refusal);

  // What the log decided on those that went to it, in their order.
  // REQUIRES: as many as were accepted; once.
  void Decide(absl::Span<const storage::Appended> decided);

  int stored_count() const { return stored_count_; }
  int known_count() const { return known_count_; }
  int refused_count() const { return static_cast<int>(refusals_.size()); }

  // The bytes of the response; for a stream, of the
  // StreamAppendEventsResponse that holds it.
  // REQUIRES: Decide() was called.
  grpc::Slice Encode(bool streamed) const;

 private:
  struct Outcome {
    bool accepted = true;
    Id id;
    storage::Appended appended;
  };

  absl::InlinedVector<Outcome, 1> outcomes_;
  std::vector<std::string> refusals_;  // serialized, in their order
  int stored_count_ = 0;
  int known_count_ = 0;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_APPEND_OUTCOMES_H_
