// How a page is to be written.
#ifndef SECONDSTORY_TOOLS_STORY_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_PAGE_H_

#include <optional>

#include "absl/time/time.h"

namespace secondstory::story {

struct PageOptions {
  // Columns of the terminal.
  int width = 100;
  // Also what is left out of a page to keep it readable.
  bool all = false;
  // Also the ids of events, for who wants to name them.
  bool ids = false;
  // Given: what is recent is also said as "25 min ago".
  std::optional<absl::Time> now;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_PAGE_H_
