#include "tools/story/commands.h"

namespace secondstory::story {

std::vector<Command> AllCommands() {
  std::vector<Command> commands;
  for (const std::vector<Command>& room :
       {CandidateCommands(), IncidentCommands(), EventCommands()}) {
    commands.insert(commands.end(), room.begin(), room.end());
  }
  return commands;
}

}  // namespace secondstory::story
