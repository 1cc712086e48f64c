// The timeline of a story as a picture, before anything is drawn.
#ifndef SECONDSTORY_REVIEW_PICTURE_H_
#define SECONDSTORY_REVIEW_PICTURE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "review/document.h"
#include "review/markup.h"
#include "review/story.h"

namespace secondstory::review {

// The picture of `entries`, which are in the order of time. The axis spans the
// incident and a third of its length around it, as far as there are marks;
// earlier and later ones stand at its ends, so that a deploy of the day before
// does not press the rest together. A resolve of an alert whose line is here
// is the end of its span, not a mark.
//
// `anchors` has the place of each entry's line in the document.
Picture MakePicture(const Incident& incident, absl::Span<const Entry> entries,
                    absl::Span<const std::string> anchors, Rewrite rewrite);

// What a line of a timeline is called: "alert", "rolled back".
absl::string_view NameOf(EventKind kind);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_PICTURE_H_
