// Action items for people.
//
// Pure: the same messages give the same text.
#ifndef SECONDSTORY_TOOLS_STORY_ACTION_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_ACTION_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

std::string ActionPage(const v1::ActionItem& action,
                       const PageOptions& options);

// One line each; with `options.all` also whose they are.
std::string ActionList(absl::Span<const v1::ActionItem> actions,
                       const PageOptions& options);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_ACTION_PAGE_H_
