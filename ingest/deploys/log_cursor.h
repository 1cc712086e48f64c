// Where the reading of a deploy log goes on, and how the file is known again
// after it was renamed, copied, truncated or replaced.
#ifndef SECONDSTORY_INGEST_DEPLOYS_LOG_CURSOR_H_
#define SECONDSTORY_INGEST_DEPLOYS_LOG_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace secondstory::ingest {

// The ends of what was read of a file: a file that still has them is the same
// file, or a copy that serves as well. The first bytes alone are not enough,
// because logs may all begin alike.
class Fingerprint {
 public:
  // How many bytes of each end count.
  static constexpr size_t kEndBytes = 1024;

  Fingerprint() = default;
  // Of a text whose first and last min(size, kEndBytes) bytes these are.
  Fingerprint(absl::string_view head, absl::string_view tail)
      : head_(head), tail_(tail) {}

  // Takes in what was read next.
  void Extend(absl::string_view text);

  // 32 hex digits; empty when nothing was read.
  std::string Hash() const;

 private:
  std::string head_;
  std::string tail_;
};

// A place in one file.
struct LogCursor {
  uint64_t inode = 0;
  // Of the file when it was last read. A file that was last written before
  // holds nothing new.
  int64_t mtime_nanos = 0;
  // The file that was read to its end before this one, as it was then; 0 when
  // there was none.
  uint64_t previous_inode = 0;
  int64_t previous_mtime_nanos = 0;
  // What was read, and the number of lines in it.
  int64_t offset = 0;
  int64_t line_count = 0;
  // True inside a line that is too long: the rest up to its newline is skipped.
  bool is_skipping = false;
  // Fingerprint::Hash() of the first `offset` bytes.
  std::string fingerprint;
};

// A line of text, as a worker's cursor value. Cost: about 150 bytes.
std::string EncodeLogCursor(const LogCursor& cursor);

// The inverse. INVALID_ARGUMENT: not written by EncodeLogCursor.
absl::StatusOr<LogCursor> DecodeLogCursor(absl::string_view text);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_LOG_CURSOR_H_
