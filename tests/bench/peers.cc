#include "tests/bench/peers.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "tests/bench/alert_json.h"
#include "tests/bench/alertmanager.h"
#include "tests/bench/appends.h"
#include "tests/bench/events.h"
#include "tests/bench/machine.h"
#include "tests/bench/postgres.h"
#include "tests/bench/requests.h"
#include "tests/bench/server_process.h"

namespace secondstory::bench {
namespace {

const std::vector<std::string> kMetrics = {"events_per_second", "cpu_us",
                                           "p50_ms", "p99_ms", "p999_ms"};
constexpr int kBatchClients = 4;
constexpr int kSingleClients = 32;

int Insert(PgRows* rows, int count, PgConnection* connection) {
  return connection->Run(InsertStatement(count), rows->Next(count)) == count
             ? count
             : -1;
}

// By way of a staging table, since COPY itself cannot skip what is known.
int CopyAndMerge(PgRows* rows, int count, PgConnection* connection) {
  return connection->Execute("BEGIN") &&
                 connection->Copy("COPY staging FROM STDIN (FORMAT binary)",
                                  rows->NextCopy(count)) &&
                 connection->Execute(
                     "INSERT INTO events SELECT * FROM staging "
                     "ON CONFLICT DO NOTHING; COMMIT")
             ? count
             : -1;
}

}  // namespace

void RunPostgres(const BenchOptions& options, Report* report) {
  const ServerProcess incidentd =
      StartIncidentd(options.dir + "/peers-postgres", report);
  const Postgres postgres(options.dir + "/postgres", report);
  Requests singles(options.seed + 50, 1), hundreds(options.seed + 51, 100);
  PgRows rows(options.seed + 52);
  const auto probe = [&] {
    return ProbeSync(options.dir, options.smoke ? 5 : 200);
  };
  const auto insert = [&](int count) {
    return RunPgClients(
        options, postgres, count == 1 ? kSingleClients : kBatchClients,
        [&, count](PgConnection* c) { return Insert(&rows, count, c); },
        report);
  };
  const auto copy = [&](int count) {
    return RunPgClients(
        options, postgres, kBatchClients,
        [&, count](PgConnection* c) { return CopyAndMerge(&rows, count, c); },
        report);
  };
  const std::vector<std::string> ways = {"INSERT, 100 rows", "INSERT, 500 rows",
                                         "COPY, 100 rows", "COPY, 1000 rows"};
  const Rounds batches =
      Rounds::Run(options, probe,
                  {{"incidentd",
                    [&] {
                      return RunNewAppends(options, incidentd, {100, 16},
                                           &hundreds, report);
                    }},
                   {ways[0], [&] { return insert(100); }},
                   {ways[1], [&] { return insert(500); }},
                   {ways[2], [&] { return copy(100); }},
                   {ways[3], [&] { return copy(1000); }}});
  report->AddRounds("Batches against PostgreSQL", batches, kMetrics,
                    "incidentd");
  std::string best = ways[0];
  for (const std::string& way : ways) {
    if (batches.MedianOf(way, "events_per_second").median >
        batches.MedianOf(best, "events_per_second").median) {
      best = way;
    }
  }
  report->AddGate(
      {absl::StrCat("batches of 100 against PostgreSQL's best, ", best),
       batches.RatioOf("events_per_second", "incidentd", best), 1.5, 4});
  const Rounds single = Rounds::Run(
      options, probe,
      {{"incidentd",
        [&] {
          return RunNewAppends(options, incidentd, {1, kSingleClients},
                               &singles, report);
        }},
       {"INSERT, 32 clients", [&] { return insert(1); }}});
  report->AddRounds("Single events against PostgreSQL, 32 in flight", single,
                    kMetrics, "incidentd");
  report->AddGate(
      {"single appends against PostgreSQL's single-row INSERTs",
       single.RatioOf("events_per_second", "incidentd", "INSERT, 32 clients"),
       1.3, 2});
}

void RunAlertmanager(const BenchOptions& options, Report* report) {
  const ServerProcess incidentd =
      StartIncidentd(options.dir + "/peers-alertmanager", report);
  const ServerProcess network("tests/bench/floor_server", {"1"}, report);
  Alertmanager alertmanager(options.dir + "/alertmanager", report);
  Requests singles(options.seed + 60, 1), hundreds(options.seed + 61, 100);
  // As many as incidentd takes at a time of four streams.
  const Shape streamed = {1, 4 * limits::kStreamAppendsInFlightMax, true};
  // Prometheus sends what fires again every minute; so do we, with this many.
  const int alert_count = options.smoke ? 1000 : 50'000;
  EventGenerator generator(options.seed + 62);
  std::vector<std::string> single_bodies, batch_bodies;
  for (int i = 0; i < alert_count; i += 100) {
    batch_bodies.push_back(AlertsJson(&generator, i, 100));
  }
  for (int i = 0; i < alert_count; ++i) {
    single_bodies.push_back(AlertsJson(&generator, i, 1));
  }
  const Rounds rounds = Rounds::Run(
      options, [&] { return ProbeSync(options.dir, options.smoke ? 5 : 200); },
      {{"incidentd, batches",
        [&] {
          return RunNewAppends(options, incidentd, {100, 16}, &hundreds,
                               report);
        }},
       {"incidentd, single",
        [&] {
          return RunNewAppends(options, incidentd, {1, 64}, &singles, report);
        }},
       {"incidentd, single, streamed",
        [&] {
          return RunNewAppends(options, incidentd, streamed, &singles, report);
        }},
       {"bare echo, single",
        [&] {
          return RunNewAppends(options, network, {1, 64}, &singles, report);
        }},
       {"bare echo, single, streamed",
        [&] {
          return RunNewAppends(options, network, streamed, &singles, report);
        }},
       {"Alertmanager, batches",
        [&] { return alertmanager.RunPosts(options, batch_bodies, 100, 8); }},
       {"Alertmanager, single",
        [&] { return alertmanager.RunPosts(options, single_bodies, 1, 32); }}});
  report->AddRounds("Against Alertmanager, which is not durable", rounds,
                    kMetrics);
  report->AddGate({"batches of 100 against Alertmanager's, not durable",
                   rounds.RatioOf("events_per_second", "incidentd, batches",
                                  "Alertmanager, batches"),
                   2, 4});
  report->AddGate({"single appends against Alertmanager's, not durable",
                   rounds.RatioOf("events_per_second", "incidentd, single",
                                  "Alertmanager, single"),
                   5, 8});
  // What a call each can reach at all, and what a message each.
  for (const char* const way :
       {"bare echo, single", "incidentd, single, streamed",
        "bare echo, single, streamed"}) {
    report->AddFigure(
        absl::StrCat(way, ": times Alertmanager's single posts"),
        rounds.RatioOf("events_per_second", way, "Alertmanager, single").median,
        "");
  }
}

}  // namespace secondstory::bench
