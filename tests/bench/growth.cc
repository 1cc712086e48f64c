#include "tests/bench/growth.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/proto_time.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "tests/bench/appends.h"
#include "tests/bench/disk.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/bench/requests.h"
#include "tests/bench/server_process.h"
#include "tests/support/wait_until.h"

namespace secondstory::bench {
namespace {

constexpr int kBatch = 100;
constexpr int kInFlight = 16;
// Enough that compressing is not made easy by events that repeat.
constexpr int kStockedEventCount = 50'000;
constexpr int64_t kLogBytes = int64_t{64} << 20;

// A database of so many events.
struct Grown {
  std::string name;
  std::string dir;
  int64_t count = 0;
  std::unique_ptr<Requests> requests;
  std::unique_ptr<ServerProcess> server;
};

class Growth {
 public:
  Growth(const BenchOptions& options, Report* report)
      : options_(options), report_(report) {}

  void Run() {
    for (const int64_t size : options_.sizes) {
      grown_.push_back(Load(size, false));
    }
    Grown again = Load(options_.sizes.back(), true);
    Describe(again);
    again.server.reset();
    const Grown& largest = grown_.back();
    Describe(largest);
    Intake();
    Reads();
    resident_ = ResidentMib(largest.server->pid());
    report_->AddFigure(
        absl::StrCat("resident set of incidentd, after reads and writes, ",
                     largest.name),
        resident_, "MiB");
    StartUp(&grown_.back());
    Disk(&grown_.back());
  }

  void Restart() {
    std::vector<double> seconds;
    for (int i = 0; i < (options_.smoke ? 1 : 9); ++i) {
      const std::string dir = absl::StrCat(options_.dir, "/restart-", i);
      Requests requests(options_.seed + 40, kBatch);
      auto server =
          std::make_unique<ServerProcess>(StartIncidentd(dir, report_));
      // Just less than what is kept in the write-ahead log at most.
      const auto count =
          static_cast<int64_t>((options_.smoke ? 0.01 : 0.95) * kLogBytes /
                               (requests.event_bytes() * kBatch));
      AppendAll(
          *server, kInFlight, count, [&] { return requests.Next(); }, report_);
      server->process().Kill(SIGKILL);
      report_->AddCheck("incidentd dies of kill -9",
                        server->process().Wait().value_or(-1) == 128 + SIGKILL);
      seconds.push_back(TimeToAnswer(dir, &server));
      CheckCount(*server, count * kBatch);
    }
    const Interval value = MedianInterval(seconds, options_.seed);
    report_->AddGate({"kill -9 with 64 MB of log, to the first answer: seconds",
                      value, 2, 0.5, false});
  }

 private:
  double Probe() const {
    return ProbeSync(options_.dir, options_.smoke ? 5 : 200);
  }

  Grown Load(int64_t size, bool half_again) {
    Grown grown;
    grown.count = half_again ? size / 2 : size;
    grown.name = absl::StrCat(
        size, half_again ? " sent, half of them again" : " stored");
    grown.dir = absl::StrCat(options_.dir, "/growth-", size, half_again);
    grown.requests = std::make_unique<Requests>(
        options_.seed + 20, kBatch, options_.smoke ? 1000 : kStockedEventCount);
    grown.server =
        std::make_unique<ServerProcess>(StartIncidentd(grown.dir, report_));
    // The second half are batches of some time ago.
    std::vector<grpc::ByteBuffer> sent;
    int64_t number = 0;
    const int64_t batches = std::max<int64_t>(2, size / kBatch);
    const double rate = AppendAll(
        *grown.server, kInFlight, batches,
        [&] {
          if (half_again && ++number % 2 == 0) {
            // Of up to a million events before.
            grpc::ByteBuffer request = std::move(sent[sent.size() / 2]);
            sent[sent.size() / 2] = std::move(sent.back());
            sent.pop_back();
            return request;
          }
          grpc::ByteBuffer request = grown.requests->Next();
          if (half_again) sent.push_back(request);
          return request;
        },
        report_);
    report_->AddFigure(absl::StrCat("intake until there are ", grown.name),
                       rate * kBatch, "events/s");
    CheckCount(*grown.server,
               half_again ? (batches + 1) / 2 * kBatch : batches * kBatch);
    return grown;
  }

