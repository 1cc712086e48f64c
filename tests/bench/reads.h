// One reader, and how long it waits for each answer.
#ifndef SECONDSTORY_TESTS_BENCH_READS_H_
#define SECONDSTORY_TESTS_BENCH_READS_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

// What tables of reads show.
const std::vector<std::string>& ReadMetrics();

// Asks again and again, one at a time, for the time of a round. `ask` returns
// how many rows came back, which are checked to be `wanted`; with -1, only that
// the answer came.
Figures RunReader(const BenchOptions& options, const std::function<int()>& ask,
                  int wanted, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_READS_H_
