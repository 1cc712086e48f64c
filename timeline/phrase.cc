#include "timeline/phrase.h"

#include "absl/strings/str_cat.h"

namespace secondstory::timeline {

std::string DescribeDuration(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (hours < 1) return absl::StrCat(minutes, " min");
  if (hours > 72) {
    return hours % 24 == 0 ? absl::StrCat(hours / 24, " d")
                           : absl::StrCat(hours / 24, " d ", hours % 24, " h");
  }
  return minutes % 60 == 0 || hours >= 24
             ? absl::StrCat(hours, " h")
             : absl::StrCat(hours, " h ", minutes % 60, " min");
}

std::string DescribeCount(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace secondstory::timeline