  // Waits until what loading has left to do in the background is done.
  void Settle(const ServerProcess& server) {
    const auto property = [&server](const std::string& name) {
      return server.Metric(
          "secondstory_storage_rocksdb_property{property=\"rocksdb." + name +
          "\"}");
    };
    const bool settled = bool{support::WaitUntil(
        "compactions end",
        [&] {
          return property("num-running-compactions") == 0 &&
                 property("num-running-flushes") == 0;
        },
        absl::Minutes(5))};
    report_->AddCheck("compactions end", settled);
  }

  // Everything that was sent is there, once.
  void CheckCount(const ServerProcess& server, int64_t count) {
    const int64_t stored = RecordCount(server);
    report_->AddCheck(absl::StrCat(count, " events are stored, not ", stored),
                      stored == count);
    report_->AddResult("stored", absl::StrCat(stored));
  }

  // From the start of the process to the answer to a query for the last event.
  double TimeToAnswer(const std::string& dir,
                      std::unique_ptr<ServerProcess>* server) {
    const absl::Time begin = absl::Now();
    *server = std::make_unique<ServerProcess>(StartIncidentd(dir, report_));
    const auto stub = v1::EventService::NewStub((*server)->Connect());
    grpc::ClientContext context;
    v1::QueryEventsRequest request;
    request.set_page_size(1);
    request.set_newest_first(true);
    v1::QueryEventsResponse response;
    const bool answered = stub->QueryEvents(&context, request, &response).ok();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    report_->AddCheck("after a start the newest event can be read",
                      answered && response.events_size() == 1);
    return seconds;
  }

  void Describe(const Grown& grown) {
    report_->AddFigure(absl::StrCat("resident set of incidentd, ", grown.name),
                       ResidentMib(grown.server->pid()), "MiB");
    const auto written = static_cast<double>(WrittenBytes(grown.server->pid()));
    report_->AddFigure(
        absl::StrCat("bytes written for each of an event, ", grown.name),
        written /
            (static_cast<double>(grown.count) * grown.requests->event_bytes()),
        "");
  }

  // What an empty one takes is measured on a new database in each round.
  void Intake() {
    const BenchOptions& round = options_;
    std::vector<Variant> variants;
    int fresh = 0;
    variants.push_back(
        {grown_[0].name, [&] {
           const ServerProcess server = StartIncidentd(
               absl::StrCat(options_.dir, "/fresh-", ++fresh), report_);
           Requests* requests = grown_[0].requests.get();
           AppendAll(
               server, kInFlight, options_.sizes[0] / kBatch,
               [&] { return requests->Next(); }, report_);
           return RunNewAppends(round, server, {kBatch, kInFlight}, requests,
                                report_);
         }});
    for (size_t i = 1; i < grown_.size(); ++i) {
      const Grown* grown = &grown_[i];
      variants.push_back({grown->name, [this, grown, &round] {
                            return RunNewAppends(
                                round, *grown->server, {kBatch, kInFlight},
                                grown->requests.get(), report_);
                          }});
    }
    const Rounds rounds = Rounds::Run(
        round, [this] { return Probe(); }, variants);
    report_->AddRounds("Batches of 100 when so much is stored", rounds,
                       AppendMetrics(), grown_.back().name);
    report_->AddGate({absl::StrCat("intake with ", grown_.back().name,
                                   " against ", grown_[0].name),
                      rounds.RatioOf("events_per_second", grown_.back().name,
                                     grown_[0].name),
                      0.75, 0.95});
  }

  void Reads() {
    std::vector<Variant> variants;
    for (const Grown& grown : grown_) {
      variants.push_back(
          {grown.name, [this, &grown] { return RunQueries(*grown.server); }});
    }
    BenchOptions round = options_;
    round.round_time = std::min(options_.round_time, absl::Seconds(1));
    report_->AddRounds("QueryEvents, 100 of a minute, when so much is stored",
                       Rounds::Run(
                           round, [this] { return Probe(); }, variants),
                       {"per_second", "p50_ms", "p99_ms", "p999_ms"},
                       grown_.back().name);
  }

