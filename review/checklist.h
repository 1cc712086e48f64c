// What a review still needs before it is published: computed, never ticked.
#ifndef SECONDSTORY_REVIEW_CHECKLIST_H_
#define SECONDSTORY_REVIEW_CHECKLIST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "review/people.h"
#include "review/story.h"

namespace secondstory::review {

struct ChecklistItem {
  absl::string_view item;  // stable; lives for ever
  bool done = false;
  std::string text;  // how it stands: "3 of 4 people told or declined"
};

// The points, in this order:
//   accounts     everybody in the timeline told, declined, or their question
//                was answered or set aside
//   gaps         every other gap is answered or set aside
//   language     nothing is left that the language check finds
//   actions      every action that is not dropped has an owner; none is fine
//   facilitator  one is named who was not there
//   summary      one is written
// `gaps` are those of FindGaps for the same story.
std::vector<ChecklistItem> ComputeChecklist(const Story& story,
                                            const Roles& roles,
                                            absl::Span<const Gap> gaps,
                                            int language_finding_count);

// "accounts: 3 of 4 people told or declined; summary: none is written": what
// is not done, for a message; empty when all is.
std::string DescribeOpenItems(absl::Span<const ChecklistItem> checklist);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_CHECKLIST_H_
