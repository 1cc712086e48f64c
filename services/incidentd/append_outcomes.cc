#include "services/incidentd/append_outcomes.h"

#include <algorithm>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr int kOutcomes = v1::AppendEventsResponse::kOutcomesFieldNumber;
constexpr int kBatch = v1::StreamAppendEventsResponse::kBatchFieldNumber;

// The bytes of a field whose value has `size`, with what stands before it.
size_t FieldBytes(int number, size_t size) {
  return WireFormatLite::TagSize(number, WireFormatLite::TYPE_BYTES) +
         WireFormatLite::LengthDelimitedSize(size);
}

uint8_t* WriteHead(int number, size_t size, uint8_t* to) {
  to = WireFormatLite::WriteTagToArray(
      number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, to);
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size),
                                                 to);
}

// Of an outcome that was not refused.
size_t AcceptedBytes(const storage::Appended& appended) {
  return 2 + FieldBytes(v1::EventOutcome::kEventIdFieldNumber, kIdHexDigits) +
         1 + WireFormatLite::UInt64Size(appended.position);
}

uint8_t* WriteAccepted(const Id& id, const storage::Appended& appended,
                       uint8_t* to) {
  to = WireFormatLite::WriteEnumToArray(
      v1::EventOutcome::kOutcomeFieldNumber,
      appended.known ? v1::APPEND_OUTCOME_KNOWN : v1::APPEND_OUTCOME_STORED,
      to);
  to = WriteHead(v1::EventOutcome::kEventIdFieldNumber, kIdHexDigits, to);
  IdToHex(id, reinterpret_cast<char*>(to));
  return WireFormatLite::WriteUInt64ToArray(
      v1::EventOutcome::kPositionFieldNumber, appended.position,
      to + kIdHexDigits);
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

grpc::Slice AppendOutcomes::Encode(bool streamed) const {
  size_t bytes = 0;
  for (const std::string& refusal : refusals_) {
    bytes += FieldBytes(kOutcomes, refusal.size());
  }
  for (const Outcome& outcome : outcomes_) {
    if (!outcome.accepted) continue;
    bytes += FieldBytes(kOutcomes, AcceptedBytes(outcome.appended));
  }
  grpc::Slice response(streamed ? FieldBytes(kBatch, bytes) : bytes);
  // The slice is ours alone until it is in a buffer.
  auto* to = const_cast<uint8_t*>(response.begin());
  if (streamed) to = WriteHead(kBatch, bytes, to);
  auto refusal = refusals_.begin();
  for (const Outcome& outcome : outcomes_) {
    if (outcome.accepted) {
      to = WriteHead(kOutcomes, AcceptedBytes(outcome.appended), to);
      to = WriteAccepted(outcome.id, outcome.appended, to);
    } else {
      to = WriteHead(kOutcomes, refusal->size(), to);
      to = std::copy(refusal->begin(), refusal->end(), to);
      ++refusal;
    }
  }
  return response;
}

}  // namespace secondstory::incidentd
