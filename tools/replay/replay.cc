// replay: events in a file, candidate timelines on standard output.
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "tools/replay/measuring.h"
#include "tools/replay/replay_file.h"

ABSL_FLAG(std::string, events, "",
          "file of one JSON Event a line, as `story events list --json` "
          "prints them");
ABSL_FLAG(absl::Duration, lookback, absl::Hours(72),
          "how far before the onset a change is looked at");
ABSL_FLAG(std::string, topology, "",
          "service dependencies, as assemblerd reads them: CSV, or YAML if it "
          "ends in .yaml");
ABSL_FLAG(bool, keep_going, false,
          "leave out lines that are no events; default: stop with exit code 2");
ABSL_FLAG(int64_t, measure_every, 0,
          "print how fast the events are assembled and in how much memory, "
          "instead of candidates; candidates are taken after so many events: "
          "1 as when assemblerd follows, 200000 as when it catches up");

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage(
      "prints the candidate timelines of a file of events, one JSON object a "
      "line.\n  replay --events=FILE [--lookback=72h] [--topology=FILE] "
      "[--keep_going]\n         [--measure_every=N]");
  const std::vector<char*> rest = absl::ParseCommandLine(argc, argv);
  if (rest.size() > 1 || absl::GetFlag(FLAGS_events).empty()) {
    std::cerr << (rest.size() > 1
                      ? std::string("unexpected argument: ") + rest[1]
                      : "--events=FILE is missing")
              << "\nTry --help.\n";
    return 2;
  }
  const secondstory::replay::ReplayOptions options = {
      absl::GetFlag(FLAGS_events), absl::GetFlag(FLAGS_topology),
      absl::GetFlag(FLAGS_lookback), absl::GetFlag(FLAGS_keep_going)};
  std::ios::sync_with_stdio(false);
  std::vector<std::string> skipped;
  const int64_t measure_every = absl::GetFlag(FLAGS_measure_every);
  absl::Status status;
  if (measure_every > 0) {
    const auto measured = secondstory::replay::Measure(
        options, static_cast<size_t>(measure_every), secondstory::SystemClock(),
        &skipped);
    if (measured.ok()) std::cout << secondstory::replay::Describe(*measured);
    status = measured.status();
  } else {
    status = secondstory::replay::Replay(options, std::cout, &skipped);
  }
  for (const std::string& line : skipped) std::cerr << line << " (left out)\n";
  if (!status.ok()) {
    std::cerr << status.message() << "\n";
    return 2;
  }
  std::cout.flush();
  return std::cout.good() ? 0 : 1;
}
