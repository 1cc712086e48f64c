// story, the command line: which command is meant, its help, its exit code.
#ifndef SECONDSTORY_TOOLS_STORY_COMMAND_LINE_H_
#define SECONDSTORY_TOOLS_STORY_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "tools/story/command.h"

namespace secondstory::story {

// Runs what `args` (without the program's name) ask for. Exit codes:
//   0  done
//   1  the server says no, or refused a part of what was sent
//   2  what was asked for is wrong; the message says what is
//   3  no answer from the server
int RunStory(const std::vector<std::string>& args,
             const std::vector<Command>& commands,
             const Surroundings& surroundings);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_COMMAND_LINE_H_
