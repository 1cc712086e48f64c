// Fragments that several sentences are made of.
#ifndef SECONDSTORY_TIMELINE_PHRASE_H_
#define SECONDSTORY_TIMELINE_PHRASE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace secondstory::timeline {

// "40 s", "4 min", "3 h 20 min", "72 h", "5 d 2 h".
std::string DescribeDuration(absl::Duration duration);

// "1 alert", "2 alerts".
std::string DescribeCount(int64_t count, absl::string_view noun);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_PHRASE_H_
