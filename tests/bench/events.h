// Events as real monitoring and deploying produce them, for benchmarks.
//
// Shapes are fitted to some 2,000 published alerting rules and 100,000
// published changes: how long names, summaries and titles are, which labels
// occur and how many values they have, how unevenly services take part, how
// many paths a change touches. Sizes come out at 0.5 to 1 KB. None of the
// published text is in here.
#ifndef SECONDSTORY_TESTS_BENCH_EVENTS_H_
#define SECONDSTORY_TESTS_BENCH_EVENTS_H_

#include <cstdint>
#include <random>
#include <string>

#include "secondstory/v1/event.pb.h"

namespace secondstory::bench {

// Threads: one at a time.
class EventGenerator {
 public:
  // The same seed gives the same events for ever.
  explicit EventGenerator(uint64_t seed) : random_(seed), seed_(seed) {}

  // The next event: in bursts of alerts, with a change now and then. Times go
  // on by some milliseconds from one to the next.
  v1::Event Next();

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  // Small numbers often, large ones seldom: the n-th service of a list.
  uint64_t Skewed(uint64_t bound);
  std::string Words(size_t bytes);
  void FillAlert(v1::Event* event);
  void FillChange(v1::Event* event);

  std::mt19937_64 random_;
  const uint64_t seed_;
  uint64_t count_ = 0;
  int64_t micros_ = 1'700'000'000'000'000;
  // A burst is one rule that fires on many pods of one service.
  uint64_t burst_left_ = 0;
  uint64_t burst_service_ = 0;
  uint64_t burst_rule_ = 0;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_EVENTS_H_
