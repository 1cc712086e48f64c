#include "tests/bench/intake.h"

#include <time.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "secondstory/v1/event_service.pb.h"
#include "storage/apply.h"
#include "storage/rocksdb/rocks_tables.h"
#include "tests/bench/appends.h"
#include "tests/bench/machine.h"
#include "tests/bench/requests.h"
#include "tests/bench/server_process.h"
#include "tests/support/event_append.h"

namespace secondstory::bench {
namespace {

// What incidentd takes of the CPU for batches of 100, of what the two floors
// take together: as it was when this was written. The time alone differs by a
// quarter from run to run on one machine, and between machines by more.
constexpr double kCpuAgainstFloors = 1.2;

double CpuSeconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) / 1e9;
}

class Intake {
 public:
  Intake(const BenchOptions& options, Report* report)
      : options_(options), report_(report) {}

  void Singles() {
    const ServerProcess incidentd = StartIncidentd(Dir("single"), report_);
    const ServerProcess network("tests/bench/floor_server", {"1"}, report_);
    Requests requests(options_.seed, 1);
    const Shape shape = {1, 64};
    const Rounds rounds = Rounds::Run(
        options_, [this] { return Probe(); },
        {{"incidentd", [&] { return RunNew(incidentd, shape, &requests); }},
         {"network", [&] { return RunNew(network, shape, &requests); }}});
    report_->AddRounds(absl::StrCat("Single events of ",
                                    static_cast<int>(requests.event_bytes()),
                                    " bytes, unary, 64 in flight"),
                       rounds, AppendMetrics(), "incidentd");
    report_->AddGate(
        {"single unary appends, 64 in flight: share of a bare echo",
         rounds.RatioOf("events_per_second", "incidentd", "network"), 0.8,
         0.95});
  }

  void Hundreds() {
    const ServerProcess incidentd = StartIncidentd(Dir("hundred"), report_);
    const ServerProcess network("tests/bench/floor_server", {"100"}, report_);
    const auto disk_tables = OpenTables("disk");
    const auto value_tables = OpenTables("values");
    storage::Position disk_position = 0, value_position = 0;
    Requests requests(options_.seed + 1, 100);
    const Shape shape = {100, 16};
    // Some that are stored before the first round, to be sent again and again.
    std::vector<grpc::ByteBuffer> known;
    for (int i = 0; i < (options_.smoke ? 20 : 5000); ++i) {
      known.push_back(requests.Next());
    }
    size_t next_known = 0;
    const auto next = [&] { return known[next_known++ % known.size()]; };
    AppendAll(incidentd, 1, static_cast<int64_t>(known.size()), next, report_);
    const Rounds rounds = Rounds::Run(
        options_, [this] { return Probe(); },
        {{"incidentd", [&] { return RunNew(incidentd, shape, &requests); }},
         {"incidentd, sent again",
          [&] {
            return RunAppends(options_, incidentd, shape, next,
                              v1::APPEND_OUTCOME_KNOWN, report_);
          }},
         {"network", [&] { return RunNew(network, shape, &requests); }},
         {"disk",
          [&] {
            return RunDisk(100, false, &requests, disk_tables.get(),
                           &disk_position);
          }},
         {"values", [&] {
            return RunDisk(100, true, &requests, value_tables.get(),
                           &value_position);
          }}});
    report_->AddRounds("Batches of 100, unary, 16 in flight", rounds,
                       AppendMetrics(), "incidentd");
    const Interval network_share =
        rounds.RatioOf("events_per_second", "incidentd", "network");
    const Interval disk_share =
        rounds.RatioOf("events_per_second", "incidentd", "disk");
    report_->AddGate(
        {"batches of 100: share of the lower floor",
         disk_share.median > network_share.median ? disk_share : network_share,
         0.8, 0.95});
    report_->AddGate(
        {"batches of 100: share of bare writes of the values only",
         rounds.RatioOf("events_per_second", "incidentd", "values"), 0.35,
         0.7});
    report_->AddGate({"batches of 100: CPU microseconds an event",
                      rounds.MedianOf("incidentd", "cpu_us"), 12, 6, false});
    report_->AddGate(
        {"batches of 100: CPU against that of both floors, 5 % more",
         rounds.RatioToSum("cpu_us", "incidentd", {"network", "disk"}),
         1.05 * kCpuAgainstFloors, kCpuAgainstFloors, false, true});
    report_->AddGate({"duplicates sent again: events a second against new ones",
                      rounds.RatioOf("events_per_second",
                                     "incidentd, sent again", "incidentd"),
                      1.2, 3});
  }

  // Every batch size by concurrency and kind of call, in fewer rounds.
  void Grid() {
    BenchOptions quick = options_;
    quick.rounds = std::min(options_.rounds, 4);
    quick.round_time = options_.round_time / 2;
    for (const int batch : {1, 10, 100, 500}) {
      const ServerProcess incidentd =
          StartIncidentd(Dir(absl::StrCat("grid-", batch)), report_);
      Requests requests(options_.seed + 10 + static_cast<uint64_t>(batch),
                        batch);
      std::vector<Variant> variants;
      for (const bool streamed : {false, true}) {
        for (const int in_flight : {1, 8, 64}) {
          variants.push_back(
              {absl::StrCat(streamed ? "streamed, " : "unary, ", in_flight,
                            " in flight"),
               [this, &incidentd, &requests, batch, in_flight, streamed] {
                 return RunNew(incidentd, {batch, in_flight, streamed},
                               &requests);
               }});
        }
      }
      report_->AddRounds(absl::StrCat("Batches of ", batch),
                         Rounds::Run(
                             quick, [this] { return Probe(); }, variants),
                         AppendMetrics());
    }
  }

