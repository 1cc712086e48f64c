// Endless AppendEvents requests of new events, cheap enough not to be what a
// benchmark measures.
#ifndef SECONDSTORY_TESTS_BENCH_REQUESTS_H_
#define SECONDSTORY_TESTS_BENCH_REQUESTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "grpcpp/support/byte_buffer.h"

namespace secondstory::bench {

// Threads: one at a time.
class Requests {
 public:
  // Makes a stock of requests of `batch` events each; Next() copies one of them
  // and writes new identities into it.
  Requests(uint64_t seed, int batch);

  // A serialized AppendEventsRequest. No event occurs twice.
  std::string NextBytes();
  grpc::ByteBuffer Next();
  // The same as a StreamAppendEventsRequest.
  grpc::ByteBuffer NextStreamed();

  // Of an event, as serialized, on average.
  double event_bytes() const { return event_bytes_; }

 private:
  struct Stocked {
    std::string bytes;
    std::vector<size_t> identities;  // where the digits of each event begin
  };

  std::vector<Stocked> stock_;
  size_t next_ = 0;
  uint64_t count_;
  double event_bytes_ = 0;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_REQUESTS_H_
