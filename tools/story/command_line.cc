#include "tools/story/command_line.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json_text.h"
#include "base/version.h"
#include "tools/story/table.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

constexpr int kHelpWidth = 80;

const std::vector<Option>& GlobalOptions() {
  static const auto* const options = new std::vector<Option>{
      {"address", "HOST:PORT", "incidentd; default 127.0.0.1:7700"},
      {"json", "", "proto3 JSON, one object a line"},
      {"all", "", "also what is left out to keep a page readable"},
      {"help", "", "this, or the help of a command"},
      {"version", "", "the version"}};
  return *options;
}

std::string OptionText(const std::vector<Option>& options) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const Option& option : options) {
    facts.emplace_back(
        absl::StrCat("--", option.name, option.value.empty() ? "" : "=",
                     option.value),
        option.help);
  }
  return RenderFacts(facts, kHelpWidth, 2);
}

std::string Synopsis(const Command& command) {
  return absl::StrCat(command.name, command.parameters.empty() ? "" : " ",
                      absl::StrJoin(command.parameters, " "));
}

std::string FirstWord(const std::string& name) {
  return name.substr(0, name.find(' '));
}

// The commands that begin with `noun`, or all when it is empty.
std::string CommandText(const std::vector<Command>& commands,
                        const std::string& noun) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const Command& command : commands) {
    if (!noun.empty() && FirstWord(command.name) != noun) continue;
    facts.emplace_back(Synopsis(command), command.about);
  }
  return RenderFacts(facts, kHelpWidth, 2);
}

// What all commands are about on one page: a noun with its verbs, and each
// command of one word with those that begin with it.
std::string Overview(const std::vector<Command>& commands) {
  std::set<std::string> words;
  for (const Command& command : commands) {
    if (FirstWord(command.name) == command.name) words.insert(command.name);
  }
  std::vector<std::pair<std::string, std::string>> facts;
  std::map<std::string, size_t> places;  // of the nouns in `facts`
  for (const Command& command : commands) {
    const std::string noun = FirstWord(command.name);
    if (words.count(noun) > 0) {
      facts.emplace_back(Synopsis(command), command.about);
      continue;
    }
    const auto [place, is_new] = places.emplace(noun, facts.size());
    if (is_new) facts.emplace_back(noun, "");
    absl::StrAppend(&facts[place->second].second, is_new ? "" : ", ",
                    command.name.substr(noun.size() + 1));
  }
  return RenderFacts(facts, kHelpWidth, 2);
}

std::string Help(const std::vector<Command>& commands) {
  return absl::StrCat(
      "story shows and tells what incidentd knows.\n\n"
      "Usage: story [OPTION ...] COMMAND ...\n\n"
      "Commands; `story incidents --help` explains those of one kind\n",
      Overview(commands),
      "\nOptions; `story COMMAND --help` tells those of a command\n",
      OptionText(GlobalOptions()),
      "\nTimes are UTC. Exit codes: 0 done; 1 the server says no, or refused a "
      "part of\nwhat was sent; 2 what was asked for is wrong; 3 no answer from "
      "the server.\n");
}

std::string CommandHelp(const Command& command) {
  std::string text =
      absl::StrCat("story ", Synopsis(command), ": ", command.about, "\n");
  if (!command.details.empty()) {
    absl::StrAppend(&text, "\n", command.details, "\n");
  }
  return absl::StrCat(text, "\nOptions\n",
                      OptionText(With(command.options, GlobalOptions())));
}

// The command with the longest name that the words begin with; null when there
// is none.
const Command* FindCommand(const std::vector<Command>& commands,
                           const std::vector<std::string>& words) {
  const std::string said = absl::StrJoin(words, " ");
  const Command* found = nullptr;
  for (const Command& command : commands) {
    if ((said == command.name || absl::StartsWith(said, command.name + " ")) &&
        (found == nullptr || command.name.size() > found->name.size())) {
      found = &command;
    }
  }
  return found;
}

