// intake: durable intake of incidentd, measured against what the network and
// the disk allow.
//
//   intake [--rounds=9] [--seconds=4] [--dir=/var/tmp]
//
// In each round every variant runs once, in rotated order; the first round is
// dropped. Printed are the median of each variant and the median of the ratios
// within one round, with the lowest and highest ratio beside it.
//
//   incidentd  a real one, started for the run, synced before each answer
//   network    the same requests to a bare completion-queue server
//   disk       the same keys and bytes in bare synced writes of one request
//              each, in this process
//   values     likewise, but only the events, one key each
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "secondstory/v1/event_service.pb.h"
#include "storage/apply.h"
#include "storage/rocksdb/rocks_tables.h"
#include "tests/bench/load.h"
#include "tests/bench/requests.h"
#include "tests/support/event_append.h"
#include "tests/support/subprocess.h"

ABSL_FLAG(int, rounds, 9, "rounds, the first of which is dropped");
ABSL_FLAG(double, seconds, 4, "how long each variant runs in a round");
ABSL_FLAG(
    std::string, dir, "",
    "folder on the disk to measure; databases go into a new folder in it, "
    "which is removed afterwards. Empty: the folder for temporary files");

namespace secondstory::bench {
namespace {

struct Shape {
  std::string name;
  int batch;
  int in_flight;
};

// Of one variant in one round.
struct Figure {
  double events_per_second = 0;
  double cpu_micros_per_event = 0;  // of the server
  double p50_ms = 0;
  double p99_ms = 0;
};

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Server {
 public:
  Server(const std::string& program, const std::vector<std::string>& args) {
    process_ = *support::Subprocess::Start(program, args);
    address_ = absl::StrCat("127.0.0.1:", *process_->WaitForPort("grpc"));
  }

  Figure Run(const Shape& shape, Requests* requests) {
    Load load;
    load.address = address_;
    load.in_flight = shape.in_flight;
    load.duration = absl::Seconds(absl::GetFlag(FLAGS_seconds));
    const absl::Duration before = CpuTimeOf(process_->pid());
    const LoadResult result =
        RunLoad(load, [requests] { return requests->Next(); });
    const absl::Duration cpu = CpuTimeOf(process_->pid()) - before;
    if (result.error_count > 0) {
      std::fprintf(stderr, "%d calls failed\n",
                   static_cast<int>(result.error_count));
    }
    Figure figure;
    figure.events_per_second = result.calls_per_second() * shape.batch;
    figure.cpu_micros_per_event =
        absl::ToDoubleMicroseconds(cpu) /
        static_cast<double>(std::max<int64_t>(1, result.call_count) *
                            shape.batch);
    figure.p50_ms = result.LatencyMs(0.5);
    figure.p99_ms = result.LatencyMs(0.99);
    return figure;
  }

 private:
  std::unique_ptr<support::Subprocess> process_;
  std::string address_;
};

// What the same requests cost as bare writes. `values_only`: without ids and
// index.
Figure RunDisk(const Shape& shape, bool values_only, Requests* requests,
               storage::Tables* tables, storage::Position* position) {
  std::vector<storage::Mutations> writes;
  const int write_count = std::max(200, 60'000 / shape.batch);
  for (int i = 0; i < write_count; ++i) {
    v1::AppendEventsRequest request;
    request.ParseFromString(requests->NextBytes());
    const storage::EventAppend append =
        support::AppendOf({request.events().begin(), request.events().end()});
    std::vector<storage::NewRecord> records;
    for (const storage::NewEvent& event : append.events) {
      records.push_back({1'700'000'000'000'000, &event, ""});
    }
    storage::Mutations mutations;
    const storage::Mutations all = storage::Apply(*position + 1, records);
    *position += records.size();
    for (size_t m = 0; m < all.size(); ++m) {
      if (!values_only ||
          storage::FamilyOf(all[m].key) == storage::Family::kLog) {
        mutations.Add(all[m]);
      }
    }
    writes.push_back(std::move(mutations));
  }
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + absl::Seconds(absl::GetFlag(FLAGS_seconds));
  int done = 0;
  while (done < write_count && absl::Now() < end) {
    if (!tables->Write(writes[done++]).ok()) std::abort();
  }
  Figure figure;
  figure.events_per_second = static_cast<double>(done) * shape.batch /
                             absl::ToDoubleSeconds(absl::Now() - begin);
  return figure;
}

std::unique_ptr<storage::RocksTables> OpenTables(const std::string& dir) {
  storage::RocksOptions options;
  options.dir = dir;
  return *storage::RocksTables::Open(options);
}

void Print(const Shape& shape,
           const std::map<std::string, std::vector<Figure>>& figures) {
  std::printf("\n%s: %d events a request, %d in flight\n", shape.name.c_str(),
              shape.batch, shape.in_flight);
  std::printf("  %-10s %12s %12s %9s %9s   %s\n", "variant", "events/s",
              "CPU us/event", "p50 ms", "p99 ms", "incidentd's share of it");
  const std::vector<Figure>& ours = figures.at("incidentd");
  for (const auto& [name, runs] : figures) {
    std::vector<double> rates, cpu, p50, p99, ratios;
    for (size_t i = 0; i < runs.size(); ++i) {
      rates.push_back(runs[i].events_per_second);
      cpu.push_back(runs[i].cpu_micros_per_event);
      p50.push_back(runs[i].p50_ms);
      p99.push_back(runs[i].p99_ms);
      ratios.push_back(ours[i].events_per_second / runs[i].events_per_second);
    }
    std::printf("  %-10s %12.0f %12.1f %9.2f %9.2f   %.2f [%.2f, %.2f]\n",
                name.c_str(), Median(rates), Median(cpu), Median(p50),
                Median(p99), Median(ratios),
                *std::min_element(ratios.begin(), ratios.end()),
                *std::max_element(ratios.begin(), ratios.end()));
  }
  std::fflush(stdout);
}

void Measure(const Shape& shape, const std::string& dir, uint64_t seed) {
  Server incidentd(
      "services/incidentd/incidentd",
      {"--grpc_address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
       absl::StrCat("--data_dir=", dir, "/", shape.name)});
  Server network("tests/bench/floor_server", {absl::StrCat(shape.batch)});
  const auto tables = OpenTables(absl::StrCat(dir, "/disk-", shape.name));
  const auto values = OpenTables(absl::StrCat(dir, "/values-", shape.name));
  Requests requests(seed, shape.batch);
  storage::Position position = 0, value_position = 0;
  const std::vector<std::pair<std::string, std::function<Figure()>>> variants =
      {{"incidentd", [&] { return incidentd.Run(shape, &requests); }},
       {"network", [&] { return network.Run(shape, &requests); }},
       {"disk",
        [&] {
          return RunDisk(shape, false, &requests, tables.get(), &position);
        }},
       {"values", [&] {
          return RunDisk(shape, true, &requests, values.get(), &value_position);
        }}};
  std::map<std::string, std::vector<Figure>> figures;
  for (int round = 0; round < absl::GetFlag(FLAGS_rounds); ++round) {
    for (size_t i = 0; i < variants.size(); ++i) {
      const auto& [name, run] =
          variants[(i + static_cast<size_t>(round)) % variants.size()];
      const Figure figure = run();
      if (round > 0 || absl::GetFlag(FLAGS_rounds) == 1) {
        figures[name].push_back(figure);
      }
    }
  }
  std::printf("event: %.0f bytes\n", requests.event_bytes());
  Print(shape, figures);
}

}  // namespace
}  // namespace secondstory::bench

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  absl::ParseCommandLine(argc, argv);
  std::string parent = absl::GetFlag(FLAGS_dir);
  if (parent.empty()) parent = std::filesystem::temp_directory_path().string();
  // A folder of our own: what else is in `parent` is not ours to remove.
  const std::string dir =
      absl::StrCat(parent, "/intake-", absl::ToUnixNanos(absl::Now()));
  uint64_t seed = 1;
  for (const secondstory::bench::Shape& shape :
       {secondstory::bench::Shape{"single", 1, 64},
        secondstory::bench::Shape{"tens", 10, 32},
        secondstory::bench::Shape{"hundreds", 100, 16}}) {
    secondstory::bench::Measure(shape, dir, seed++);
  }
  std::filesystem::remove_all(dir);
}
