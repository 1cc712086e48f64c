// A document as Markdown.
#ifndef SECONDSTORY_REVIEW_MARKDOWN_H_
#define SECONDSTORY_REVIEW_MARKDOWN_H_

#include <string>

#include "review/document.h"

namespace secondstory::review {

// CommonMark with the tables that code hosts render. Text is escaped: what it
// says is shown, and nothing of it is taken for markup. The picture is left
// out: hosts show none, and the timeline says the same in a table.
std::string RenderMarkdown(const Document& document);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_MARKDOWN_H_
