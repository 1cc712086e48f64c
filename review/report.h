// The report of an incident, once: a small document of which Markdown and HTML
// (review/markdown.h, review/html.h) are two renderings.
//
// Promised: equal stories give equal bytes, on any machine, at any time; nobody
//           appears by name unless asked for; authors of accounts never do.
//           No text of a story becomes markup, and every link is http or https.
#ifndef SECONDSTORY_REVIEW_REPORT_H_
#define SECONDSTORY_REVIEW_REPORT_H_

#include "absl/types/span.h"
#include "review/document.h"
#include "review/story.h"

namespace secondstory::review {

struct ReportOptions {
  // Participants, facilitator, authors of lines and owners by name instead of
  // by role (see review/people.h). Authors of accounts still appear by role.
  bool with_names = false;
};

// The document of a story. `gaps` are those of FindGaps for the same story.
//
// Sections, each only where there is something to say: summary, narrative,
// times and how long it took, the timeline as a picture, surprises, the
// timeline with the accounts of each line side by side, what was known when,
// questions and answers, actions, links. Times are UTC.
//
// Cost: proportional to the story.
Document MakeReport(const Story& story, absl::Span<const Gap> gaps,
                    const ReportOptions& options = {});

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_REPORT_H_
