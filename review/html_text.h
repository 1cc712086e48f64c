// Text as HTML and as the XML of a picture in it.
#ifndef SECONDSTORY_REVIEW_HTML_TEXT_H_
#define SECONDSTORY_REVIEW_HTML_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace secondstory::review {

// `text` with &, <, >, " and ' escaped: safe between tags and in a quoted
// attribute, and nowhere else.
std::string EscapeHtml(absl::string_view text);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_HTML_TEXT_H_
