#include "ingest/assembler/resume_point.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace secondstory::ingest {

std::string FormatResumePoint(const ResumePoint& point) {
  const std::string learning =
      point.learning.has_value()
          ? absl::StrCat(" ", timeline::FormatLearning(*point.learning))
          : "";
  return absl::StrCat("safe ", point.safe_position, " read ",
                      point.read_position, " settled ",
                      absl::ToUnixMicros(point.settled_before), learning);
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
  point.learning.reset();
  if (words.size() == 7) {
    const absl::StatusOr<timeline::Learning> learning =
        timeline::ParseLearning(words[6]);
    if (learning.ok()) point.learning = *learning;
  }
  return point;
}

}  // namespace secondstory::ingest