  Figures RunQueries(const ServerProcess& server) {
    struct Load load;
    load.address = server.address();
    load.method = "/secondstory.v1.EventService/QueryEvents";
    load.in_flight = load.connection_count = 1;
    load.duration = std::min(options_.round_time, absl::Seconds(1));
    // Minutes from the first on; every database has some dozens.
    constexpr int64_t kFirstMicros = 1'700'000'000'000'000;
    int64_t minute = 0;
    const LoadResult result = RunLoad(load, [&] {
      v1::QueryEventsRequest request;
      minute = (minute + 1) % (options_.smoke ? 1 : 2);
      *request.mutable_start_time() =
          FromMicros(kFirstMicros + minute * 60'000'000);
      *request.mutable_end_time() =
          FromMicros(kFirstMicros + (minute + 1) * 60'000'000);
      request.set_page_size(100);
      grpc::Slice slice(request.SerializeAsString());
      return grpc::ByteBuffer(&slice, 1);
    });
    report_->AddCheck(
        absl::StrCat("every query succeeds: ", result.first_error),
        result.error_count == 0 && result.answer_count > 0);
    Figures figures = {{"per_second", result.calls_per_second()}};
    AddLatencies(result.latencies_ms, &figures);
    return figures;
  }

  void Stop(Grown* grown) {
    grown->server->process().Kill(SIGTERM);
    report_->AddCheck("incidentd stops",
                      grown->server->process().Wait().value_or(-1) == 0);
    grown->server.reset();
  }

  void StartUp(Grown* grown) {
    std::vector<double> seconds;
    for (int i = 0; i < (options_.smoke ? 1 : 9); ++i) {
      Stop(grown);
      seconds.push_back(TimeToAnswer(grown->dir, &grown->server));
    }
    report_->AddGate({absl::StrCat("start-up with ", grown->name, ": seconds"),
                      MedianInterval(seconds, options_.seed), 3, 0.5, false});
    RunQueries(*grown->server);
    const double resident = ResidentMib(grown->server->pid());
    report_->AddFigure(
        absl::StrCat("resident set of incidentd, started with ", grown->name),
        resident, "MiB");
    // The worse of the two: fresh from a start, and after all that was above.
    resident_ = std::max(resident_, resident);
    report_->AddGate({absl::StrCat("resident set with ", grown->name, ": MiB"),
                      {resident_, resident_, resident_},
                      512,
                      256,
                      false});
  }

  void Disk(Grown* grown) {
    const auto end = static_cast<double>(RecordCount(*grown->server));
    Stop(grown);
    const double json = end * grown->requests->event_json_bytes();
    report_->AddFigure("bytes of an event", grown->requests->event_bytes(), "");
    report_->AddFigure("bytes of its JSON", grown->requests->event_json_bytes(),
                       "");
    report_->AddFigure(
        absl::StrCat("bytes on disk of its JSON, as left, ", grown->name),
        static_cast<double>(DirectoryBytes(grown->dir)) / json, "");
    const absl::Status compacted = CompactDatabase(grown->dir + "/incidentd");
    report_->AddCheck(absl::StrCat("compacts: ", compacted.ToString()),
                      compacted.ok());
    const double share = static_cast<double>(DirectoryBytes(grown->dir)) / json;
    report_->AddGate(
        {absl::StrCat("bytes on disk of an event's JSON, ", grown->name),
         {share, share, share},
         0.35,
         0.2,
         false});
  }

  const BenchOptions& options_;
  Report* const report_;
  std::vector<Grown> grown_;
  double resident_ = 0;
};

}  // namespace

void RunGrowth(const BenchOptions& options, Report* report) {
  Growth(options, report).Run();
}

void RunRestart(const BenchOptions& options, Report* report) {
  Growth(options, report).Restart();
}

}  // namespace secondstory::bench
