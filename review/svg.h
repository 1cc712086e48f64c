// The picture of a timeline as SVG.
#ifndef SECONDSTORY_REVIEW_SVG_H_
#define SECONDSTORY_REVIEW_SVG_H_

#include <string>

#include "review/document.h"

namespace secondstory::review {

// An <svg> element to stand in an HTML page: a time axis, a lane for each
// service, alerts as spans, everything else as a sign whose shape says what it
// is, without colour too. Labels are drawn while there is room; where marks
// are closer than a sign is wide, one sign stands for several and says how
// many. Each mark has its sentence as <title>, and leads to its line. Colours
// are those of the page's style sheet (see review/html.cc).
//
// The same picture gives the same bytes. Cost: O(n log n) of the marks.
std::string RenderSvg(const Picture& picture);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_SVG_H_
