#include "tests/bench/report.h"

#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json_text.h"
#include "base/stable_id.h"

namespace secondstory::bench {
namespace {

std::string Json(absl::string_view text) {
  std::string json;
  AppendJsonText(text, &json);
  return json;
}

std::string Json(const Interval& interval) {
  return absl::StrCat("{\"median\":", interval.median,
                      ",\"low\":", interval.low, ",\"high\":", interval.high,
                      "}");
}

std::string Shown(double value) {
  char text[32];
  const double size = value < 0 ? -value : value;
  std::snprintf(text, sizeof(text),
                size >= 1000 ? "%.0f"
                : size >= 10 ? "%.1f"
                             : "%.3f",
                value);
  return text;
}

const char* Verdict(const Report::Gate& gate) {
  const double held = gate.higher_is_better != gate.is_against_regression
                          ? gate.value.low
                          : gate.value.high;
  const auto reaches = [&](double wanted) {
    return gate.higher_is_better ? held >= wanted : held <= wanted;
  };
  return reaches(gate.aim) ? "aim" : reaches(gate.must) ? "reached" : "MISSED";
}

}  // namespace

Report::Report(std::string machine, bool smoke)
    : machine_(std::move(machine)), smoke_(smoke) {
  std::printf("%s\n", machine_.c_str());
}

void Report::AddRounds(const std::string& title, const Rounds& rounds,
                       const std::vector<std::string>& metrics,
                       const std::string& ours) {
  std::printf("\n%s (%d rounds, a sync takes %.0f us)\n", title.c_str(),
              static_cast<int>(rounds.probes().size()),
              Median(rounds.probes()));
  std::printf("  %-28s", "");
  for (const std::string& metric : metrics) {
    std::printf(" %17s", metric.c_str());
  }
  std::printf("%s\n",
              ours.empty() ? "" : absl::StrCat("   ", ours, " / it").c_str());
  std::vector<std::string> rows;
  for (const std::string& name : rounds.names()) {
    std::printf("  %-28s", name.c_str());
    std::vector<std::string> cells;
    for (const std::string& metric : metrics) {
      if (rounds.Of(name, metric).empty()) {
        std::printf(" %17s", "-");
        continue;
      }
      const Interval value = rounds.MedianOf(name, metric);
      std::printf(" %17s", Shown(value.median).c_str());
      cells.push_back(absl::StrCat(Json(metric), ":", Json(value)));
    }
    if (!ours.empty()) {
      const Interval ratio = rounds.RatioOf(metrics[0], ours, name);
      std::printf("   %s [%s, %s]", Shown(ratio.median).c_str(),
                  Shown(ratio.low).c_str(), Shown(ratio.high).c_str());
      cells.push_back(absl::StrCat("\"ratio\":", Json(ratio)));
    }
    std::printf("\n");
    rows.push_back(
        absl::StrCat(Json(name), ":{", absl::StrJoin(cells, ","), "}"));
  }
  std::fflush(stdout);
  tables_json_.push_back(
      absl::StrCat(Json(title), ":{", absl::StrJoin(rows, ","), "}"));
}

void Report::AddFigure(const std::string& name, double value,
                       const std::string& unit) {
  std::printf("  %-60s %12s %s\n", name.c_str(), Shown(value).c_str(),
              unit.c_str());
  std::fflush(stdout);
  figures_json_.push_back(absl::StrCat(Json(name), ":{\"value\":", value,
                                       ",\"unit\":", Json(unit), "}"));
}

void Report::AddGate(const Gate& gate) { gates_.push_back(gate); }

void Report::AddCheck(const std::string& what, bool right) {
  if (right) return;
  std::printf("WRONG: %s\n", what.c_str());
  failed_checks_.push_back(what);
}

void Report::AddResult(const std::string& name, absl::string_view value) {
  absl::StrAppend(&results_, name, "=", value, "\n");
}

int Report::Finish(const std::string& json_path) {
  int missed = 0;
  std::vector<std::string> gates_json;
  if (!gates_.empty()) {
    std::printf("\n%-66s %28s %9s %9s\n", "", "median [95 %]", "must", "aim");
  }
  for (const Gate& gate : gates_) {
    const std::string verdict = Verdict(gate);
    missed += verdict == "MISSED";
    const std::string value =
        absl::StrCat(Shown(gate.value.median), " [", Shown(gate.value.low),
                     ", ", Shown(gate.value.high), "]");
    std::printf("%-66s %28s %9s %9s  %s\n", gate.figure.c_str(), value.c_str(),
                Shown(gate.must).c_str(), Shown(gate.aim).c_str(),
                verdict.c_str());
    gates_json.push_back(absl::StrCat(
        Json(gate.figure), ":{\"value\":", Json(gate.value),
        ",\"must\":", gate.must, ",\"aim\":", gate.aim,
        ",\"higher_is_better\":", gate.higher_is_better ? "true" : "false",
        ",\"verdict\":", Json(verdict), "}"));
  }
  const std::string hash = IdToHex(StableId({results_}));
  std::printf("\nresult hash %s%s\n", hash.c_str(),
              failed_checks_.empty() ? "" : "   SOMETHING IS WRONG, see above");
  if (!json_path.empty()) {
    std::ofstream(json_path)
        << "{\"machine\":" << Json(machine_)
        << ",\n\"result_hash\":" << Json(hash) << ",\n\"gates\":{"
        << absl::StrJoin(gates_json, ",\n") << "},\n\"figures\":{"
        << absl::StrJoin(figures_json_, ",\n") << "},\n\"tables\":{"
        << absl::StrJoin(tables_json_, ",\n") << "}}\n";
  }
  return !failed_checks_.empty() || (missed > 0 && !smoke_) ? 1 : 0;
}

}  // namespace secondstory::bench
