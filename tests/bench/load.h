// A closed-loop client: so many calls in flight, for so long.
#ifndef SECONDSTORY_TESTS_BENCH_LOAD_H_
#define SECONDSTORY_TESTS_BENCH_LOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"

namespace secondstory::bench {

struct Load {
  std::string address;
  std::string method = "/secondstory.v1.EventService/AppendEvents";
  int connection_count = 4;
  int in_flight = 64;
  absl::Duration duration = absl::Seconds(4);
};

struct LoadResult {
  int64_t call_count = 0;
  int64_t error_count = 0;
  double seconds = 0;
  std::vector<double> latencies_ms;  // of each call, sorted
  double calls_per_second() const {
    return seconds > 0 ? static_cast<double>(call_count) / seconds : 0;
  }
  // `fraction` 0.99: the 99th percentile.
  double LatencyMs(double fraction) const;
};

// Sends what `next_request` gives, which is called by one thread at a time.
LoadResult RunLoad(const Load& load,
                   const std::function<grpc::ByteBuffer()>& next_request);

// User and system time that a process has used so far; zero when it is gone.
absl::Duration CpuTimeOf(int pid);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_LOAD_H_
