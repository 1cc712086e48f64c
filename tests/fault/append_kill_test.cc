// Goal: an acknowledged event survives the death of incidentd, exactly once.
// Method: several clients append while the process is killed (-9) at random
// moments and started again on the same database. Each client notes what was
// acknowledged, and appends again what was not. In the end the log must hold
// every event once, at the position that its acknowledgement named, and
// nothing that was never sent.
// Seed: printed on failure; set SECONDSTORY_SEED to replay.
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/proto_time.h"
#include "tests/support/running_incidentd.h"
#include "tests/support/seed.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::Context;
using support::RunningIncidentd;

constexpr int kClients = 4;
constexpr int kKills = 12;
constexpr int kBatchMax = 20;

v1::Event MakeEvent(const std::string& id) {
  v1::Event event;
  event.set_source("test");
  event.set_source_event_id(id);
  event.set_kind(v1::EVENT_KIND_NOTE);
  event.set_title(id);
  *event.mutable_event_time() = FromMicros(1'700'000'000'000'000);
  return event;
}

// Acknowledged events and their positions.
class AckLog {
 public:
  void Add(const v1::AppendEventsRequest& request,
           const v1::AppendEventsResponse& response) {
    absl::MutexLock lock(&mutex_);
    for (int i = 0; i < request.events_size(); ++i) {
      const v1::EventOutcome& outcome = response.outcomes(i);
      EXPECT_NE(outcome.outcome(), v1::APPEND_OUTCOME_REFUSED);
      const auto [it, fresh] = positions_.emplace(
          request.events(i).source_event_id(), outcome.position());
      EXPECT_EQ(it->second, outcome.position()) << it->first;
    }
  }
  size_t size() const {
    absl::MutexLock lock(&mutex_);
    return positions_.size();
  }
  std::map<std::string, uint64_t> positions() const {
    absl::MutexLock lock(&mutex_);
    return positions_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, uint64_t> positions_;
};

void AppendUntilStopped(int client, uint64_t seed,
                        const std::shared_ptr<grpc::Channel>& channel,
                        const std::atomic<bool>& stop, AckLog* acks) {
  std::mt19937_64 random(seed);
  const auto stub = v1::EventService::NewStub(channel);
  int next = 0;
  while (!stop) {
    v1::AppendEventsRequest request;
    for (size_t n = random() % kBatchMax + 1; n > 0; --n) {
      *request.add_events() = MakeEvent(absl::StrCat(client, "/", next++));
    }
    bool acknowledged = false;
    while (!acknowledged) {
      Context context;
      context.set_wait_for_ready(true);
      v1::AppendEventsResponse response;
      acknowledged = stub->AppendEvents(&context, request, &response).ok();
      if (acknowledged) acks->Add(request, response);
    }
  }
}

std::map<std::string, uint64_t> ReadAll(RunningIncidentd* service) {
  std::map<std::string, uint64_t> positions;
  Context context;
  auto reader = service->events->WatchEvents(&context, {});
  v1::WatchEventsResponse response;
  do {
    EXPECT_TRUE(reader->Read(&response));
    for (const v1::Event& event : response.events()) {
      const bool fresh =
          positions.emplace(event.source_event_id(), event.position()).second;
      EXPECT_TRUE(fresh) << event.source_event_id() << " is stored twice";
    }
  } while (!response.caught_up());
  context.TryCancel();
  return positions;
}

TEST(AppendKillTest, LosesAndDoublesNothingThatWasAcknowledged) {
  const std::string dir = testing::TempDir() + "/append_kill";
  std::filesystem::remove_all(dir);
  std::mt19937_64 random(support::Seed());
  auto service = std::make_unique<RunningIncidentd>(dir);
  const int port = service->port;
  AckLog acks;
  std::atomic<bool> stop = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(AppendUntilStopped, i, random(), service->NewChannel(),
                         std::cref(stop), &acks);
  }
  for (int kill = 0; kill < kKills; ++kill) {
    // A while of progress, of random length, then the end.
    const size_t enough = acks.size() + random() % 400 + 1;
    EXPECT_TRUE(support::WaitUntil("events are acknowledged",
                                   [&] { return acks.size() >= enough; }));
    service->process->Kill(SIGKILL);
    EXPECT_THAT(service->process->Wait(), IsOkAndHolds(128 + SIGKILL));
    service = std::make_unique<RunningIncidentd>(dir, port);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  // Every client ends with an acknowledgement: all that was sent is known.
  EXPECT_EQ(ReadAll(service.get()), acks.positions());
}

}  // namespace
}  // namespace secondstory
