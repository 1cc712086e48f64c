#include "tests/bench/statistics.h"

#include <algorithm>
#include <random>

namespace secondstory::bench {
namespace {

constexpr int kResamplings = 2000;

}  // namespace

double Quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  const double rank = fraction * static_cast<double>(values.size() - 1) + 0.5;
  const auto nth = values.begin() + static_cast<int64_t>(rank);
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

Interval MedianInterval(const std::vector<double>& values, uint64_t seed) {
  if (values.empty()) return {};
  std::mt19937_64 random(seed);
  std::vector<double> medians, sample(values.size());
  for (int i = 0; i < kResamplings; ++i) {
    for (double& value : sample) value = values[random() % values.size()];
    medians.push_back(Median(sample));
  }
  return {Median(values), Quantile(medians, 0.025), Quantile(medians, 0.975)};
}

}  // namespace secondstory::bench
