// Bytes of a growing file, cut into lines.
#ifndef SECONDSTORY_INGEST_DEPLOYS_LINE_SPLITTER_H_
#define SECONDSTORY_INGEST_DEPLOYS_LINE_SPLITTER_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"

namespace secondstory::ingest {

struct SplitLine {
  // Without its newline. Of a line that is too long, what was seen of it.
  absl::string_view text;
  bool is_too_long = false;
};

struct SplitOptions {
  // `bytes` begins inside a line that was reported as too long.
  bool is_skipping = false;
  // Nothing will be added to `bytes`: what stands behind the last newline is a
  // line too.
  bool is_complete = false;
  int line_count_max = 500;
  size_t line_bytes_max = 0;
};

struct SplitResult {
  // In their order, empty ones included.
  std::vector<SplitLine> lines;
  // Bytes that need not be read again. Ends behind a newline, inside a line
  // that is too long, or behind NUL bytes in front of a line, which a writer
  // without O_APPEND leaves after a truncation.
  size_t consumed_bytes = 0;
  // Newlines in them.
  int newline_count = 0;
  // As SplitOptions.is_skipping, for the bytes that follow.
  bool is_skipping = false;
};

// Pure. A line that is longer than `line_bytes_max` is returned once, as soon
// as it is known to be, and then skipped.
SplitResult SplitLines(absl::string_view bytes, const SplitOptions& options);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_LINE_SPLITTER_H_
