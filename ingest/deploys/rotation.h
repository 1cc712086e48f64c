// A deploy log and the files that it was rotated into: which of them to read,
// and in which order. Pure; the file system is looked at by LogFollower.
#ifndef SECONDSTORY_INGEST_DEPLOYS_ROTATION_H_
#define SECONDSTORY_INGEST_DEPLOYS_ROTATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ingest/deploys/log_cursor.h"

namespace secondstory::ingest {

struct LogFile {
  std::string name;  // without its folder
  uint64_t inode = 0;
  int64_t size = 0;
  int64_t mtime_nanos = 0;
};

// True when `name` is what rotation makes of `live_name`: a dot or a dash, then
// a number or a date ("deploys.jsonl.1", "deploys.jsonl-20260301-120000").
// Compressed files have other names.
bool IsRotatedName(absl::string_view live_name, absl::string_view name);

// Sorts files into the order in which they were written: dates, then numbers
// from the highest down to 1, then the live file. By name, because
// modification times tie on a coarse clock.
void SortOldestFirst(absl::string_view live_name, std::vector<LogFile>* files);

// Where to begin when no file is open.
struct StartingPoint {
  size_t file_index = 0;
  // True: at the cursor; false: at the file's first byte.
  bool resumes = false;
  // True: the file that the cursor is about is gone, or was truncated, and what
  // was unread in it is lost unless it stands in the files to come.
  bool is_lost = false;
};

// Chooses among `files`, oldest first, the live one last if it exists.
// `holds_cursor[i]` says whether files[i] has the bytes that the cursor's
// fingerprint was made of. Without a cursor only the live file is read.
// When the cursor's file is not found, or nothing of it was read, what comes
// after the file before it is read from its beginning; if that is gone too,
// everything that may have been written since. A line that comes twice is the
// same event.
std::optional<StartingPoint> FindStart(const std::optional<LogCursor>& cursor,
                                       absl::Span<const LogFile> files,
                                       const std::vector<bool>& holds_cursor,
                                       absl::string_view live_name);

// The index in `files`, oldest first, of the file to read after `open`, once
// that is read to its end; none while it is the newest.
std::optional<size_t> FindNext(const LogFile& open,
                               absl::Span<const LogFile> files,
                               absl::string_view live_name);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_ROTATION_H_
