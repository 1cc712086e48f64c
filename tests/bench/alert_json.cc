#include "tests/bench/alert_json.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/json_text.h"

namespace secondstory::bench {
namespace {

void AppendMember(absl::string_view name, absl::string_view value,
                  std::string* json) {
  if (json->back() != '{') *json += ',';
  AppendJsonText(name, json);
  *json += ':';
  AppendJsonText(value, json);
}

// An open object: labels, annotations and where it comes from.
void BeginAlert(EventGenerator* generator, int64_t identity,
                const std::string& service, std::string* json) {
  v1::Event event = generator->Next();
  while (event.has_change()) event = generator->Next();
  if (!service.empty()) (*event.mutable_labels())["service"] = service;
  *json += json->back() == '[' ? "{\"labels\":{" : ",{\"labels\":{";
  for (const auto& [name, value] : event.labels()) {
    AppendMember(name, value, json);
  }
  AppendMember("identity", absl::StrCat(identity), json);
  *json += "},\"annotations\":{";
  AppendMember("summary", event.title(), json);
  AppendMember("description", event.description(), json);
  *json += "}";
  AppendMember("generatorURL", event.links(0).url(), json);
}

}  // namespace

std::string AlertsJson(EventGenerator* generator, int64_t first, int count) {
  std::string json = "[";
  for (int64_t i = first; i < first + count; ++i) {
    BeginAlert(generator, i, "", &json);
    json += "}";
  }
  return json + "]";
}

std::string WebhookJson(EventGenerator* generator, int64_t first, int count,
                        absl::Time start, const std::string& service) {
  std::string json =
      "{\"version\":\"4\",\"status\":\"firing\",\"receiver\":\"second-story\","
      "\"groupKey\":\"{}:{}\",\"truncatedAlerts\":0,\"groupLabels\":{},"
      "\"commonLabels\":{},\"commonAnnotations\":{},"
      "\"externalURL\":\"http://alertmanager.example:9093\",\"alerts\":[";
  for (int64_t i = first; i < first + count; ++i) {
    BeginAlert(generator, i, service, &json);
    AppendMember("status", "firing", &json);
    AppendMember("startsAt", absl::FormatTime(start), &json);
    AppendMember("endsAt", "0001-01-01T00:00:00Z", &json);
    AppendMember("fingerprint", absl::StrFormat("%016x", i), &json);
    json += "}";
  }
  return json + "]}";
}

}  // namespace secondstory::bench