// Whether as many words are left as `command` has parameters.
bool TakesWords(const Command& command, size_t count) {
  const size_t parameters = command.parameters.size();
  const bool open_ended =
      parameters > 0 && absl::EndsWith(command.parameters.back(), "...");
  return open_ended ? count >= parameters : count == parameters;
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
      return 2;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return 3;
    default:
      return 1;
  }
}

absl::Status UnknownCommand(const std::vector<Command>& commands,
                            const std::vector<std::string>& words) {
  std::vector<std::string> near;
  for (const Command& command : commands) {
    if (!words.empty() && absl::StartsWith(command.name, words[0] + " ")) {
      near.push_back("story " + Synopsis(command));
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl::StrJoin(words, " "), "\" is no command; ",
      near.empty()
          ? "see story --help"
          : absl::StrCat("expected one of:\n  ", absl::StrJoin(near, "\n  "))));
}

// The command that `args` name, before its options are known: words that are no
// options. A value of an option may stand among them and does no harm.
const Command* GuessCommand(const std::vector<Command>& commands,
                            const std::vector<std::string>& args) {
  for (size_t first = 0; first < args.size(); ++first) {
    std::vector<std::string> words;
    for (size_t i = first; i < args.size(); ++i) {
      if (!absl::StartsWith(args[i], "-")) words.push_back(args[i]);
    }
    if (const Command* command = FindCommand(commands, words)) return command;
  }
  return nullptr;
}

absl::Status RunCommand(const Command& command, Arguments arguments,
                        const Surroundings& surroundings) {
  const size_t name_words =
      1 + std::count(command.name.begin(), command.name.end(), ' ');
  arguments.words.erase(
      arguments.words.begin(),
      arguments.words.begin() + static_cast<std::ptrdiff_t>(name_words));
  if (!TakesWords(command, arguments.words.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected: story ", Synopsis(command)));
  }
  const std::string address = arguments.Get("address");
  Server server(address.empty() ? "127.0.0.1:7700" : address);
  Call call;
  call.json = arguments.Has("json");
  call.page.width = surroundings.width;
  call.page.all = arguments.Has("all");
  call.page.now = surroundings.now;
  call.around = surroundings;
  call.server = &server;
  call.arguments = std::move(arguments);
  return command.run(call);
}

absl::Status Run(const std::vector<std::string>& args,
                 const std::vector<Command>& commands,
                 const Surroundings& surroundings) {
  for (const std::string& arg : args) {
    if (!IsUtf8(arg)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", OneLine(arg), "\" is not UTF-8"));
    }
  }
  const Command* const guessed = GuessCommand(commands, args);
  std::vector<Option> known = GlobalOptions();
  if (guessed != nullptr) {
    known.insert(known.end(), guessed->options.begin(), guessed->options.end());
  }
  absl::StatusOr<Arguments> arguments = ParseArguments(args, known);
  if (!arguments.ok()) return arguments.status();
  const Command* const command = FindCommand(commands, arguments->words);
  if (arguments->Has("help") || (args.empty() && command == nullptr)) {
    const std::string of_noun =
        arguments->words.empty() ? ""
                                 : CommandText(commands, arguments->words[0]);
    *surroundings.out << (command != nullptr ? CommandHelp(*command)
                          : of_noun.empty()  ? Help(commands)
                                             : of_noun);
    return absl::OkStatus();
  }
  if (arguments->Has("version")) {
    *surroundings.out << "story " << kVersion << "\n";
    return absl::OkStatus();
  }
  if (command == nullptr) return UnknownCommand(commands, arguments->words);
  return RunCommand(*command, *std::move(arguments), surroundings);
}

}  // namespace

int RunStory(const std::vector<std::string>& args,
             const std::vector<Command>& commands,
             const Surroundings& surroundings) {
  absl::Status status = Run(args, commands, surroundings);
  if (!surroundings.out->flush() && status.ok()) {
    status = absl::DataLossError("cannot write all of the output");
  }
  if (!status.ok()) {
    *surroundings.err << "story: " << std::string(status.message()) << "\n";
  }
  return ExitCodeOf(status);
}

}  // namespace secondstory::story
