#include "tools/story/arguments.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/proto_time.h"

namespace secondstory::story {
namespace {

absl::Status Wrong(const std::string& option, const std::string& text,
                   absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", option, ": \"", text, "\"; expected ", expected));
}

absl::StatusOr<const Option*> Find(const std::string& name,
                                   absl::Span<const Option> known) {
  for (const Option& option : known) {
    if (option.name == name) return &option;
  }
  const std::string names =
      absl::StrJoin(known, ", ", [](std::string* out, const Option& option) {
        absl::StrAppend(out, "--", option.name);
      });
  return absl::InvalidArgumentError(
      absl::StrCat("--", name, ": unknown option; known here: ", names));
}

// "EVENT_KIND_ALERT_FIRED" is "alert_fired" for people.
std::string ShortName(const google::protobuf::EnumDescriptor& type, int index) {
  const std::string& first = type.value(0)->name();  // ..._UNSPECIFIED
  const size_t prefix = first.size() - std::string("UNSPECIFIED").size();
  return absl::AsciiStrToLower(type.value(index)->name().substr(prefix));
}

}  // namespace

absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& args,
                                         absl::Span<const Option> known) {
  Arguments arguments;
  bool only_words = false;
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view arg = args[i];
    if (arg == "-h") arg = "--help";
    if (only_words || !absl::ConsumePrefix(&arg, "--")) {
      arguments.words.push_back(args[i]);
      continue;
    }
    if (arg.empty()) {
      only_words = true;
      continue;
    }
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(arg, absl::MaxSplits('=', 1));
    const std::string name = absl::StrReplaceAll(parts.first, {{"_", "-"}});
    const bool has_value = arg.find('=') != arg.npos;
    const absl::StatusOr<const Option*> option = Find(name, known);
    if (!option.ok()) return option.status();
    if ((*option)->value.empty()) {
      if (has_value) return Wrong(name, parts.second, "no value");
      arguments.options[name] = "true";
    } else if (has_value) {
      arguments.options[name] = parts.second;
    } else if (i + 1 < args.size()) {
      arguments.options[name] = args[++i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, ": no value; expected ", (*option)->value));
    }
  }
  return arguments;
}

absl::StatusOr<google::protobuf::Timestamp> ParseWhen(const std::string& option,
                                                      const std::string& text,
                                                      absl::Time now) {
  absl::Duration ago;
  if (absl::ParseDuration(text, &ago) && ago < absl::InfiniteDuration()) {
    return FromTime(now - ago);
  }
  for (const char* format : {"%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d%t%H:%M:%E*S",
                             "%Y-%m-%d%t%H:%M", "%Y-%m-%d"}) {
    absl::Time time;
    if (absl::ParseTime(format, text, &time, nullptr) &&
        IsValidTime(FromTime(time))) {
      return FromTime(time);
    }
  }
  return Wrong(option, text,
               "a time such as 2018-04-18T11:30:00Z, 2018-04-18 11:30 (UTC) or "
               "2h (ago)");
}

absl::StatusOr<int64_t> ParseCount(const std::string& option,
                                   const std::string& text, int64_t min) {
  int64_t count = 0;
  if (absl::SimpleAtoi(text, &count) && count >= min) return count;
  return Wrong(option, text, absl::StrCat("a number of at least ", min));
}

absl::StatusOr<std::vector<int>> ParseEnums(
    const std::string& option, const std::string& text,
    const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) {
    names.push_back(ShortName(type, i));
  }
  std::vector<int> values;
  for (absl::string_view word : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::string name = absl::StrReplaceAll(word, {{"-", "_"}});
    int found = 0;
    for (int i = 1; i < type.value_count(); ++i) {
      if (names[i - 1] == name) found = type.value(i)->number();
    }
    if (found == 0) {
      return Wrong(option, std::string(word),
                   absl::StrCat("one of ", absl::StrJoin(names, ", ")));
    }
    values.push_back(found);
  }
  return values;
}

}  // namespace secondstory::story
