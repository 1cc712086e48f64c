// Alerts as Prometheus posts them and as Alertmanager's webhook tells them.
#ifndef SECONDSTORY_TESTS_BENCH_ALERT_JSON_H_
#define SECONDSTORY_TESTS_BENCH_ALERT_JSON_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/bench/events.h"

namespace secondstory::bench {

// The body of a post to Alertmanager of `count` alerts, with identities from
// `first` on.
std::string AlertsJson(EventGenerator* generator, int64_t first, int count);

// The body of Alertmanager's webhook for such alerts that began at `start`. An
// empty `service`: those of the generator.
std::string WebhookJson(EventGenerator* generator, int64_t first, int count,
                        absl::Time start, const std::string& service = "");

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_ALERT_JSON_H_
