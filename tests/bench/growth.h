// What becomes of speed, memory and disk when much is stored.
#ifndef SECONDSTORY_TESTS_BENCH_GROWTH_H_
#define SECONDSTORY_TESTS_BENCH_GROWTH_H_

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

// Intake and reads with each of BenchOptions::sizes stored, side by side; with
// the largest, and with as many of which half are sent again: memory, start-up,
// bytes on disk, bytes written for each.
void RunGrowth(const BenchOptions& options, Report* report);

// How long incidentd takes to answer after kill -9 with 64 MB in its log.
void RunRestart(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_GROWTH_H_
