#include "tests/bench/requests.h"

#include <algorithm>

#include "absl/strings/string_view.h"
#include "base/wire_fields.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/wire_format_lite.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/event_service.pb.h"
#include "tests/bench/events.h"

namespace secondstory::bench {
namespace {

constexpr size_t kDigits = 16;
// No word of the generator looks like it.
constexpr char kPlaceholder[] = "@@@@@@@@@@@@@@@@";
// How many events of the stock are written as JSON to see how long that is.
constexpr int kJsonCount = 1000;

// Seconds since 1970 are five bytes as a varint, from 1978 to 3058.
constexpr size_t kSecondsBytes = 5;

// Where the two times of an event have their seconds.
std::vector<size_t> SecondsIn(absl::string_view event) {
  std::vector<size_t> places;
  WireFields fields(event);
  while (fields.Next()) {
    const bool is_time = fields.number() == v1::Event::kEventTimeFieldNumber ||
                         fields.number() == v1::Event::kObserveTimeFieldNumber;
    if (!is_time) {
      fields.Skip();
      continue;
    }
    fields.Bytes([&](absl::string_view time) {
      // Behind the tag of the first field.
      places.push_back(static_cast<size_t>(time.data() - event.data()) + 1);
      return true;
    });
  }
  return places;
}

void WriteSeconds(uint64_t seconds, char* at) {
  for (size_t i = 0; i < kSecondsBytes; ++i, seconds >>= 7) {
    at[i] =
        static_cast<char>((seconds & 127) | (i + 1 < kSecondsBytes ? 128 : 0));
  }
}

}  // namespace

Requests::Requests(uint64_t seed, int batch, int stocked_event_count)
    : count_(seed << 40) {
  EventGenerator generator(seed);
  size_t bytes = 0, json_bytes = 0, json_count = 0;
  int64_t first_second = 0, last_second = 0;
  for (int i = 0; i < std::max(1, stocked_event_count / batch); ++i) {
    v1::AppendEventsRequest request;
    for (int j = 0; j < batch; ++j) {
      v1::Event event = generator.Next();
      // As long as the identity of a real alert: fingerprint and time.
      event.set_source_event_id(std::string(kPlaceholder) +
                                "/1700000000000000/fired");
      bytes += event.ByteSizeLong();
      if (i * batch + j < kJsonCount) {
        std::string json;
        const auto written =
            google::protobuf::util::MessageToJsonString(event, &json);
        json_bytes += written.ok() ? json.size() : 0;
        ++json_count;
      }
      last_second = event.event_time().seconds();
      if (first_second == 0) first_second = last_second;
      *request.add_events() = std::move(event);
    }
    Stocked stocked{request.SerializeAsString(), {}, {}};
    for (size_t at = stocked.bytes.find(kPlaceholder); at != std::string::npos;
         at = stocked.bytes.find(kPlaceholder, at + kDigits)) {
      stocked.identities.push_back(at);
    }
    WireFields fields(stocked.bytes);
    for (int j = 0; fields.Next(); ++j) {
      const int64_t seconds[] = {request.events(j).event_time().seconds(),
                                 request.events(j).observe_time().seconds()};
      fields.Bytes([&](absl::string_view event) {
        const auto begin =
            static_cast<size_t>(event.data() - stocked.bytes.data());
        size_t n = 0;
        for (const size_t at : SecondsIn(event)) {
          stocked.times.emplace_back(begin + at,
                                     static_cast<uint64_t>(seconds[n++ & 1]));
        }
        return true;
      });
    }
    event_bytes_ = static_cast<double>(bytes) / ((i + 1) * batch);
    stock_.push_back(std::move(stocked));
  }
  event_json_bytes_ =
      static_cast<double>(json_bytes) / static_cast<double>(json_count);
  span_seconds_ = static_cast<uint64_t>(last_second - first_second) + 1;
}

std::string Requests::NextBytes() {
  if (next_ == stock_.size()) {
    next_ = 0;
    passed_seconds_ += span_seconds_;
  }
  const Stocked& stocked = stock_[next_++];
  std::string bytes = stocked.bytes;
  for (const auto& [at, seconds] : stocked.times) {
    WriteSeconds(seconds + passed_seconds_, &bytes[at]);
  }
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
