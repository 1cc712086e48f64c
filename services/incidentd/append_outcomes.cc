#include "services/incidentd/append_outcomes.h"

#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::internal::WireFormatLite;

// Of an outcome that was not refused, with its tag in the response: six bytes
// of tags and lengths, the outcome, the id and the position.
constexpr size_t kAcceptedBytesMax = 6 + 1 + kIdHexDigits + 10;

// A tag and a length, before as many bytes.
void AppendHead(int field_number, size_t size, std::string* bytes) {
  uint8_t head[16];
  const uint8_t* end =
      google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
          static_cast<uint32_t>(size),
          WireFormatLite::WriteTagToArray(
              field_number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, head));
  bytes->append(reinterpret_cast<const char*>(head),
                static_cast<size_t>(end - head));
}

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
  for (const char c : absl::string_view(id)) {
    constexpr char kDigits[] = "0123456789abcdef";
    *end++ = static_cast<uint8_t>(kDigits[static_cast<uint8_t>(c) >> 4]);
    *end++ = static_cast<uint8_t>(kDigits[static_cast<uint8_t>(c) & 15]);
  }
  end = WireFormatLite::WriteUInt64ToArray(
      v1::EventOutcome::kPositionFieldNumber, appended.position, end);
  const auto size = static_cast<size_t>(end - fields);
  AppendHead(v1::AppendEventsResponse::kOutcomesFieldNumber, size, bytes);
  bytes->append(reinterpret_cast<const char*>(fields), size);
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
      const std::string& bytes = refusals_[refusal++];
      AppendHead(v1::AppendEventsResponse::kOutcomesFieldNumber, bytes.size(),
                 &response);
      response += bytes;
    }
  }
  if (!streamed) return response;
  std::string batch;
  AppendHead(v1::StreamAppendEventsResponse::kBatchFieldNumber, response.size(),
             &batch);
  return batch + response;
}

}  // namespace secondstory::incidentd
