// Findings of the language check as people read them.
//
// Pure functions.
#ifndef SECONDSTORY_TOOLS_STORY_LANGUAGE_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_LANGUAGE_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "review/language.h"
#include "tools/story/page.h"

namespace secondstory::story {

// Each finding in `text`, which its reader knows as `name`: where it is, its
// line with the words underlined, why they hinder learning and what to ask
// instead. Nothing when there is no finding.
//
//   report.md:12: counterfactual
//     We should have tested the failover.
//     ^^^^^^^^^^^^^^^^^^^^^
//     why  It describes a day that did not take place ...
//     ask  What made what was done seem right at the time?
std::string LanguagePage(absl::string_view name, absl::string_view text,
                         absl::Span<const review::LanguageFinding> findings,
                         const PageOptions& options);

// The same for scripts: one JSON object a line, with "name", "line", "begin",
// "end" (bytes), "rule", "words", "why" and "ask".
std::string LanguageJson(absl::string_view name, absl::string_view text,
                         absl::Span<const review::LanguageFinding> findings);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_LANGUAGE_PAGE_H_
