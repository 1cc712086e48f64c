// evaluate: how good candidate timelines are on an organisation's own history.
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/evaluate/evaluation.h"
#include "tools/evaluate/history_file.h"
#include "tools/evaluate/learnt_topology.h"

ABSL_FLAG(std::string, events, "",
          "file of one JSON Event a line, as `story events list --json` "
          "prints them");
ABSL_FLAG(std::string, incidents, "",
          "file of one JSON object a line, {\"symptoms\": [event ids], "
          "\"contributing\": [event ids]}; see docs/quality.md");
ABSL_FLAG(std::string, topology, "",
          "service dependencies, as assemblerd reads them: CSV, or YAML if it "
          "ends in .yaml");
ABSL_FLAG(absl::Duration, lookback, absl::Hours(72),
          "how far before the onset a change is looked at");
ABSL_FLAG(int, folds, 0,
          "also cross-validate what is learnt, with so many folds; 0: do not");
ABSL_FLAG(int, together, 3,
          "of `topology`: in how many incidents two services must have come "
          "together");
ABSL_FLAG(uint64_t, seed, 1, "of folds and resampling");

namespace secondstory::evaluate {
namespace {

constexpr char kUsage[] =
    "prints how well candidate timelines agree with confirmed incidents.\n"
    "  evaluate --events=FILE --incidents=FILE [--folds=5] [--seed=1] "
    "[--topology=FILE] [--lookback=72h]\n"
    "or which services keep having trouble together, as YAML for "
    "assemblerd's topology_file.\n"
    "  evaluate topology --events=FILE --incidents=FILE [--together=3]";

// What is wrong with the command line; empty: nothing.
std::string FindMistake(const std::vector<char*>& words) {
  if (words.size() > 2 ||
      (words.size() == 2 && words[1] != absl::string_view("topology"))) {
    return std::string("unexpected argument: ") + words.back();
  }
  if (absl::GetFlag(FLAGS_events).empty()) return "--events=FILE is missing";
  if (absl::GetFlag(FLAGS_incidents).empty()) {
    return "--incidents=FILE is missing";
  }
  const int folds = absl::GetFlag(FLAGS_folds);
  if (folds < 0 || folds == 1) return "--folds must be 0, or 2 or more";
  if (absl::GetFlag(FLAGS_together) < 1) return "--together must be 1 or more";
  return "";
}

void PrintFigures(const History& history) {
  const uint64_t seed = absl::GetFlag(FLAGS_seed);
  const int folds = absl::GetFlag(FLAGS_folds);
  const Assembled plain = Assemble(history, {});
  std::cout << history.incidents.size() << " incidents, "
            << history.events.size() << " events, rules version "
            << timeline::kRulesVersion << "\n"
            << DescribeGrouping(plain) << DescribeRanking(plain.verdicts, seed);
  if (folds == 0) return;
  std::cout << "\nlearnt from other incidents, " << folds << " folds, seed "
            << seed << ":\n"
            << DescribeRanking(
                   CrossValidate(history, plain.verdicts, folds, seed), seed)
            << "\nlearnt from all:\n"
            << timeline::FormatLearning(LearnFrom(plain.verdicts)) << "\n";
}

int Run(const std::vector<char*>& words) {
  const std::string mistake = FindMistake(words);
  if (!mistake.empty()) {
    std::cerr << mistake << "\nTry --help.\n";
    return 2;
  }
  std::vector<std::string> skipped;
  const absl::StatusOr<History> history =
      ReadHistory({absl::GetFlag(FLAGS_events), absl::GetFlag(FLAGS_topology),
                   absl::GetFlag(FLAGS_lookback), false},
                  absl::GetFlag(FLAGS_incidents), &skipped);
  if (!history.ok()) {
    std::cerr << history.status().message() << "\n";
    return 2;
  }
  if (words.size() == 2) {
    std::cout << FormatTopologyYaml(
        LearnTopology(*history, absl::GetFlag(FLAGS_together)));
  } else {
    PrintFigures(*history);
  }
  std::cout.flush();
  return std::cout.good() ? 0 : 1;
}

}  // namespace
}  // namespace secondstory::evaluate

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(secondstory::evaluate::kUsage);
  return secondstory::evaluate::Run(absl::ParseCommandLine(argc, argv));
}
