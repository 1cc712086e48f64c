// Reads a history: exported events, and what was confirmed of its incidents.
#ifndef SECONDSTORY_TOOLS_EVALUATE_HISTORY_FILE_H_
#define SECONDSTORY_TOOLS_EVALUATE_HISTORY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/evaluate/evaluation.h"
#include "tools/replay/replay_file.h"

namespace secondstory::evaluate {

// `files`: the events and the dependencies, as replay reads them.
// `incidents_file`: a JSON object a line,
//
//   {"symptoms": ["...", ...], "contributing": ["...", ...]}
//   {"symptoms": ["...", ...], "confirmed": false}
//
// where an event is named by its event id, or by its source_event_id if no
// other event has the same. `contributing` may be missing: no change
// contributed. Blank lines are skipped.
//
// NOT_FOUND: a file cannot be read. INVALID_ARGUMENT: names file, line and what
// is wrong with it.
absl::StatusOr<History> ReadHistory(const replay::ReplayOptions& files,
                                    const std::string& incidents_file,
                                    std::vector<std::string>* skipped);

}  // namespace secondstory::evaluate

#endif  // SECONDSTORY_TOOLS_EVALUATE_HISTORY_FILE_H_
