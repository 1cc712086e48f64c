// Intake of incidentd against what a team would use instead.
#ifndef SECONDSTORY_TESTS_BENCH_PEERS_H_
#define SECONDSTORY_TESTS_BENCH_PEERS_H_

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

// Durable on both sides: every way that PostgreSQL has to take many events, and
// single rows from 32 clients.
void RunPostgres(const BenchOptions& options, Report* report);

// Alertmanager's batched and single posts, which are in memory only.
void RunAlertmanager(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_PEERS_H_
