// Events as real monitoring and deploying produce them, for benchmarks.
//
// Shapes are fitted to 2,071 published alerting rules and 105,782 published
// changes: the constants in events.cc say which. Sizes come out at 0.5 to 1 KB.
// None of the published text is in here: words are made up, of the published
// lengths, and occur as unevenly as the published ones do.
#ifndef SECONDSTORY_TESTS_BENCH_EVENTS_H_
#define SECONDSTORY_TESTS_BENCH_EVENTS_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "secondstory/v1/event.pb.h"

namespace secondstory::bench {

// Where a share of all values lies: so much of them are at most `value`.
struct ShareAt {
  double share;
  double value;
};

// Threads: one at a time.
class EventGenerator {
 public:
  // The same seed gives the same events for ever.
  explicit EventGenerator(uint64_t seed);

  // The next event. Alerts come incident by incident: some rules on some
  // services, each on many instances at once; before each lies a change. Times
  // go on by some milliseconds from one to the next, as in a storm.
  v1::Event Next();

 private:
  // A rule, with what every alert of it has in common.
  struct Rule {
    std::string name;
    std::string summary;
    std::string description;
    std::string severity;
    std::vector<std::pair<std::string, std::string>> labels;
  };

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  double Unit();
  // A value distributed as the table says.
  template <size_t size>
  size_t Pick(const ShareAt (&table)[size]);
  template <size_t size>
  std::string Text(const std::vector<std::string>& words,
                   const ShareAt (&ranks)[size], size_t bytes);
  std::vector<std::string> MakeWords(size_t count);
  Rule MakeRule(size_t number);
  void FillAlert(v1::Event* event);
  void FillChange(v1::Event* event);

  std::mt19937_64 random_;
  const uint64_t seed_;
  std::vector<std::string> alert_words_;
  std::vector<std::string> change_words_;
  std::vector<Rule> rules_;
  std::vector<std::string> services_;
  uint64_t count_ = 0;
  int64_t micros_ = 1'700'000'000'000'000;
  // Of the incident under way: alerts that are still to come, by rule and
  // service and by instance.
  size_t alerts_left_ = 0;
  size_t instances_left_ = 0;
  size_t service_ = 0;
  size_t rule_ = 0;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_EVENTS_H_
