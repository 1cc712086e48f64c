#include "tests/bench/appends.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/bench/load.h"

namespace secondstory::bench {
namespace {

// Whether an answer says of every event what is expected.
class AnswerCheck {
 public:
  AnswerCheck(const Shape& shape, v1::AppendOutcome expected)
      : shape_(shape), expected_(expected) {}
  // Every hundredth is looked at.
  void See(const grpc::ByteBuffer& bytes) {
    if (count_++ % 100 != 0) return;
    grpc::Slice slice;
    right_ = right_ && bytes.DumpToSingleSlice(&slice).ok();
    const int size = static_cast<int>(slice.size());
    v1::AppendEventsResponse response;
    if (shape_.streamed) {
      v1::StreamAppendEventsResponse streamed;
      right_ = right_ && streamed.ParseFromArray(slice.begin(), size);
      response = std::move(*streamed.mutable_batch());
    } else {
      right_ = right_ && response.ParseFromArray(slice.begin(), size);
    }
    right_ = right_ && response.outcomes_size() == shape_.batch &&
             std::all_of(response.outcomes().begin(), response.outcomes().end(),
                         [this](const v1::EventOutcome& outcome) {
                           return outcome.outcome() == expected_;
                         });
  }
  bool right() const { return right_; }

 private:
  const Shape shape_;
  const v1::AppendOutcome expected_;
  int64_t count_ = 0;
  bool right_ = true;
};

uint64_t NextSeed() {
  static uint64_t seed = 0;
  return ++seed;
}

}  // namespace

const std::vector<std::string>& AppendMetrics() {
  static const auto* const metrics =
      new std::vector<std::string>{"events_per_second",
                                   "cpu_us",
                                   "client_cpu_us",
                                   "p50_ms",
                                   "p99_ms",
                                   "p999_ms"};
  return *metrics;
}

Figures RunAppends(const BenchOptions& options, const ServerProcess& server,
                   const Shape& shape,
                   const std::function<grpc::ByteBuffer()>& next,
                   v1::AppendOutcome expected, Report* report, double rate) {
  Load load;
  load.address = server.address();
  load.streamed = shape.streamed;
  if (shape.streamed) {
    load.method = "/secondstory.v1.EventService/StreamAppendEvents";
  }
  load.in_flight = rate > 0 ? 1000 : shape.in_flight;
  load.connection_count = std::min(4, shape.in_flight);
  load.duration = options.round_time;
  load.rate = rate;
  load.seed = NextSeed();
  AnswerCheck check(shape, expected);
  const absl::Duration before = CpuTimeOf(server.pid());
  const LoadResult result = RunLoad(
      load, next, [&](const grpc::ByteBuffer& answer) { check.See(answer); });
  const absl::Duration cpu = CpuTimeOf(server.pid()) - before;
  report->AddCheck(absl::StrCat("every append succeeds: ", result.first_error),
                   result.error_count == 0 && result.answer_count > 0);
  report->AddCheck("every event has the outcome that it must have",
                   check.right());
  const double events = static_cast<double>(
      std::max<int64_t>(1, result.call_count) * shape.batch);
  Figures figures = {
      {"events_per_second", result.calls_per_second() * shape.batch},
      {"cpu_us", absl::ToDoubleMicroseconds(cpu) / events},
      {"client_cpu_us", result.client_cpu_seconds * 1e6 / events}};
  AddLatencies(result.latencies_ms, &figures);
  return figures;
}

Figures RunNewAppends(const BenchOptions& options, const ServerProcess& server,
                      const Shape& shape, Requests* requests, Report* report,
                      double rate) {
  return RunAppends(
      options, server, shape,
      [&] {
        return shape.streamed ? requests->NextStreamed() : requests->Next();
      },
      v1::APPEND_OUTCOME_STORED, report, rate);
}

double AppendAll(const ServerProcess& server, int in_flight, int64_t count,
                 const std::function<grpc::ByteBuffer()>& next,
                 Report* report) {
  Load load;
  load.address = server.address();
  load.in_flight = in_flight;
  load.connection_count = std::min(4, in_flight);
  load.call_count = count;
  const LoadResult result = RunLoad(load, next);
  report->AddCheck(absl::StrCat("every append succeeds: ", result.first_error),
                   result.error_count == 0 && result.call_count == count);
  return result.calls_per_second();
}

}  // namespace secondstory::bench
