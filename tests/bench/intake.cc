#include "tests/bench/intake.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/stable_id.h"
#include "secondstory/v1/event_service.pb.h"
#include "storage/apply.h"
#include "storage/rocksdb/rocks_tables.h"
#include "tests/bench/load.h"
#include "tests/bench/machine.h"
#include "tests/bench/requests.h"
#include "tests/bench/server_process.h"
#include "tests/support/event_append.h"

namespace secondstory::bench {
namespace {

const std::vector<std::string> kMetrics = {"events_per_second",
                                           "cpu_us",
                                           "client_cpu_us",
                                           "p50_ms",
                                           "p99_ms",
                                           "p999_ms"};

struct Shape {
  int batch = 1;
  int in_flight = 64;
  bool streamed = false;
};

Figures FiguresOf(const LoadResult& result, absl::Duration cpu, int batch) {
  const double events =
      static_cast<double>(std::max<int64_t>(1, result.call_count) * batch);
  Figures figures = {
      {"events_per_second", result.calls_per_second() * batch},
      {"cpu_us", absl::ToDoubleMicroseconds(cpu) / events},
      {"client_cpu_us", result.client_cpu_seconds * 1e6 / events}};
  AddLatencies(result.latencies_ms, &figures);
  return figures;
}

// Whether an answer says of every event what is expected.
class AnswerCheck {
 public:
  AnswerCheck(int batch, v1::AppendOutcome expected)
      : batch_(batch), expected_(expected) {}
  // Every hundredth is looked at.
  void See(const grpc::ByteBuffer& bytes) {
    if (count_++ % 100 != 0) return;
    grpc::Slice slice;
    v1::AppendEventsResponse response;
    right_ = right_ && bytes.DumpToSingleSlice(&slice).ok() &&
             response.ParseFromArray(slice.begin(),
                                     static_cast<int>(slice.size())) &&
             response.outcomes_size() == batch_ &&
             std::all_of(response.outcomes().begin(), response.outcomes().end(),
                         [this](const v1::EventOutcome& outcome) {
                           return outcome.outcome() == expected_;
                         });
  }
  bool right() const { return right_; }

 private:
  const int batch_;
  const v1::AppendOutcome expected_;
  int64_t count_ = 0;
  bool right_ = true;
};

class Intake {
 public:
  Intake(const BenchOptions& options, Report* report)
      : options_(options), report_(report) {}

  void Run() {
    Singles();
    Hundreds();
    Grid();
    OpenLoop();
  }

 private:
  std::string Dir(const std::string& name) const {
    return absl::StrCat(options_.dir, "/intake-", name);
  }

  double Probe() const {
    return ProbeSync(options_.dir, options_.smoke ? 5 : 200);
  }

  Figures RunShape(const ServerProcess& server, const Shape& shape,
                   const std::function<grpc::ByteBuffer()>& next,
                   v1::AppendOutcome expected, double rate = 0) {
    Load load;
    load.address = server.address();
    load.streamed = shape.streamed;
    if (shape.streamed) {
      load.method = "/secondstory.v1.EventService/StreamAppendEvents";
    }
    load.in_flight = rate > 0 ? 1000 : shape.in_flight;
    load.connection_count = std::min(4, shape.in_flight);
    load.duration = options_.round_time;
    load.rate = rate;
    load.seed = ++seed_;
    AnswerCheck check(shape.batch, expected);
    const absl::Duration before = CpuTimeOf(server.pid());
    const LoadResult result =
        RunLoad(load, next, [&](const grpc::ByteBuffer& answer) {
          if (!shape.streamed) check.See(answer);
        });
    const absl::Duration cpu = CpuTimeOf(server.pid()) - before;
    report_->AddCheck(
        absl::StrCat("every append succeeds: ", result.first_error),
        result.error_count == 0 && result.call_count > 0);
    report_->AddCheck("every event has the outcome that it must have",
                      check.right());
    return FiguresOf(result, cpu, shape.batch);
  }

  Figures RunNew(const ServerProcess& server, const Shape& shape,
                 Requests* requests, double rate = 0) {
    return RunShape(
        server, shape,
        [&] {
          return shape.streamed ? requests->NextStreamed() : requests->Next();
        },
        v1::APPEND_OUTCOME_STORED, rate);
  }

