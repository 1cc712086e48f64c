// What readers wait for, alone and while everything arrives at once.
#ifndef SECONDSTORY_TESTS_BENCH_READERS_H_
#define SECONDSTORY_TESTS_BENCH_READERS_H_

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

// GetTimeline of 10, 1,000 and 10,000 entries, QueryEvents by service and time,
// ListCandidates; one reader, idle and under full intake; and the same queries
// on PostgreSQL. An answer counts once the client has all of it: libpq has
// split it into fields by then, gRPC has not, so timelines are also measured
// until they are decoded.
void RunReaders(const BenchOptions& options, Report* report);

// WatchEvents with 1, 10 and 100 watchers: how long an event takes to all of
// them, and what intake and delivery they leave when much arrives.
void RunWatchers(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_READERS_H_
