// What was told before, for people: what a search found, what was alike, and
// what recurs.
//
// Pure: the same messages give the same text.
#ifndef SECONDSTORY_TOOLS_STORY_LEARNING_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_LEARNING_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/learning_service.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

// In their order; what follows each other of one incident stands under its
// title. [Brackets] are around what was found.
std::string SearchPage(absl::Span<const v1::SearchResult> results,
                       const PageOptions& options);

// Past incidents, what is alike, and what helped then; empty for none.
std::string SimilarSection(absl::Span<const v1::SimilarIncident> incidents,
                           const PageOptions& options);

std::string InsightsPage(const v1::GetInsightsResponse& insights,
                         const PageOptions& options);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_LEARNING_PAGE_H_
