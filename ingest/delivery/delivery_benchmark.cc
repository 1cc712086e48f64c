// What a spool costs: events accepted, each with a promise that they are on the
// disk, by one caller and by several at once; and events on their way through.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ingest/delivery/delivery.h"
#include "ingest/delivery/fake_incidentd.h"

namespace secondstory::ingest {
namespace {

// In TEST_TMPDIR or the working folder: /tmp may be memory.
struct Bench {
  explicit Bench(bool away) {
    incidentd.SetAway(away);
    const char* dir = std::getenv("TEST_TMPDIR");
    options.spool_dir =
        absl::StrCat(dir == nullptr ? "." : dir, "/spool.", getpid());
    options.spool_bytes_max = int64_t{64} << 30;
    delivery = *Delivery::Open(options, &incidentd, &metrics);
  }
  ~Bench() {
    delivery.reset();
    std::filesystem::remove_all(options.spool_dir);
  }

  FakeIncidentd incidentd;
  Metrics metrics{"benchmark"};
  DeliveryOptions options;
  std::unique_ptr<Delivery> delivery;
};

// About as large as an alert.
std::vector<v1::Event> MakeEvents(int64_t count, int64_t first) {
  std::vector<v1::Event> events(static_cast<size_t>(count));
  for (v1::Event& event : events) {
    event.set_source("alertmanager/prod");
    event.set_source_event_id(absl::StrCat("event/", first++));
    event.set_description(std::string(500, 'x'));
  }
  return events;
}

std::unique_ptr<Bench> shared;

void BM_Accept(benchmark::State& state) {
  if (state.thread_index() == 0) shared = std::make_unique<Bench>(true);
  const std::vector<v1::Event> events = MakeEvents(state.range(0), 0);
  for (auto _ : state) {
    if (!shared->delivery->Accept(events, std::nullopt).ok()) {
      state.SkipWithError("not accepted");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  if (state.thread_index() == 0) shared.reset();
}
BENCHMARK(BM_Accept)->Arg(1)->Arg(100)->UseRealTime();
BENCHMARK(BM_Accept)->Arg(1)->Threads(8)->UseRealTime();

void BM_AcceptAndDeliver(benchmark::State& state) {
  Bench bench(false);
  int64_t first = 0;
  for (auto _ : state) {
    const std::vector<v1::Event> events = MakeEvents(state.range(0), first);
    first += state.range(0);
    if (!bench.delivery->Accept(events, std::nullopt).ok() ||
        !bench.delivery->WaitUntilDelivered(absl::InfiniteFuture())) {
      state.SkipWithError("not delivered");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_AcceptAndDeliver)->Arg(500)->UseRealTime();

}  // namespace
}  // namespace secondstory::ingest
