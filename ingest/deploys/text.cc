#include "ingest/deploys/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/json_text.h"
#include "base/limits.h"

namespace secondstory::ingest {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

size_t FindInvalidUtf8(absl::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const int bytes = Utf8CharacterBytes(text.substr(at));
    if (bytes == 0) return at;
    at += static_cast<size_t>(bytes);
  }
  return absl::string_view::npos;
}

std::string ToUtf8(absl::string_view text) {
  std::string result;
  for (size_t bad; (bad = FindInvalidUtf8(text)) != absl::string_view::npos;) {
    absl::StrAppend(&result, text.substr(0, bad), "\uFFFD");
    text.remove_prefix(bad + 1);
  }
  absl::StrAppend(&result, text);
  return result;
}

std::string CutText(absl::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max - 3;
  while (end > 0 && IsContinuation(text[end])) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

std::string ToOneLine(absl::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  absl::StripAsciiWhitespace(&line);
  return line;
}

bool IsUrl(absl::string_view text) {
  if (text.size() > limits::kUrlBytesMax) return false;
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "https://") &&
      !absl::ConsumePrefix(&rest, "http://")) {
    return false;
  }
  return !rest.empty() && std::none_of(rest.begin(), rest.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_isspace(byte) || absl::ascii_iscntrl(byte);
  });
}

void SetPaths(const std::vector<std::string>& paths, v1::Event* event) {
  v1::Change* change = event->mutable_change();
  for (const std::string& path : paths) {
    if (change->paths_size() == limits::kChangePathCountMax) break;
    if (path.size() <= limits::kChangePathBytesMax) change->add_paths(path);
  }
  if (static_cast<size_t>(change->paths_size()) < paths.size() &&
      event->labels_size() < limits::kLabelCountMax) {
    (*event->mutable_labels())["paths_total"] = absl::StrCat(paths.size());
  }
}

}  // namespace secondstory::ingest
