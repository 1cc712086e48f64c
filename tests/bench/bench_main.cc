// bench: how fast the product is, against the limit of the machine and against
// what a team would use instead. docs/performance.md says how to read it.
//
//   bazel run //tests/bench -- [--scenarios=batches,...] [--json=FILE]
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/bench/growth.h"
#include "tests/bench/intake.h"
#include "tests/bench/machine.h"
#include "tests/bench/peers.h"
#include "tests/bench/readers.h"
#include "tests/bench/report.h"
#include "tests/bench/search.h"
#include "tests/bench/webhook.h"

ABSL_FLAG(std::vector<std::string>, scenarios, {},
          "which scenarios to run; empty: all");
ABSL_FLAG(int, rounds, 9, "rounds, the first of which is dropped");
ABSL_FLAG(double, seconds, 4, "how long each variant runs in a round");
ABSL_FLAG(
    std::string, dir, "",
    "folder on the disk to measure; databases go into a new folder in it, "
    "which is removed afterwards. Empty: the folder for temporary files");
ABSL_FLAG(std::string, json, "", "file for the results; empty: none");
ABSL_FLAG(int, seed, 1, "of the events");
ABSL_FLAG(std::vector<std::string>, sizes,
          std::vector<std::string>({"10000", "1000000", "10000000"}),
          "how many events are stored in the scenario growth, the smallest "
          "first");
ABSL_FLAG(bool, smoke, false,
          "tiny sizes: everything is run and checked for being right, and no "
          "figure means anything");

namespace secondstory::bench {
namespace {

using Scenario = std::pair<std::string, void (*)(const BenchOptions&, Report*)>;

const std::vector<Scenario>& Scenarios() {
  static const auto* const scenarios = new std::vector<Scenario>{
      {"singles", RunSingles},   {"batches", RunBatches},
      {"shapes", RunShapes},     {"openloop", RunOpenLoop},
      {"postgres", RunPostgres}, {"alertmanager", RunAlertmanager},
      {"readers", RunReaders},   {"watchers", RunWatchers},
      {"webhook", RunWebhook},   {"growth", RunGrowth},
      {"restart", RunRestart},   {"search", RunSearch},
      {"indexing", RunIndexing},
  };
  return *scenarios;
}

int Main() {
  const std::vector<std::string> wanted = absl::GetFlag(FLAGS_scenarios);
  std::vector<std::string> names;
  for (const auto& [name, run] : Scenarios()) names.push_back(name);
  for (const std::string& name : wanted) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::fprintf(stderr, "no scenario %s; there are %s\n", name.c_str(),
                   absl::StrJoin(names, ", ").c_str());
      return 2;
    }
  }
  std::string parent = absl::GetFlag(FLAGS_dir);
  if (parent.empty()) parent = std::filesystem::temp_directory_path().string();
  BenchOptions options;
  options.smoke = absl::GetFlag(FLAGS_smoke);
  options.rounds = options.smoke ? 1 : absl::GetFlag(FLAGS_rounds);
  options.round_time = options.smoke
                           ? absl::Milliseconds(100)
                           : absl::Seconds(absl::GetFlag(FLAGS_seconds));
  options.seed = static_cast<uint64_t>(absl::GetFlag(FLAGS_seed));
  for (const std::string& size : absl::GetFlag(FLAGS_sizes)) {
    int64_t count = 0;
    if (!absl::SimpleAtoi(size, &count) || count < 1) {
      std::fprintf(stderr, "--sizes has %s, which is no count\n", size.c_str());
      return 2;
    }
    options.sizes.push_back(count);
  }
  if (options.smoke) options.sizes = {1000, 2000};
  // A folder of our own: what else is in `parent` is not ours to remove.
  options.dir = absl::StrCat(parent, "/bench-", absl::ToUnixNanos(absl::Now()));
  std::filesystem::create_directories(options.dir);
  Report report(DescribeMachine(options.dir), options.smoke);
  for (const auto& [name, run] : Scenarios()) {
    if (wanted.empty() ||
        std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
      run(options, &report);
    }
  }
  std::filesystem::remove_all(options.dir);
  return report.Finish(absl::GetFlag(FLAGS_json));
}

}  // namespace
}  // namespace secondstory::bench

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  absl::ParseCommandLine(argc, argv);
  return secondstory::bench::Main();
}
