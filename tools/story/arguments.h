// The command line of story, taken apart.
//
// Pure functions.
#ifndef SECONDSTORY_TOOLS_STORY_ARGUMENTS_H_
#define SECONDSTORY_TOOLS_STORY_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"

namespace secondstory::story {

// "--since=TIME"; a switch when `value` is empty.
struct Option {
  std::string name;   // "since"
  std::string value;  // "TIME"
  std::string help;
};

struct Arguments {
  std::vector<std::string> words;              // in their order
  std::map<std::string, std::string> options;  // a switch: "true"
  // Every value of an option, in their order; `options` has the last.
  std::map<std::string, std::vector<std::string>> repeated;

  bool Has(const std::string& option) const {
    return options.find(option) != options.end();
  }
  // Empty when it is not given.
  std::string Get(const std::string& option) const {
    const auto found = options.find(option);
    return found == options.end() ? "" : found->second;
  }
  // One for each time that it is given.
  std::vector<std::string> GetAll(const std::string& option) const {
    const auto found = repeated.find(option);
    return found == repeated.end() ? std::vector<std::string>() : found->second;
  }
};

// Options may stand anywhere: `--name=value`, `--name value`, and `-` and `_`
// are one in their names; what follows `--` are words. INVALID_ARGUMENT: an
// option that is not in `known`, or without the value that it needs.
absl::StatusOr<Arguments> ParseArguments(const std::vector<std::string>& args,
                                         absl::Span<const Option> known);

// All that follow: INVALID_ARGUMENT names the option, the value and what was
// expected.

// "2018-04-18T11:30:00Z", "2018-04-18 11:30" (UTC), "2018-04-18", "now", or
// "2h" for two hours before `now`.
absl::StatusOr<google::protobuf::Timestamp> ParseWhen(const std::string& option,
                                                      const std::string& text,
                                                      absl::Time now);

// As ParseWhen, or a time of day: "10:05" is the one nearest to `reference`,
// UTC. Times of one incident lie within hours.
absl::StatusOr<google::protobuf::Timestamp> ParseNear(const std::string& option,
                                                      const std::string& text,
                                                      absl::Time reference,
                                                      absl::Time now);

// As ParseWhen, but "2h", "14d" and "2w" lie ahead of `now`.
absl::StatusOr<google::protobuf::Timestamp> ParseDue(const std::string& option,
                                                     const std::string& text,
                                                     absl::Time now);

// A number of at least `min`.
absl::StatusOr<int64_t> ParseCount(const std::string& option,
                                   const std::string& text, int64_t min);

// "alert_fired,note" as values of an enum whose names begin with "EVENT_KIND_".
absl::StatusOr<std::vector<int>> ParseEnums(
    const std::string& option, const std::string& text,
    const google::protobuf::EnumDescriptor& type);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_ARGUMENTS_H_
