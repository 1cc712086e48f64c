// Candidate timelines of the events in a file.
#ifndef SECONDSTORY_TOOLS_REPLAY_REPLAY_FILE_H_
#define SECONDSTORY_TOOLS_REPLAY_REPLAY_FILE_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "timeline/event.h"

namespace secondstory::replay {

struct ReplayOptions {
  // One proto3-JSON Event a line, in any order; blank lines are skipped.
  std::string events_file;
  // As ingest::ReadTopologyFile reads it; empty: no dependencies known.
  std::string topology_file;
  absl::Duration lookback = absl::Hours(72);
  // Leave lines out that are no events instead of giving up.
  bool keep_going = false;
};

// Calls `take` with every event of `options.events_file`. Errors and `skipped`:
// as Replay().
absl::Status ReadEvents(const ReplayOptions& options,
                        absl::FunctionRef<void(timeline::Event)> take,
                        std::vector<std::string>* skipped);

// Writes one proto3-JSON Candidate a line to `out`, in the order of (onset,
// id), every event a line of its own. Same files, same rules: same bytes.
// Adds to `skipped` a message for each line left out.
//
// NOT_FOUND: a file cannot be read. INVALID_ARGUMENT: a line is no event;
// names file, line and what is wrong; nothing is written then.
absl::Status Replay(const ReplayOptions& options, std::ostream& out,
                    std::vector<std::string>* skipped);

}  // namespace secondstory::replay

#endif  // SECONDSTORY_TOOLS_REPLAY_REPLAY_FILE_H_
