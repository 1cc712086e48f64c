// `story demo`: one real incident through the real front doors.
#ifndef SECONDSTORY_TOOLS_STORY_DEMO_H_
#define SECONDSTORY_TOOLS_STORY_DEMO_H_

#include "absl/strings/string_view.h"
#include "tools/story/command.h"

namespace secondstory::story {

// Plays the script in `json` (see script.h): an alert is posted to alertd as
// Alertmanager would, a change is appended to the deploy log that deployd
// follows, what people say is appended as events. After each step it waits
// until incidentd stores it, so the log is the same in every play; at the end
// until candidates show what was seen and done, and the alert's candidate the
// changes before; then it prints that candidate's page, and names the others.
Command DemoCommand(absl::string_view json);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_DEMO_H_
