// Text of the outside world, made to fit an event.
#ifndef SECONDSTORY_INGEST_DEPLOYS_TEXT_H_
#define SECONDSTORY_INGEST_DEPLOYS_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// The offset of the first byte that does not belong to well-formed UTF-8, or
// npos.
size_t FindInvalidUtf8(absl::string_view text);

// `text` with every byte that is not UTF-8 replaced by U+FFFD.
std::string ToUtf8(absl::string_view text);

// `text`, or as much of it as fits `bytes_max` with "..." behind it. Never
// splits a character. REQUIRES: `text` is UTF-8; bytes_max >= 3.
std::string CutText(absl::string_view text, size_t bytes_max);

// `text` on one line: control characters become spaces; none at the ends.
std::string ToOneLine(absl::string_view text);

// True for what Link.url and Change.url may hold: http or https, within
// limits::kUrlBytesMax, without white space.
bool IsUrl(absl::string_view text);

// Fills change.paths as far as the limits allow. When it cannot hold all, the
// label "paths_total" says how many there were, unless there is no room for a
// label. Leaves out paths that are longer than a path may be. REQUIRES: the
// paths are UTF-8 and not empty.
void SetPaths(const std::vector<std::string>& paths, v1::Event* event);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_TEXT_H_
