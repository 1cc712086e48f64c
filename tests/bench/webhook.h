// From an alert to the candidate timeline that people see.
#ifndef SECONDSTORY_TESTS_BENCH_WEBHOOK_H_
#define SECONDSTORY_TESTS_BENCH_WEBHOOK_H_

#include "tests/bench/report.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

// From the moment in which Alertmanager's webhook is sent until a follower of
// candidates has the revision that shows the alert: incidentd, alertd and
// assemblerd as processes, idle and while a storm of other alerts arrives.
void RunWebhook(const BenchOptions& options, Report* report);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_WEBHOOK_H_
