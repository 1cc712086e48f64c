// Appending to incidentd, and what it costs there.
#ifndef SECONDSTORY_TESTS_BENCH_APPENDS_H_
#define SECONDSTORY_TESTS_BENCH_APPENDS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "grpcpp/support/byte_buffer.h"
#include "secondstory/v1/event_service.pb.h"
#include "tests/bench/report.h"
#include "tests/bench/requests.h"
#include "tests/bench/rounds.h"
#include "tests/bench/server_process.h"

namespace secondstory::bench {

// What tables of appends show; the CPU times are an event's.
const std::vector<std::string>& AppendMetrics();

struct Shape {
  int batch = 1;
  int in_flight = 64;
  bool streamed = false;
};

// Appends for the time of a round; checks that every append succeeds and, of
// some answers, that every event has the `expected` outcome. `rate`: requests a
// second of an open loop; 0: closed.
Figures RunAppends(const BenchOptions& options, const ServerProcess& server,
                   const Shape& shape,
                   const std::function<grpc::ByteBuffer()>& next,
                   v1::AppendOutcome expected, Report* report, double rate = 0);

// The same with events that are all new.
Figures RunNewAppends(const BenchOptions& options, const ServerProcess& server,
                      const Shape& shape, Requests* requests, Report* report,
                      double rate = 0);

// Appends the next `count` requests, however long that takes, and returns
// requests a second.
double AppendAll(const ServerProcess& server, int in_flight, int64_t count,
                 const std::function<grpc::ByteBuffer()>& next, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_APPENDS_H_
