// Durable intake of incidentd, against what the network and the disk allow.
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

// Single events; batches of 100, new and sent again.
void RunSingles(const BenchOptions& options, Report* report);
void RunBatches(const BenchOptions& options, Report* report);

// Every batch size by concurrency and kind of call, in fewer rounds.
void RunShapes(const BenchOptions& options, Report* report);

// Latency at half and at four fifths of what the closed loop reaches.
void RunOpenLoop(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_INTAKE_H_
