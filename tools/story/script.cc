#include "tools/story/script.h"

#include <simdjson.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "base/proto_time.h"
#include "base/status_macros.h"

namespace secondstory::story {
namespace {

using simdjson::dom::element;

absl::Status Wrong(const std::string& key, const std::string& value) {
  return absl::InvalidArgumentError(
      absl::StrCat(key, ": \"", value, "\" is missing or unknown"));
}

// Empty when it is missing.
std::string Text(const element& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

absl::StatusOr<google::protobuf::Timestamp> ReadTime(const element& object,
                                                     const char* key) {
  absl::Time time;
  const std::string text = Text(object, key);
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return Wrong(key, text);
  }
  return FromTime(time);
}

absl::Status ReadDoor(const element& object, Step* step) {
  const std::string via = Text(object, "via");
  const std::string kind = Text(object, "kind");
  const std::string door = absl::StrCat(via, " ", kind);
  if (via == "alert") {
    step->via = Via::kAlert;
    step->kind = v1::EVENT_KIND_ALERT_FIRED;
  } else if (door == "change finished") {
    step->via = Via::kChange;
    step->kind = v1::EVENT_KIND_CHANGE_FINISHED;
  } else if (door == "change rolled_back") {
    step->via = Via::kChange;
    step->kind = v1::EVENT_KIND_CHANGE_ROLLED_BACK;
  } else if (door == "people user_report") {
    step->kind = v1::EVENT_KIND_USER_REPORT;
  } else if (door == "people human_action") {
    step->kind = v1::EVENT_KIND_HUMAN_ACTION;
  } else {
    return Wrong("via, kind", door);
  }
  return absl::OkStatus();
}

absl::StatusOr<Step> ReadStep(const element& object) {
  Step step;
  SS_RETURN_IF_ERROR(ReadDoor(object, &step));
  step.time = Text(object, "time");
  SS_ASSIGN_OR_RETURN(step.event_time, ReadTime(object, "time"));
  step.id = Text(object, "id");
  step.service = Text(object, "service");
  step.title = Text(object, "title");
  step.revision = Text(object, "revision");
  step.touches = Text(object, "touches");
  if (step.id.empty()) return Wrong("id", step.id);
  if (step.title.empty()) return Wrong("title", step.title);
  return step;
}

void AppendMember(absl::string_view key, absl::string_view value,
                  std::string* json) {
  if (value.empty()) return;
  if (json->back() != '{') json->push_back(',');
  AppendJsonText(key, json);
  json->push_back(':');
  AppendJsonText(value, json);
}

}  // namespace

absl::StatusOr<Script> ParseScript(absl::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("no JSON");
  }
  Script script;
  script.name = Text(root, "name");
  script.title = Text(root, "title");
  script.about = Text(root, "about");
  script.source = Text(root, "source");
  script.licence = Text(root, "licence");
  script.alertmanager = Text(root, "alertmanager");
  SS_ASSIGN_OR_RETURN(script.onset, ReadTime(root, "onset"));
  simdjson::dom::array steps;
  if (root["steps"].get(steps) != simdjson::SUCCESS) return Wrong("steps", "");
  for (const element object : steps) {
    SS_ASSIGN_OR_RETURN(Step step, ReadStep(object));
    if (!script.steps.empty() &&
        ToTime(script.steps.back().event_time) > ToTime(step.event_time)) {
      return absl::InvalidArgumentError(
          absl::StrCat("steps: ", step.id, " is not in the order of time"));
    }
    script.steps.push_back(std::move(step));
  }
  return script;
}

std::string WebhookBody(const Step& step) {
  std::string labels = "{";
  AppendMember("alertname", step.id, &labels);
  AppendMember("service", step.service, &labels);
  std::string annotations = "{";
  AppendMember("summary", step.title, &annotations);
  std::string alert = "{";
  AppendMember("status", "firing", &alert);
  absl::StrAppend(&alert, ",\"labels\":", labels,
                  "},\"annotations\":", annotations, "}");
  AppendMember("startsAt", step.time, &alert);
  AppendMember("endsAt", "0001-01-01T00:00:00Z", &alert);
  std::string group = "{";
  AppendMember("alertname", step.id, &group);
  return absl::StrCat(
      "{\"version\":\"4\",\"groupKey\":\"demo\",\"truncatedAlerts\":0,"
      "\"status\":\"firing\",\"receiver\":\"second-story\",\"groupLabels\":",
      group, "},\"commonLabels\":", labels,
      "},\"commonAnnotations\":", annotations,
      "},\"externalURL\":\"\",\"alerts\":[", alert, "}]}");
}

std::string DeployLogLine(const Script& script, const Step& step) {
  std::string line = "{";
  AppendMember("time", step.time, &line);
  AppendMember("id", absl::StrCat(script.name, "/", step.id), &line);
  AppendMember("kind",
               step.kind == v1::EVENT_KIND_CHANGE_ROLLED_BACK ? "rolled_back"
                                                              : "finished",
               &line);
  AppendMember("service", step.service, &line);
  AppendMember("title", step.title, &line);
  AppendMember("revision", step.revision, &line);
  if (!step.touches.empty()) {
    line.append(",\"services\":[");
    AppendJsonText(step.touches, &line);
    line.push_back(']');
  }
  return line + "}\n";
}

v1::Event PeopleEvent(const Script& script, const Step& step) {
  v1::Event event;
  event.set_source("demo/people");
  event.set_source_event_id(absl::StrCat(script.name, "/", step.id));
  event.set_kind(step.kind);
  *event.mutable_event_time() = step.event_time;
  event.set_service(step.service);
  event.set_title(step.title);
  return event;
}

bool IsEventOf(const Step& step, const v1::Event& event) {
  return event.kind() == step.kind && event.service() == step.service &&
         event.title() == step.title &&
         ToMicros(event.event_time()) == ToMicros(step.event_time);
}

}  // namespace secondstory::story
