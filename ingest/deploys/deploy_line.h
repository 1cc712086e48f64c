// One line of a deploy log, made into an event. docs/deploy-logs.md is the
// format's definition for those who write such logs.
//
// Threads: all functions may be called from any thread.
#ifndef SECONDSTORY_INGEST_DEPLOYS_DEPLOY_LINE_H_
#define SECONDSTORY_INGEST_DEPLOYS_DEPLOY_LINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// `line` without what does not belong to it: a byte order mark, NUL bytes that
// a truncated file has in front of new text, white space at both ends. Empty
// when there is nothing to read.
absl::string_view TrimDeployLine(absl::string_view line);

// Makes `line` into an event of `source`, seen at `observe_time`. Pure: the
// same line gives the same event, and all but `observe_time` depends on
// `source` and the trimmed line alone.
//
// INVALID_ARGUMENT: the line is wrong. Names the member, its value and what
// was expected; the caller adds file and line number.
//
// Limits: whatever is returned is within base/limits.h, and at most 24 h after
// `observe_time`. Cost: linear in the length of the line.
absl::StatusOr<v1::Event> NormalizeDeployLine(absl::string_view line,
                                              absl::string_view source,
                                              absl::Time observe_time);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_DEPLOY_LINE_H_
