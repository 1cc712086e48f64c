// How fast this machine assembles the events of a file, and in how much memory.
#ifndef SECONDSTORY_TOOLS_REPLAY_MEASURING_H_
#define SECONDSTORY_TOOLS_REPLAY_MEASURING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "tools/replay/replay_file.h"

namespace secondstory::replay {

struct Measurement {
  size_t event_count = 0;
  size_t revision_count = 0;  // candidates taken, each time they changed
  // One thread, without reading the file: adding, taking, forgetting.
  absl::Duration duration;
  // At the moments when candidates were taken.
  size_t open_count_max = 0;      // candidates
  size_t retained_count_max = 0;  // events
  size_t retained_bytes = 0;      // on glibc's heap when so many were retained
};

// Does what assemblerd does: adds the events in the order in which they became
// known (`append_time`, else `event_time`), takes what changed after every
// `take_every` of them, and forgets every ten minutes of their time. 1 is like
// following live, 200000 like catching up.
// REQUIRES: take_every > 0. Errors and `skipped`: as Replay().
absl::StatusOr<Measurement> Measure(const ReplayOptions& options,
                                    size_t take_every, const Clock& clock,
                                    std::vector<std::string>* skipped);

// "205782 events in 2.1 s: 97991 a second; ...", one fact a line.
std::string Describe(const Measurement& measurement);

}  // namespace secondstory::replay

#endif  // SECONDSTORY_TOOLS_REPLAY_MEASURING_H_
