#include "tests/bench/rounds.h"

#include <algorithm>
#include <cmath>

namespace secondstory::bench {
namespace {

constexpr double kProbeDeviationMax = 0.3;
constexpr int kRepeatedRoundsMax = 3;

}  // namespace

Rounds Rounds::Run(const BenchOptions& options,
                   const std::function<double()>& probe,
                   const std::vector<Variant>& variants) {
  Rounds rounds;
  rounds.seed_ = options.seed;
  for (const Variant& variant : variants) rounds.names_.push_back(variant.name);
  int number = 0;
  const auto run = [&] {
    rounds.probes_.push_back(probe());
    for (size_t i = 0; i < variants.size(); ++i) {
      const Variant& variant =
          variants[(i + static_cast<size_t>(number)) % variants.size()];
      rounds.figures_[variant.name].push_back(variant.run());
    }
    ++number;
  };
  const auto drop = [&rounds](size_t round) {
    const auto at = static_cast<std::ptrdiff_t>(round);
    rounds.probes_.erase(rounds.probes_.begin() + at);
    for (auto& [name, figures] : rounds.figures_) {
      figures.erase(figures.begin() + at);
    }
  };
  for (int i = 0; i < options.rounds; ++i) run();
  if (options.rounds > 1) drop(0);
  for (int repeated = 0; repeated < kRepeatedRoundsMax;) {
    const double usual = Median(rounds.probes_);
    size_t round = 0;
    while (round < rounds.probes_.size() &&
           std::abs(rounds.probes_[round] - usual) <=
               kProbeDeviationMax * usual) {
      ++round;
    }
    if (round == rounds.probes_.size() || options.rounds < 3) break;
    drop(round);
    run();
    ++repeated;
  }
  return rounds;
}

std::vector<double> Rounds::Of(const std::string& variant,
                               const std::string& metric) const {
  std::vector<double> values;
  const auto it = figures_.find(variant);
  if (it == figures_.end()) return values;
  for (const Figures& figures : it->second) {
    const auto value = figures.find(metric);
    if (value != figures.end()) values.push_back(value->second);
  }
  return values;
}

Interval Rounds::MedianOf(const std::string& variant,
                          const std::string& metric) const {
  return MedianInterval(Of(variant, metric), seed_);
}

Interval Rounds::RatioOf(const std::string& metric, const std::string& variant,
                         const std::string& to) const {
  return RatioToSum(metric, variant, {to});
}

Interval Rounds::RatioToSum(const std::string& metric,
                            const std::string& variant,
                            const std::vector<std::string>& to) const {
  const std::vector<double> ours = Of(variant, metric);
  std::vector<double> theirs(ours.size()), ratios;
  for (const std::string& one : to) {
    const std::vector<double> values = Of(one, metric);
    theirs.resize(std::min(theirs.size(), values.size()));
    for (size_t i = 0; i < theirs.size(); ++i) theirs[i] += values[i];
  }
  for (size_t i = 0; i < ours.size() && i < theirs.size(); ++i) {
    if (theirs[i] > 0) ratios.push_back(ours[i] / theirs[i]);
  }
  return MedianInterval(ratios, seed_);
}

}  // namespace secondstory::bench
