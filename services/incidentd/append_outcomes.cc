#include "services/incidentd/append_outcomes.h"

#include <algorithm>

#include "base/wire_fields.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::internal::WireFormatLite;

// Of an outcome that was not refused, with its tag in the response: six bytes
// of tags and lengths, the outcome, the id and the position.
constexpr size_t kAcceptedBytesMax = 6 + 1 + kIdHexDigits + 10;

void AppendAccepted(const Id& id, const storage::Appended& appended,
                    std::string* bytes) {
  uint8_t fields[kAcceptedBytesMax];
  uint8_t* end = WireFormatLite::WriteEnumToArray(
      v1::EventOutcome::kOutcomeFieldNumber,
      appended.known ? v1::APPEND_OUTCOME_KNOWN : v1::APPEND_OUTCOME_STORED,
      fields);
  end = WireFormatLite::WriteTagToArray(
      v1::EventOutcome::kEventIdFieldNumber,
      WireFormatLite::WIRETYPE_LENGTH_DELIMITED, end);
  *end++ = kIdHexDigits;
  const std::string hex = IdToHex(id);
  end = std::copy(hex.begin(), hex.end(), end);
  end = WireFormatLite::WriteUInt64ToArray(
      v1::EventOutcome::kPositionFieldNumber, appended.position, end);
  AppendBytesField(v1::AppendEventsResponse::kOutcomesFieldNumber,
                   {reinterpret_cast<const char*>(fields),
                    static_cast<size_t>(end - fields)},
                   bytes);
}

}  // namespace

void AppendOutcomes::Reserve(size_t event_count) {
  outcomes_.reserve(event_count);
}

void AppendOutcomes::AddAccepted(const Id& id) {
  outcomes_.push_back({true, id, {}});
}

void AppendOutcomes::AddRefused(const v1::EventOutcome& refusal) {
  outcomes_.push_back({false, {}, {}});
  refusals_.push_back(refusal.SerializeAsString());
}

void AppendOutcomes::Decide(absl::Span<const storage::Appended> decided) {
  size_t next = 0;
  for (Outcome& outcome : outcomes_) {
    if (!outcome.accepted) continue;
    outcome.appended = decided[next++];
    ++(outcome.appended.known ? known_count_ : stored_count_);
  }
}

std::string AppendOutcomes::Encode(bool streamed) const {
  size_t bytes_max = 0;
  for (const std::string& refusal : refusals_) bytes_max += refusal.size();
  bytes_max += outcomes_.size() * kAcceptedBytesMax;
  std::string response;
  response.reserve(bytes_max);
  size_t refusal = 0;
  for (const Outcome& outcome : outcomes_) {
    if (outcome.accepted) {
      AppendAccepted(outcome.id, outcome.appended, &response);
    } else {
      AppendBytesField(v1::AppendEventsResponse::kOutcomesFieldNumber,
                       refusals_[refusal++], &response);
    }
  }
  if (!streamed) return response;
  std::string batch;
  AppendBytesField(v1::StreamAppendEventsResponse::kBatchFieldNumber, response,
                   &batch);
  return batch;
}

}  // namespace secondstory::incidentd
