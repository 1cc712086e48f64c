// From what people wrote to the text of a document: plain text with its links,
// or Markdown. Whatever comes out is text, never markup: see review/document.h.
#ifndef SECONDSTORY_REVIEW_MARKUP_H_
#define SECONDSTORY_REVIEW_MARKUP_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "review/document.h"

namespace secondstory::review {

// What is done to every run of text that is no address: hiding names.
using Rewrite = absl::FunctionRef<std::string(absl::string_view)>;

// `text` as UTF-8 that shows what it says: what is not UTF-8 becomes U+FFFD;
// control characters other than newline and tab go, and so do those that turn
// the direction of writing, because with them a line can read as another.
std::string CleanText(absl::string_view text);

// Whether `url` begins with http:// or https:// and holds nothing that has no
// place in an address: blanks, control characters, quotes, < or >.
bool IsWebUrl(absl::string_view url);

// Plain text; http and https addresses in it become links, a newline stays one.
Text TextOfPlain(absl::string_view text, Rewrite rewrite);

// Plain text in paragraphs, which blank lines part.
std::vector<Block> BlocksOfPlain(absl::string_view text, Rewrite rewrite);

// CommonMark, by cmark. Raw HTML is shown as the text that it is; links that
// are no web addresses lose their address; images are shown as links, because a
// report asks nothing of the network. What is nested deeper than 12 is shown
// as text.
std::vector<Block> BlocksOfMarkdown(absl::string_view text, Rewrite rewrite);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_MARKUP_H_
