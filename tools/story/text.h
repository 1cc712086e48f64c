// Text on a terminal: what of it can be shown, how wide it is, where it breaks.
//
// Pure functions.
#ifndef SECONDSTORY_TOOLS_STORY_TEXT_H_
#define SECONDSTORY_TOOLS_STORY_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace secondstory::story {

// `text` on one line without what a terminal would obey: runs of white space
// become one blank; control characters, marks that turn the direction of
// writing and bytes that are not UTF-8 become U+FFFD. Titles come from outside.
std::string OneLine(absl::string_view text);

// The columns that `text`, the result of OneLine(), takes: two for East Asian
// wide characters and emoji, none for what combines with the character before.
int DisplayWidth(absl::string_view text);

// `text`, then blanks up to `width` columns.
std::string PadTo(absl::string_view text, int width);

// `text`, cut to `width` columns; what was cut ends in "...".
// REQUIRES: width >= 3.
std::string CutTo(absl::string_view text, int width);

// Lines of at most `width` columns, broken at blanks where there are any. At
// least one line. REQUIRES: width >= 2.
std::vector<std::string> Wrap(absl::string_view text, int width);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_TEXT_H_
