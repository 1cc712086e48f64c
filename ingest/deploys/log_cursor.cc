#include "ingest/deploys/log_cursor.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/stable_id.h"

namespace secondstory::ingest {
namespace {

constexpr absl::string_view kVersion = "log1";

}  // namespace

void Fingerprint::Extend(absl::string_view text) {
  if (head_.size() < kEndBytes) {
    absl::StrAppend(&head_, text.substr(0, kEndBytes - head_.size()));
  }
  if (text.size() >= kEndBytes) {
    tail_ = std::string(text.substr(text.size() - kEndBytes));
    return;
  }
  absl::StrAppend(&tail_, text);
  if (tail_.size() > kEndBytes) tail_.erase(0, tail_.size() - kEndBytes);
}

std::string Fingerprint::Hash() const {
  return head_.empty() ? "" : IdToHex(StableId({head_, tail_}));
}

std::string EncodeLogCursor(const LogCursor& cursor) {
  return absl::StrCat(kVersion, " ", cursor.inode, " ", cursor.mtime_nanos, " ",
                      cursor.previous_inode, " ", cursor.previous_mtime_nanos,
                      " ", cursor.offset, " ", cursor.line_count, " ",
                      cursor.is_skipping ? 1 : 0, " ", cursor.fingerprint);
}

absl::StatusOr<LogCursor> DecodeLogCursor(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  LogCursor cursor;
  if (parts.size() == 9 && parts[0] == kVersion &&
      absl::SimpleAtoi(parts[1], &cursor.inode) &&
      absl::SimpleAtoi(parts[2], &cursor.mtime_nanos) &&
      absl::SimpleAtoi(parts[3], &cursor.previous_inode) &&
      absl::SimpleAtoi(parts[4], &cursor.previous_mtime_nanos) &&
      absl::SimpleAtoi(parts[5], &cursor.offset) && cursor.offset >= 0 &&
      absl::SimpleAtoi(parts[6], &cursor.line_count) &&
      (parts[7] == "0" || parts[7] == "1") &&
      parts[8].empty() == (cursor.offset == 0)) {
    cursor.is_skipping = parts[7] == "1";
    cursor.fingerprint = std::string(parts[8]);
    return cursor;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a cursor of a deploy log"));
}

}  // namespace secondstory::ingest
