#include "tests/bench/requests.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"
#include "secondstory/v1/event_service.pb.h"
#include "tests/bench/events.h"

namespace secondstory::bench {
namespace {

constexpr size_t kDigits = 16;
// No word of the generator looks like it.
constexpr char kPlaceholder[] = "@@@@@@@@@@@@@@@@";
constexpr int kStockedEvents = 6400;

}  // namespace

Requests::Requests(uint64_t seed, int batch) : count_(seed << 40) {
  EventGenerator generator(seed);
  size_t bytes = 0;
  for (int i = 0; i < std::max(1, kStockedEvents / batch); ++i) {
    v1::AppendEventsRequest request;
    for (int j = 0; j < batch; ++j) {
      v1::Event event = generator.Next();
      // As long as the identity of a real alert: fingerprint and time.
      event.set_source_event_id(std::string(kPlaceholder) +
                                "/1700000000000000/fired");
      bytes += event.ByteSizeLong();
      *request.add_events() = std::move(event);
    }
    Stocked stocked{request.SerializeAsString(), {}};
    for (size_t at = stocked.bytes.find(kPlaceholder); at != std::string::npos;
         at = stocked.bytes.find(kPlaceholder, at + kDigits)) {
      stocked.identities.push_back(at);
    }
    event_bytes_ = static_cast<double>(bytes) / ((i + 1) * batch);
    stock_.push_back(std::move(stocked));
  }
}

std::string Requests::NextBytes() {
  const Stocked& stocked = stock_[next_++ % stock_.size()];
  std::string bytes = stocked.bytes;
  for (const size_t at : stocked.identities) {
    static constexpr char kHex[] = "0123456789abcdef";
    uint64_t number = count_++;
    for (size_t i = kDigits; i-- > 0; number >>= 4) {
      bytes[at + i] = kHex[number & 15];
    }
  }
  return bytes;
}

grpc::ByteBuffer Requests::Next() {
  grpc::Slice slice(NextBytes());
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer Requests::NextStreamed() {
  const std::string request = NextBytes();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    google::protobuf::internal::WireFormatLite::WriteBytes(
        v1::StreamAppendEventsRequest::kBatchFieldNumber, request, &out);
  }
  grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace secondstory::bench
