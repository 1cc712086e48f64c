#include "ingest/assembler/resume_point.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace secondstory::ingest {

std::string FormatResumePoint(const ResumePoint& point) {
  const std::string learnt =
      point.learnt.has_value() ? absl::StrCat(" ", FormatLearnt(*point.learnt))
                               : "";
  return absl::StrCat("safe ", point.safe_position, " read ",
                      point.read_position, " settled ",
                      absl::ToUnixMicros(point.settled_before), learnt);
}

absl::StatusOr<ResumePoint> ParseResumePoint(absl::string_view text) {
  ResumePoint point;
  if (text.empty()) return point;
  // The seventh word begins what was learnt.
  const std::vector<absl::string_view> words =
      absl::StrSplit(text, absl::MaxSplits(' ', 6));
  int64_t micros = 0;
  if (words.size() < 6 || words[0] != "safe" || words[2] != "read" ||
      words[4] != "settled" ||
      !absl::SimpleAtoi(words[1], &point.safe_position) ||
      !absl::SimpleAtoi(words[3], &point.read_position) ||
      !absl::SimpleAtoi(words[5], &micros)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the cursor of assemblerd is \"", text,
                     "\"; expected \"safe N read N settled MICROS\""));
  }
  point.settled_before = absl::FromUnixMicros(micros);
  point.learnt.reset();
  if (words.size() == 7) {
    const absl::StatusOr<Learnt> learnt = ParseLearnt(words[6]);
    if (learnt.ok()) point.learnt = *learnt;
  }
  return point;
}

}  // namespace secondstory::ingest
