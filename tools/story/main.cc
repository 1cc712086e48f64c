// story: the command line for people and scripts. See story --help.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "base/clock.h"
#include "tools/story/command_line.h"
#include "tools/story/commands.h"
#include "tools/story/demo.h"
#include "tools/story/demo_script.h"

namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int TerminalWidth() {
  int width = 0;
  winsize size{};
  if (absl::SimpleAtoi(Environment("COLUMNS"), &width) && width > 0) {
  } else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width = size.ws_col;
  } else {
    width = 100;
  }
  return std::clamp(width, 60, 200);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<secondstory::story::Command> commands =
      secondstory::story::AllCommands();
  commands.push_back(
      secondstory::story::DemoCommand(secondstory::DemoScript()));
  return secondstory::story::RunStory(
      std::vector<std::string>(argv + 1, argv + argc), commands,
      {&std::cin, &std::cout, &std::cerr, secondstory::SystemClock().Now(),
       TerminalWidth(), Environment("USER"),
       isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0});
}
