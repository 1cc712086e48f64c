#include "tools/story/commands.h"

namespace secondstory::story {

std::vector<Command> AllCommands() {
  std::vector<Command> commands;
  for (const std::vector<Command>& room :
       {CandidateCommands(), DecisionCommands(), ExportCommands(),
        IncidentCommands(), TimelineCommands(), AccountCommands(),
        ReviewCommands(), MorgueCommands(), ActionCommands(),
        LearningCommands(), EventCommands(), LanguageCommands()}) {
    commands.insert(commands.end(), room.begin(), room.end());
  }
  return commands;
}

}  // namespace secondstory::story
