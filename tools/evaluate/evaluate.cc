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
ABSL_FLAG(uint64_t, seed, 1, "of folds and resampling");

int main(int argc, char** argv) {
  namespace evaluate = secondstory::evaluate;
  absl::SetProgramUsageMessage(
      "prints how well candidate timelines agree with confirmed incidents.\n"
      "  evaluate --events=FILE --incidents=FILE [--folds=5] [--seed=1] "
      "[--topology=FILE] [--lookback=72h]");
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  const int folds = absl::GetFlag(FLAGS_folds);
  std::string wrong;
  if (rest.size() > 1) {
    wrong = std::string("unexpected argument: ") + rest[1];
  } else if (absl::GetFlag(FLAGS_events).empty()) {
    wrong = "--events=FILE is missing";
  } else if (absl::GetFlag(FLAGS_incidents).empty()) {
    wrong = "--incidents=FILE is missing";
  } else if (folds < 0 || folds == 1) {
    wrong = "--folds must be 0, or 2 or more";
  }
  if (!wrong.empty()) {
    std::cerr << wrong << "\nTry --help.\n";
    return 2;
  }
  std::vector<std::string> skipped;
  const absl::StatusOr<evaluate::History> history = evaluate::ReadHistory(
      {absl::GetFlag(FLAGS_events), absl::GetFlag(FLAGS_topology),
       absl::GetFlag(FLAGS_lookback), false},
      absl::GetFlag(FLAGS_incidents), &skipped);
  if (!history.ok()) {
    std::cerr << history.status().message() << "\n";
    return 2;
  }
  const uint64_t seed = absl::GetFlag(FLAGS_seed);
  const evaluate::Assembled plain = evaluate::Assemble(*history, {});
  std::cout << history->incidents.size() << " incidents, "
            << history->events.size() << " events, rules version "
            << secondstory::timeline::kRulesVersion << "\n"
            << evaluate::DescribeGrouping(plain)
            << evaluate::DescribeRanking(plain.verdicts, seed);
  if (folds > 0) {
    std::cout << "\nlearnt from other incidents, " << folds << " folds, seed "
              << seed << ":\n"
              << evaluate::DescribeRanking(
                     evaluate::CrossValidate(*history, plain.verdicts, folds,
                                             seed),
                     seed)
              << "\nlearnt from all:\n"
              << secondstory::timeline::FormatLearning(
                     evaluate::LearnFrom(plain.verdicts))
              << "\n";
  }
  std::cout.flush();
  return std::cout.good() ? 0 : 1;
}
