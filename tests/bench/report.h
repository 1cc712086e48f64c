// What a run of the benchmark has found: printed as it comes, kept as JSON.
#ifndef SECONDSTORY_TESTS_BENCH_REPORT_H_
#define SECONDSTORY_TESTS_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/bench/rounds.h"

namespace secondstory::bench {

class Report {
 public:
  // `smoke`: gates are shown and do not count.
  Report(std::string machine, bool smoke);

  // One table: variants down, `metrics` across, medians of their rounds, and
  // how many times `ours` is of each in the first metric.
  void AddRounds(const std::string& title, const Rounds& rounds,
                 const std::vector<std::string>& metrics,
                 const std::string& ours = "");

  // A figure without rounds: bytes, a start-up time.
  void AddFigure(const std::string& name, double value,
                 const std::string& unit);

  // A promise. Held against the worse end of the interval; one against a
  // regression against the better end, so that it is missed only by what the
  // spread of the rounds does not explain.
  struct Gate {
    std::string figure;
    Interval value;
    double must = 0;
    double aim = 0;
    bool higher_is_better = true;
    bool is_against_regression = false;
  };
  void AddGate(const Gate& gate);

  // Something that must be right whatever the speed.
  void AddCheck(const std::string& what, bool right);

  // Part of the result that any run with these options must come to: counts,
  // checksums of what was read. They make the result hash.
  void AddResult(const std::string& name, absl::string_view value);

  // Prints gates and hash, writes the JSON unless the path is empty. 1 when a
  // check failed or a gate was missed, else 0.
  int Finish(const std::string& json_path);

 private:
  const std::string machine_;
  const bool smoke_;
  std::string results_;
  std::vector<Gate> gates_;
  std::vector<std::string> tables_json_;
  std::vector<std::string> figures_json_;
  std::vector<std::string> failed_checks_;
};

}  // namespace secondstory::bench

#endif  // SECONDSTORY_TESTS_BENCH_REPORT_H_
