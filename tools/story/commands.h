// Every command of story, by what it is about.
#ifndef SECONDSTORY_TOOLS_STORY_COMMANDS_H_
#define SECONDSTORY_TOOLS_STORY_COMMANDS_H_

#include <vector>

#include "tools/story/command.h"

namespace secondstory::story {

std::vector<Command> AccountCommands();
std::vector<Command> ActionCommands();
std::vector<Command> CandidateCommands();
std::vector<Command> DecisionCommands();
std::vector<Command> EventCommands();
std::vector<Command> ExportCommands();
std::vector<Command> IncidentCommands();
std::vector<Command> LanguageCommands();
std::vector<Command> LearningCommands();
std::vector<Command> MorgueCommands();
std::vector<Command> ReviewCommands();
std::vector<Command> TimelineCommands();

// All of them but `demo`, which brings a script of its own, in the order in
// which the help lists them.
std::vector<Command> AllCommands();

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_COMMANDS_H_
