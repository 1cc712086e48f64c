// How many events a second an assembler takes, on one core, and in how much
// memory.
//
//   bazel run -c opt //timeline:assembler_benchmark
//
// Events are generated, the same in every run: incidents of some alerts each,
// of a service and those around it, which never resolve and so stay open for
// half a day; and changes of all services, as many a day as a large
// organisation makes. `open` is how many candidates are open at a time. For
// events of your own: `replay --measure_every=N`.
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "timeline/assembler.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

constexpr int kServiceCount = 50000;
constexpr int kAlertsOfIncident = 10;
constexpr double kChangesOfDay = 30;

std::string ServiceName(int number) {
  return absl::StrCat("service-", number % kServiceCount);
}

// Each calls two others, so that all are connected.
Topology MakeGraph() {
  std::string csv = "source,target\n";
  for (int i = 0; i < kServiceCount; ++i) {
    absl::StrAppend(&csv, ServiceName(i), ",", ServiceName(i + 1), "\n",
                    ServiceName(i), ",", ServiceName(i * 2 + 1), "\n");
  }
  return *Topology::ParseCsv(csv);
}

Event Numbered(Event event, int number) {
  event.id = absl::StrCat(number, "/", event.id);
  event.source_event_id = event.id;
  event.position = static_cast<uint64_t>(number) + 1;
  return event;
}

// `incident_count` of them, evenly spread over `span`, and the changes.
std::vector<Event> MakeEvents(int incident_count, absl::Duration span) {
  std::vector<Event> events;
  const absl::Duration apart = span / incident_count;
  for (int i = 0; i < incident_count; ++i) {
    for (int j = 0; j < kAlertsOfIncident; ++j) {
      Event alert = MakeAlert(apart * i + absl::Seconds(30 * (j / 3)),
                              ServiceName(i * 7919 + j / 4),
                              absl::StrCat("Alert", j % 10, "IsHigh"));
      alert.labels.push_back({"instance", absl::StrCat("host-", i, "-", j)});
      events.push_back(
          Numbered(std::move(alert), static_cast<int>(events.size())));
    }
  }
  const auto change_count =
      static_cast<int>(absl::ToDoubleHours(span) / 24 * kChangesOfDay);
  for (int i = 0; i < change_count; ++i) {
    events.push_back(
        Numbered(MakeChange(span / change_count * i, ServiceName(i * 104729),
                            absl::StrCat("Raise the limit of queue ", i % 997)),
                 static_cast<int>(events.size())));
  }
  std::sort(events.begin(), events.end(), IsBefore);
  return events;
}

double HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

void Run(benchmark::State& state, const std::vector<Event>& events) {
  const Topology graph = MakeGraph();
  size_t candidate_count = 0;
  size_t open_count = 0;
  double event_bytes = 0;
  double candidate_bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto assembler = std::make_unique<Assembler>(AssemblerOptions(), graph);
    const double empty = HeapBytes();
    std::vector<Event> copies = events;
    state.ResumeTiming();
    for (Event& event : copies) assembler->Add(std::move(event));
    state.PauseTiming();
    copies = {};
    const double added = HeapBytes();
    state.ResumeTiming();
    candidate_count = assembler->TakeChanged().size();
    open_count = assembler->CountCandidates(CandidateState::kOpen);
    state.PauseTiming();
    event_bytes = (added - empty) / static_cast<double>(events.size());
    candidate_bytes =
        (HeapBytes() - added) / static_cast<double>(candidate_count);
    assembler.reset();
    state.ResumeTiming();
  }
  state.counters["B/event"] = event_bytes;
  state.counters["B/candidate"] = candidate_bytes;
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events.size()) *
                             static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
  state.counters["events"] = static_cast<double>(events.size());
  state.counters["candidates"] = static_cast<double>(candidate_count);
  state.counters["open"] = static_cast<double>(open_count);
}

// 10,000 incidents, of which state.range(0) are open at a time.
void BM_AssembleIncidents(benchmark::State& state) {
  const int incident_count = 10000;
  const double open_count = static_cast<double>(state.range(0));
  Run(state, MakeEvents(incident_count,
                        kFiringGroupQuiet * incident_count / open_count));
}
BENCHMARK(BM_AssembleIncidents)
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);

// Nine changes for each alert.
void BM_AssembleMostlyChanges(benchmark::State& state) {
  const int incident_count = 1000;
  Run(state, MakeEvents(incident_count,
                        absl::Hours(24) * (9 * kAlertsOfIncident *
                                           incident_count / kChangesOfDay)));
}
BENCHMARK(BM_AssembleMostlyChanges)->Unit(benchmark::kMillisecond);

// As assemblerd does while it follows: candidates are taken after every event,
// with state.range(0) of them open.
void BM_FollowLive(benchmark::State& state) {
  const auto open_count = static_cast<int>(state.range(0));
  const int incident_count = open_count + open_count / 5 + 100;
  const std::vector<Event> events = MakeEvents(
      incident_count, kFiringGroupQuiet * incident_count / open_count);
  const size_t followed = std::min<size_t>(2000, events.size() / 6);
  const Topology graph = MakeGraph();
  size_t revision_count = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto assembler = std::make_unique<Assembler>(AssemblerOptions(), graph);
    const size_t before = events.size() - followed;
    for (size_t i = 0; i < before; ++i) assembler->Add(events[i]);
    assembler->TakeChanged();
    revision_count = 0;
    state.ResumeTiming();
    for (size_t i = before; i < events.size(); ++i) {
      assembler->Add(events[i]);
      revision_count += assembler->TakeChanged().size();
    }
    state.PauseTiming();
    state.counters["open"] =
        static_cast<double>(assembler->CountCandidates(CandidateState::kOpen));
    assembler.reset();
    state.ResumeTiming();
  }
  state.counters["events/s"] = benchmark::Counter(
      static_cast<double>(followed) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate);
  state.counters["revisions"] = static_cast<double>(revision_count);
}
BENCHMARK(BM_FollowLive)
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace secondstory::timeline
