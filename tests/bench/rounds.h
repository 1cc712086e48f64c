// Variants measured side by side: in every round each of them runs once, in an
// order that rotates, so that what the machine does meanwhile befalls them all.
// Ratios are taken within a round.
#ifndef SECONDSTORY_TESTS_BENCH_ROUNDS_H_
#define SECONDSTORY_TESTS_BENCH_ROUNDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/bench/statistics.h"

namespace secondstory::bench {

// Of one variant in one round, by metric: "events_per_second".
using Figures = std::map<std::string, double>;

struct Variant {
  std::string name;
  std::function<Figures()> run;
};

// What every scenario is told.
struct BenchOptions {
  int rounds = 9;  // the first of several is dropped
  absl::Duration round_time = absl::Seconds(4);
  std::string dir;  // for databases; ours alone
  uint64_t seed = 1;
  // How many events are stored in the growth scenario, the smallest first.
  std::vector<int64_t> sizes;
  bool smoke = false;  // tiny; asserts what is right, not what is fast
};

class Rounds {
 public:
  // Runs them. `probe` says before each round how the machine does (here: what
  // a sync costs); rounds in which it is 30 % off the median of all are run
  // again, three at most.
  static Rounds Run(const BenchOptions& options,
                    const std::function<double()>& probe,
                    const std::vector<Variant>& variants);

  const std::vector<std::string>& names() const { return names_; }
  // The values of one metric by round; empty when the variant has no such.
  std::vector<double> Of(const std::string& variant,
                         const std::string& metric) const;
  Interval MedianOf(const std::string& variant,
                    const std::string& metric) const;
  // Of the ratios within each round.
  Interval RatioOf(const std::string& metric, const std::string& variant,
                   const std::string& to) const;
  // The same, to the sum of several.
  Interval RatioToSum(const std::string& metric, const std::string& variant,
                      const std::vector<std::string>& to) const;
  const std::vector<double>& probes() const { return probes_; }

 private:
  uint64_t seed_ = 1;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<Figures>> figures_;
  std::vector<double> probes_;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_ROUNDS_H_
