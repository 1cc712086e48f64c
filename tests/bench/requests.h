// Endless AppendEvents requests of new events, cheap enough not to be what a
// benchmark measures.
#ifndef SECONDSTORY_TESTS_BENCH_REQUESTS_H_
#define SECONDSTORY_TESTS_BENCH_REQUESTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "grpcpp/support/byte_buffer.h"

namespace secondstory::bench {

// Threads: one at a time.
class Requests {
 public:
  // Makes a stock of requests of `batch` events each; Next() copies one of them
  // and writes new identities and times into it. Each time through the stock,
  // time has gone on by as much as the stock spans.
  Requests(uint64_t seed, int batch, int stocked_event_count = 6400);

  // A serialized AppendEventsRequest. No event occurs twice.
  std::string NextBytes();
  grpc::ByteBuffer Next();
  // The same as a StreamAppendEventsRequest.
  grpc::ByteBuffer NextStreamed();

  // Of an event, as serialized and as JSON, on average.
  double event_bytes() const { return event_bytes_; }
  double event_json_bytes() const { return event_json_bytes_; }

 private:
  struct Stocked {
    std::string bytes;
    std::vector<size_t> identities;  // where the digits of each event begin
    // Where the seconds of each time begin, and what they are.
    std::vector<std::pair<size_t, uint64_t>> times;
  };

  std::vector<Stocked> stock_;
  size_t next_ = 0;
  uint64_t count_;
  uint64_t span_seconds_ = 1;
  uint64_t passed_seconds_ = 0;
  double event_bytes_ = 0;
  double event_json_bytes_ = 0;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_REQUESTS_H_
