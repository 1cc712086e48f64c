// Events for people.
//
// Pure: the same events give the same text.
#ifndef SECONDSTORY_TOOLS_STORY_EVENT_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_EVENT_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/event.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

// A table in the order given; `PageOptions::all` adds the ids.
std::string EventList(absl::Span<const v1::Event> events,
                      const PageOptions& options);

// One line for a stream.
std::string EventLine(const v1::Event& event);

// Everything about one event. Who acted is shown only with
// `PageOptions::all`: a story needs roles, not names.
std::string EventPage(const v1::Event& event, const PageOptions& options);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_EVENT_PAGE_H_