  // The writes of one request each, made in chunks beside the clock.
  Figures RunDisk(int batch, bool values_only, Requests* requests,
                  storage::Tables* tables, storage::Position* position) {
    const int chunk = std::max(1, (options_.smoke ? 1000 : 20'000) / batch);
    absl::Duration time;
    int64_t count = 0;
    while (time < options_.round_time) {
      std::vector<storage::Mutations> writes;
      for (int i = 0; i < chunk; ++i) {
        writes.push_back(WriteOf(requests, values_only, position));
      }
      const absl::Time begin = absl::Now();
      for (const storage::Mutations& write : writes) {
        const bool written = tables->Write(write).ok();
        count += batch;
        if (!written) report_->AddCheck("bare writes succeed", false);
        if (absl::Now() - begin > options_.round_time) break;
      }
      time += absl::Now() - begin;
    }
    return {{"events_per_second",
             static_cast<double>(count) / absl::ToDoubleSeconds(time)}};
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
                       rounds, kMetrics, "incidentd");
    report_->AddGate(
        {"single unary appends, 64 in flight: share of a bare echo",
         rounds.RatioOf("events_per_second", "incidentd", "network"), 0.8,
         0.95});
    AddRates("single", rounds);
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
    StoreOnce(incidentd, known);
    size_t next_known = 0;
    const Rounds rounds = Rounds::Run(
        options_, [this] { return Probe(); },
        {{"incidentd", [&] { return RunNew(incidentd, shape, &requests); }},
         {"incidentd, sent again",
          [&] {
            return RunShape(
                incidentd, shape,
                [&] { return known[next_known++ % known.size()]; },
                v1::APPEND_OUTCOME_KNOWN);
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
    report_->AddRounds("Batches of 100, unary, 16 in flight", rounds, kMetrics,
                       "incidentd");
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
    report_->AddGate({"duplicates sent again: events a second against new ones",
                      rounds.RatioOf("events_per_second",
                                     "incidentd, sent again", "incidentd"),
                      1.2, 3});
    AddRates("hundred", rounds);
  }

  void StoreOnce(const ServerProcess& incidentd,
                 const std::vector<grpc::ByteBuffer>& known) {
    size_t next = 0, answered = 0;
    Load load;
    load.address = incidentd.address();
    load.in_flight = 1;
    load.connection_count = 1;
    load.duration = absl::InfiniteDuration();
    while (answered < known.size()) {
      load.duration = options_.round_time;
      const LoadResult result = RunLoad(
          load, [&] { return known[std::min(next++, known.size() - 1)]; },
          [&](const grpc::ByteBuffer&) { ++answered; });
      if (result.error_count > 0) break;
    }
    report_->AddCheck("events to be sent again are stored once",
                      answered >= known.size());
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
                         kMetrics);
    }
  }

  void AddRates(const std::string& shape, const Rounds& rounds) {
    rates_[shape] = rounds.MedianOf("incidentd", "events_per_second").median;
  }

  // At half and at four fifths of what the closed loop reached.
  void OpenLoop() {
    std::vector<Variant> variants;
    const ServerProcess incidentd = StartIncidentd(Dir("open"), report_);
    Requests singles(options_.seed + 2, 1), hundreds(options_.seed + 3, 100);
    for (const double share : {0.5, 0.8}) {
      const auto percent = static_cast<int>(share * 100);
      variants.push_back(
          {absl::StrCat("single events, ", percent, " %"), [&, share] {
             return RunNew(incidentd, {1, 64}, &singles,
                           rates_["single"] * share);
           }});
      variants.push_back(
          {absl::StrCat("batches of 100, ", percent, " %"), [&, share] {
             return RunNew(incidentd, {100, 16}, &hundreds,
                           rates_["hundred"] * share / 100);
           }});
    }
    report_->AddRounds(
        "Open loop, at a share of the rate above, from when a request was due",
        Rounds::Run(
            options_, [this] { return Probe(); }, variants),
        kMetrics);
  }

  const BenchOptions& options_;
  Report* const report_;
  std::map<std::string, double> rates_;
  uint64_t seed_ = 0;
};

}  // namespace

void RunIntake(const BenchOptions& options, Report* report) {
  Intake(options, report).Run();
}

}  // namespace secondstory::bench
