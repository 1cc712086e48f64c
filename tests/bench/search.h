// What looking for something costs, and what being found costs.
#ifndef SECONDSTORY_TESTS_BENCH_SEARCH_H_
#define SECONDSTORY_TESTS_BENCH_SEARCH_H_

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

// Search over many incidents, by rare and common words, phrases, prefixes and
// filters; GetTimeline with accounts and GetReport of a long incident; how long
// a line takes to be found. One reader each.
void RunSearch(const BenchOptions& options, Report* report);

// Intake with the search index and without, also while people write.
void RunIndexing(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_SEARCH_H_
