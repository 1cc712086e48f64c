#include "ingest/deploys/line_splitter.h"

namespace secondstory::ingest {
namespace {

// One line at the start of `rest`, or as much as can be said about it.
// Returns false when more bytes are needed.
bool TakeLine(absl::string_view rest, const SplitOptions& options,
              SplitResult* result) {
  const size_t newline = rest.find('\n');
  const bool has_newline = newline != absl::string_view::npos;
  const absl::string_view text = rest.substr(0, newline);
  const bool is_too_long = text.size() > options.line_bytes_max;
  if (!has_newline && !is_too_long && !options.is_complete &&
      !result->is_skipping) {
    return false;
  }
  if (!result->is_skipping) result->lines.push_back({text, is_too_long});
  result->consumed_bytes += text.size() + (has_newline ? 1 : 0);
  result->newline_count += has_newline ? 1 : 0;
  result->is_skipping = !has_newline && !options.is_complete;
  return true;
}

}  // namespace

SplitResult SplitLines(absl::string_view bytes, const SplitOptions& options) {
  SplitResult result;
  result.is_skipping = options.is_skipping;
  while (result.lines.size() < static_cast<size_t>(options.line_count_max)) {
    if (!result.is_skipping) {
      const size_t start = bytes.find_first_not_of('\0', result.consumed_bytes);
      result.consumed_bytes =
          start == absl::string_view::npos ? bytes.size() : start;
    }
    const absl::string_view rest = bytes.substr(result.consumed_bytes);
    if (rest.empty() || !TakeLine(rest, options, &result)) break;
  }
  return result;
}

}  // namespace secondstory::ingest
