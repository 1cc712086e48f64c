#include "tests/bench/reads.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/load.h"

namespace secondstory::bench {

const std::vector<std::string>& ReadMetrics() {
  static const auto* const metrics =
      new std::vector<std::string>{"per_second", "p50_ms", "p99_ms", "p999_ms"};
  return *metrics;
}

Figures RunReader(const BenchOptions& options, const std::function<int()>& ask,
                  int wanted, Report* report) {
  const absl::Time begin = absl::Now();
  const absl::Time end = begin + options.round_time;
  std::vector<double> latencies_ms;
  bool right = true;
  for (absl::Time start = begin; start < end;) {
    const int rows = ask();
    const absl::Time now = absl::Now();
    right = right && (wanted < 0 ? rows >= 0 : rows == wanted);
    latencies_ms.push_back(absl::ToDoubleMilliseconds(now - start));
    start = now;
  }
  report->AddCheck(absl::StrCat("every read has ", wanted, " rows"), right);
  Figures figures = {
      {"per_second", static_cast<double>(latencies_ms.size()) /
                         absl::ToDoubleSeconds(absl::Now() - begin)}};
  AddLatencies(latencies_ms, &figures);
  return figures;
}

}  // namespace secondstory::bench
