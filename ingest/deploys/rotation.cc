#include "ingest/deploys/rotation.h"

#include <algorithm>
#include <tuple>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace secondstory::ingest {
namespace {

// A suffix of up to so many digits is a number, a longer one a date.
constexpr size_t kNumberDigitsMax = 4;

// Orders as SortOldestFirst says: (which group, minus the number, the date).
std::tuple<int, int, std::string> SortKey(absl::string_view live_name,
                                          absl::string_view name) {
  if (name == live_name) return {2, 0, ""};
  const absl::string_view suffix = name.substr(live_name.size() + 1);
  int number = 0;
  if (suffix.size() <= kNumberDigitsMax && absl::SimpleAtoi(suffix, &number)) {
    return {1, -number, ""};
  }
  return {0, 0, std::string(suffix)};
}

// The first file that may hold something written after `mtime_nanos`, or the
// live file, whatever its times say.
std::optional<size_t> FirstNotOlder(absl::Span<const LogFile> files,
                                    int64_t mtime_nanos,
                                    absl::string_view live_name) {
  const auto found = absl::c_find_if(files, [&](const LogFile& file) {
    return file.mtime_nanos >= mtime_nanos || file.name == live_name;
  });
  if (found == files.end()) return std::nullopt;
  return found - files.begin();
}

// The file behind the one that was read to its end before the cursor's. One
// that has changed since, or stands behind the cursor's, is another with the
// same inode.
std::optional<size_t> BehindPrevious(const LogCursor& cursor,
                                     absl::Span<const LogFile> files) {
  for (size_t i = 0; i + 1 < files.size(); ++i) {
    if (files[i].inode == cursor.inode) return std::nullopt;
    if (files[i].inode == cursor.previous_inode &&
        files[i].mtime_nanos == cursor.previous_mtime_nanos) {
      return i + 1;
    }
  }
  return std::nullopt;
}

}  // namespace

bool IsRotatedName(absl::string_view live_name, absl::string_view name) {
  if (!absl::ConsumePrefix(&name, live_name)) return false;
  if (!absl::ConsumePrefix(&name, ".") && !absl::ConsumePrefix(&name, "-")) {
    return false;
  }
  return !name.empty() && absl::ascii_isdigit(name.front()) &&
         absl::c_all_of(name, [](char c) {
           return absl::ascii_isdigit(c) || absl::string_view("TZ:._-").find(
                                                c) != absl::string_view::npos;
         });
}

void SortOldestFirst(absl::string_view live_name, std::vector<LogFile>* files) {
  absl::c_sort(*files, [&](const LogFile& a, const LogFile& b) {
    return SortKey(live_name, a.name) < SortKey(live_name, b.name);
  });
}

std::optional<StartingPoint> FindStart(const std::optional<LogCursor>& cursor,
                                       absl::Span<const LogFile> files,
                                       const std::vector<bool>& holds_cursor,
                                       absl::string_view live_name) {
  if (files.empty()) return std::nullopt;
  if (!cursor.has_value()) {
    if (files.back().name != live_name) return std::nullopt;
    return StartingPoint{files.size() - 1, false, false};
  }
  std::optional<size_t> same;
  bool is_inode_there = false;
  for (size_t i = files.size(); i-- > 0;) {
    const bool is_same_inode = files[i].inode == cursor->inode;
    is_inode_there |= is_same_inode;
    if (cursor->offset == 0 || !holds_cursor[i]) continue;
    if (is_same_inode) return StartingPoint{i, true, false};
    same = i;
  }
  if (same.has_value()) return StartingPoint{*same, true, false};
  // A cursor at a first byte has no fingerprint: the file may have been copied
  // and truncated since, so files in front of it are looked at as well.
  std::optional<size_t> first = BehindPrevious(*cursor, files);
  if (!first.has_value()) {
    first = FirstNotOlder(files, cursor->mtime_nanos, live_name);
  }
  if (!first.has_value()) return std::nullopt;
  return StartingPoint{*first, false, cursor->offset > 0 || !is_inode_there};
}

std::optional<size_t> FindNext(const LogFile& open,
                               absl::Span<const LogFile> files,
                               absl::string_view live_name) {
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].inode != open.inode) continue;
    if (i + 1 == files.size()) return std::nullopt;
    return i + 1;
  }
  return FirstNotOlder(files, open.mtime_nanos, live_name);
}

}  // namespace secondstory::ingest
