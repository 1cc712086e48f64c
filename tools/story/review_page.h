// Where a review stands, for people.
//
// Pure: the same messages give the same text.
#ifndef SECONDSTORY_TOOLS_STORY_REVIEW_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_REVIEW_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

// The checklist, the questions that are open, the phrases to look at; with
// `options.all` also the questions that were answered or set aside.
std::string ReviewPage(const v1::Incident& incident, const v1::Review& review,
                       const PageOptions& options);

// One question and its answer.
std::string GapText(const v1::Gap& gap, const PageOptions& options);

// What became of an incident, the oldest change first.
std::string HistoryPage(absl::Span<const v1::HistoryEntry> changes,
                        const PageOptions& options);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_REVIEW_PAGE_H_