  // At half and at four fifths of what the closed loop reached.
  void OpenLoop() {
    std::vector<Variant> variants;
    const ServerProcess incidentd = StartIncidentd(Dir("open"), report_);
    Requests singles(options_.seed + 2, 1), hundreds(options_.seed + 3, 100);
    BenchOptions quick = options_;
    quick.rounds = std::min(options_.rounds, 4);
    std::map<int, double> rates;
    for (auto [batch, requests] : {std::pair(1, &singles), {100, &hundreds}}) {
      const Shape shape = {batch, batch == 1 ? 64 : 16};
      const auto run = [&, r = requests] {
        return RunNew(incidentd, shape, r);
      };
      const Rounds rounds =
          Rounds::Run(quick, [this] { return Probe(); }, {{"closed", run}});
      rates[batch] = rounds.MedianOf("closed", "events_per_second").median;
    }
    for (const double share : {0.5, 0.8}) {
      const auto percent = static_cast<int>(share * 100);
      variants.push_back(
          {absl::StrCat("single events, ", percent, " %"), [&, share] {
             return RunNew(incidentd, {1, 64}, &singles, rates[1] * share);
           }});
      variants.push_back(
          {absl::StrCat("batches of 100, ", percent, " %"), [&, share] {
             return RunNew(incidentd, {100, 16}, &hundreds,
                           rates[100] * share / 100);
           }});
    }
    report_->AddRounds(
        "Open loop, at a share of the rate above, from when a request was due",
        Rounds::Run(
            options_, [this] { return Probe(); }, variants),
        AppendMetrics());
  }

 private:
  std::string Dir(const std::string& name) const {
    return absl::StrCat(options_.dir, "/intake-", name);
  }

  double Probe() const {
    return ProbeSync(options_.dir, options_.smoke ? 5 : 200);
  }

  Figures RunNew(const ServerProcess& server, const Shape& shape,
                 Requests* requests, double rate = 0) {
    return RunNewAppends(options_, server, shape, requests, report_, rate);
  }

  // The writes of one request each, made beside the clock: some to see how fast
  // they go, then all that the rest of the round takes. Compactions would go on
  // in any further pause for nothing.
  Figures RunDisk(int batch, bool values_only, Requests* requests,
                  storage::Tables* tables, storage::Position* position) {
    absl::Duration time;
    int64_t count = 0;
    int64_t wanted = options_.smoke ? 1000 : 20'000;
    // Of this process, with what the library does in the background.
    double cpu_seconds = -CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    while (time < options_.round_time) {
      cpu_seconds += CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
      std::vector<storage::Mutations> writes;
      for (int64_t i = 0; i < wanted; i += batch) {
        writes.push_back(WriteOf(requests, values_only, position));
      }
      cpu_seconds -= CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
      const absl::Time begin = absl::Now();
      for (const storage::Mutations& write : writes) {
        const bool written = tables->Write(write).ok();
        count += batch;
        if (!written) report_->AddCheck("bare writes succeed", false);
        if (absl::Now() - begin > options_.round_time) break;
      }
      time += absl::Now() - begin;
      wanted = std::max<int64_t>(
          batch, static_cast<int64_t>(static_cast<double>(count) *
                                      ((options_.round_time - time) / time)));
    }
    cpu_seconds += CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    return {{"events_per_second",
             static_cast<double>(count) / absl::ToDoubleSeconds(time)},
            {"cpu_us", cpu_seconds * 1e6 / static_cast<double>(count)}};
  }

  static storage::Mutations WriteOf(Requests* requests, bool values_only,
                                    storage::Position* position) {
    v1::AppendEventsRequest request;
    request.ParseFromString(requests->NextBytes());
    const storage::EventAppend append =
        support::AppendOf({request.events().begin(), request.events().end()});
    std::vector<storage::NewRecord> records;
    for (const storage::NewEvent& event : append.events) {
      records.push_back({1'700'000'000'000'000, &event, ""});
    }
    storage::Mutations all = storage::Apply(*position + 1, records);
    *position += records.size();
    if (!values_only) return all;
    storage::Mutations values;
    for (size_t i = 0; i < all.size(); ++i) {
      if (storage::FamilyOf(all[i].key) == storage::Family::kLog) {
        values.Add(all[i]);
      }
    }
    return values;
  }

  std::unique_ptr<storage::Tables> OpenTables(const std::string& name) {
    storage::RocksOptions options;
    options.dir = Dir(name);
    return *storage::RocksTables::Open(options);
  }

  const BenchOptions& options_;
  Report* const report_;
};

}  // namespace

void RunSingles(const BenchOptions& options, Report* report) {
  Intake(options, report).Singles();
}
void RunBatches(const BenchOptions& options, Report* report) {
  Intake(options, report).Hundreds();
}
void RunShapes(const BenchOptions& options, Report* report) {
  Intake(options, report).Grid();
}
void RunOpenLoop(const BenchOptions& options, Report* report) {
  Intake(options, report).OpenLoop();
}

}  // namespace secondstory::bench
