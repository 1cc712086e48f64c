// What many noisy measurements say together.
#ifndef SECONDSTORY_TESTS_BENCH_STATISTICS_H_
#define SECONDSTORY_TESTS_BENCH_STATISTICS_H_

#include <cstdint>
#include <vector>

namespace secondstory::bench {

// The value below which `fraction` (0 to 1) of `values` lie: the nearest rank.
// 0 for none.
double Quantile(std::vector<double> values, double fraction);
inline double Median(std::vector<double> values) {
  return Quantile(std::move(values), 0.5);
}

// A median, and where it lies in 95 of 100 resamplings of its values with
// replacement (the percentile bootstrap; Efron, 1979).
struct Interval {
  double median = 0;
  double low = 0;
  double high = 0;
};
Interval MedianInterval(const std::vector<double>& values, uint64_t seed);

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_STATISTICS_H_
