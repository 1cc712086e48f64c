// A document as one HTML file.
#ifndef SECONDSTORY_REVIEW_HTML_H_
#define SECONDSTORY_REVIEW_HTML_H_

#include <string>

#include "review/document.h"

namespace secondstory::review {

// A page that needs nothing else: style and picture are in it, there is no
// script, and its own policy forbids every request. Light and dark by the
// reader's preference, narrow screens, A4 and Letter. Text is escaped; links
// are http or https and say nothing of where they were followed.
std::string RenderHtml(const Document& document);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_HTML_H_
