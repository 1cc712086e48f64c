// A client that puts a load on a gRPC server and notes what becomes of it.
#ifndef SECONDSTORY_TESTS_BENCH_LOAD_H_
#define SECONDSTORY_TESTS_BENCH_LOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

struct Load {
  std::string address;
  std::string method = "/secondstory.v1.EventService/AppendEvents";
  // Unary calls, or one stream a connection that has one answer a request.
  bool streamed = false;
  int connection_count = 4;
  // Closed loop: so many requests are under way, over all connections.
  int in_flight = 64;
  // Open loop: requests a second, at random times (Poisson) whatever becomes of
  // those before; then `in_flight` is the most that may be under way, and a
  // request that has to wait for that counts from when it was due, so that a
  // slow server cannot hide behind it (coordinated omission). 0: closed loop.
  double rate = 0;
  uint64_t seed = 1;
  absl::Duration duration = absl::Seconds(4);
  // Not 0: so many calls, however long they take. Closed loop, unary.
  int64_t call_count = 0;
};

struct LoadResult {
  int64_t answer_count = 0;  // at any time
  int64_t call_count = 0;    // answered while the load ran
  int64_t error_count = 0;
  std::string first_error;
  double seconds = 0;
  double client_cpu_seconds = 0;  // of this process
  std::vector<double> latencies_ms;
  double calls_per_second() const {
    return seconds > 0 ? static_cast<double>(call_count) / seconds : 0;
  }
};

// Sends what `next_request` gives, which is called by one thread at a time.
// `on_response`, if any, sees every answer.
LoadResult RunLoad(
    const Load& load, const std::function<grpc::ByteBuffer()>& next_request,
    const std::function<void(const grpc::ByteBuffer&)>& on_response = nullptr);

// "p50_ms", "p99_ms" and "p999_ms" of the latencies.
void AddLatencies(const std::vector<double>& latencies_ms, Figures* figures);

// User and system time that a process, and with `children` all that descend
// from it, have used so far; zero when it is gone.
absl::Duration CpuTimeOf(int pid, bool children = false);

// Resident memory of a process, in MiB.
double ResidentMib(int pid);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_LOAD_H_
