// An incident to play: what happened, when, and through which door we hear of
// it.
//
// Pure functions.
#ifndef SECONDSTORY_TOOLS_STORY_SCRIPT_H_
#define SECONDSTORY_TOOLS_STORY_SCRIPT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::story {

// The door.
enum class Via { kAlert, kChange, kPeople };

struct Step {
  Via via = Via::kPeople;
  std::string time;  // RFC 3339, as it was written
  google::protobuf::Timestamp event_time;
  std::string id;
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  std::string service;  // may be empty
  std::string title;
  std::string revision;  // of a change; may be empty
  std::string touches;   // a further service that a change touches
};

struct Script {
  std::string name;
  std::string title;
  std::string about;
  std::string source;
  std::string licence;
  google::protobuf::Timestamp onset;
  std::string alertmanager;  // as alertd shall name it
  std::vector<Step> steps;   // in the order of their time
};

// INVALID_ARGUMENT: names the member that is missing or wrong.
absl::StatusOr<Script> ParseScript(absl::string_view json);

// What Alertmanager would post (webhook, version 4).
std::string WebhookBody(const Step& step);
// A line of a deploy log, with its newline; see docs/deploy-logs.md.
std::string DeployLogLine(const Script& script, const Step& step);
// What a person would tell us.
v1::Event PeopleEvent(const Script& script, const Step& step);

// True when `event` is what became of `step`, whichever worker it came from.
bool IsEventOf(const Step& step, const v1::Event& event);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_SCRIPT_H_
