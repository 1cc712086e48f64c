// Durable intake of incidentd, against what the network and the disk allow, and
// against what a team would use instead.
#ifndef SECONDSTORY_TESTS_BENCH_INTAKE_H_
#define SECONDSTORY_TESTS_BENCH_INTAKE_H_

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

//   incidentd    a real one, synced before each answer
//   network      the same requests to a bare completion-queue server
//   disk         the same keys and bytes in bare synced writes of one request
//                each, through the same library, in this process
//   values       likewise, but only the events, one key each
//   PostgreSQL   15, same unique key and indexes, synced before each answer
//   Alertmanager holds alerts in memory: not durable
void RunIntake(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_INTAKE_H_
