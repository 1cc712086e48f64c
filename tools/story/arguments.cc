#include "tools/story/arguments.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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
    std::string value = "true";
    if ((*option)->value.empty()) {
      if (has_value) return Wrong(name, parts.second, "no value");
    } else if (has_value) {
      value = parts.second;
    } else if (i + 1 < args.size()) {
      value = args[++i];
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", name, ": no value; expected ", (*option)->value));
    }
    arguments.options[name] = value;
    arguments.repeated[name].push_back(std::move(value));
  }
  return arguments;
}

absl::StatusOr<google::protobuf::Timestamp> ParseWhen(const std::string& option,
                                                      const std::string& text,
                                                      absl::Time now) {
  if (text == "now") return FromTime(now);
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

absl::StatusOr<google::protobuf::Timestamp> ParseNear(const std::string& option,
                                                      const std::string& text,
                                                      absl::Time reference,
                                                      absl::Time now) {
  absl::Time time_of_day;  // of 1970-01-01
  bool is_time_of_day = false;
  for (const char* format : {"%H:%M", "%H:%M:%S"}) {
    is_time_of_day =
        is_time_of_day || absl::ParseTime(format, text, &time_of_day, nullptr);
  }
  if (!is_time_of_day) {
    const auto when = ParseWhen(option, text, now);
    if (when.ok()) return when;
    return Wrong(option, text,
                 "a time such as 11:30 (UTC, the one nearest to the "
                 "incident's start), 2018-04-18T11:30:00Z, 2018-04-18 11:30 "
                 "(UTC), 2h (ago) or now");
  }
  const absl::Time first_guess =
      absl::FromUnixSeconds(absl::ToUnixSeconds(reference) / 86400 * 86400) +
      (time_of_day - absl::UnixEpoch());
  absl::Time nearest = first_guess;
  for (const absl::Duration shift : {-absl::Hours(24), absl::Hours(24)}) {
    const absl::Time other = first_guess + shift;
    if (absl::AbsDuration(other - reference) <
        absl::AbsDuration(nearest - reference)) {
      nearest = other;
    }
  }
  return FromTime(nearest);
}

absl::StatusOr<google::protobuf::Timestamp> ParseDue(const std::string& option,
                                                     const std::string& text,
                                                     absl::Time now) {
  absl::Duration ahead;
  int64_t count = 0;
  absl::string_view number = text;
  if (absl::ConsumeSuffix(&number, "d") && absl::SimpleAtoi(number, &count)) {
    ahead = count * absl::Hours(24);
  } else if (number = text; absl::ConsumeSuffix(&number, "w") &&
                            absl::SimpleAtoi(number, &count)) {
    ahead = count * absl::Hours(7 * 24);
  } else if (!absl::ParseDuration(text, &ahead)) {
    const auto when = ParseWhen(option, text, now);
    if (when.ok()) return when;
    ahead = absl::InfiniteDuration();
  }
  const absl::Time due = now + ahead;
  if (due > absl::InfinitePast() && due < absl::InfiniteFuture() &&
      IsValidTime(FromTime(due))) {
    return FromTime(due);
  }
  return Wrong(option, text,
               "a date such as 2018-05-02, or how far ahead: 14d, 2w or 36h");
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
