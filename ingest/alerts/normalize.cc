#include "ingest/alerts/normalize.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/status_macros.h"

namespace secondstory::ingest {
namespace {

using ::simdjson::dom::array;
using ::simdjson::dom::element;
using ::simdjson::dom::object;

// Left free for our own labels.
constexpr size_t kAlertLabelCountMax = limits::kLabelCountMax - 8;
constexpr size_t kFingerprintBytesMax = 64;
// Of a value that is quoted in an error.
constexpr size_t kQuotedValueBytesMax = 200;

using Labels = std::map<std::string, std::string>;

// REQUIRES: `text` is UTF-8; what simdjson parsed is.
absl::string_view PrefixOf(absl::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

std::string Quoted(absl::string_view text) {
  return std::string(PrefixOf(text, kQuotedValueBytesMax));
}

// Strings as they are; what else a free-form sender may put there, as JSON.
std::string TextOf(element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.is_null()) return "";
  return simdjson::minify(value);
}

std::string MemberText(object from, const char* key) {
  element value;
  if (from[key].get(value) != simdjson::SUCCESS) return "";
  return TextOf(value);
}

Labels MemberMap(object from, const char* key) {
  Labels labels;
  object members;
  if (from[key].get(members) != simdjson::SUCCESS) return labels;
  for (const auto& [name, value] : members) {
    labels[std::string(name)] = TextOf(value);
  }
  return labels;
}

std::string Find(const Labels& labels, const std::string& key) {
  const auto found = labels.find(key);
  return found == labels.end() ? "" : found->second;
}

std::string FindFirst(const Labels& labels,
                      const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (std::string value = Find(labels, key); !value.empty()) return value;
  }
  return "";
}

absl::Time FloorToMicros(absl::Time time) {
  return absl::FromUnixMicros(absl::ToUnixMicros(time));
}

struct Refusal {
  std::string field;
  std::string value;
  std::string reason;
};

// The time in `text`; nothing when it is absent, which Go writes as year 1.
// Fills `refusal` and returns nothing when it is wrong.
std::optional<absl::Time> ReadTime(const std::string& field,
                                   const std::string& text,
                                   std::optional<Refusal>* refusal) {
  if (text.empty() || absl::StartsWith(text, "0001-01-01T00:00:00")) {
    return std::nullopt;
  }
  absl::Time time;
  std::string error;
  const bool is_time =
      absl::ascii_isdigit(static_cast<unsigned char>(text.front())) &&
      !absl::ascii_isspace(static_cast<unsigned char>(text.back())) &&
      absl::ParseTime(absl::RFC3339_full, text, &time, &error);
  const absl::Time end =
      absl::FromCivil(absl::CivilSecond(10000, 1, 1), absl::UTCTimeZone());
  if (is_time && time >= absl::UnixEpoch() && time < end) {
    return FloorToMicros(time);
  }
  *refusal = Refusal{field, Quoted(text),
                     is_time ? "is outside the years 1970 to 9999"
                             : "is no RFC 3339 time such as "
                               "2026-03-01T12:00:00.123Z"};
  return std::nullopt;
}

v1::Severity SeverityOf(const Labels& labels) {
  const std::string text = absl::AsciiStrToLower(
      FindFirst(labels, {"severity", "priority", "level"}));
  const auto is_one_of = [&](std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
  };
  if (is_one_of({"critical", "crit", "page", "fatal", "emergency", "disaster",
                 "p0", "p1", "sev0", "sev1"})) {
    return v1::SEVERITY_CRITICAL;
  }
  if (is_one_of({"error", "err", "major", "high", "p2", "sev2"})) {
    return v1::SEVERITY_ERROR;
  }
  if (is_one_of({"warning", "warn", "minor", "medium", "average", "ticket",
                 "p3", "sev3"})) {
    return v1::SEVERITY_WARNING;
  }
  if (is_one_of({"info", "information", "informational", "notice", "low",
                 "none", "debug", "p4", "p5", "sev4", "sev5"})) {
    return v1::SEVERITY_INFO;
  }
  return v1::SEVERITY_UNSPECIFIED;
}

bool IsLinkable(absl::string_view url) {
  const bool http =
      absl::StartsWith(url, "http://") || absl::StartsWith(url, "https://");
  return http && url.size() <= limits::kUrlBytesMax &&
         std::all_of(url.begin(), url.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; });
}

// Fills an event and keeps it within its limits.
class EventWriter {
 public:
  explicit EventWriter(v1::Event* event) : event_(event) {}

  // For names: what is cut off leaves no mark in them.
  std::string FitName(const std::string& what, const std::string& name,
                      size_t bytes_max) {
    if (name.size() > bytes_max) shortened_.push_back(what);
    return std::string(PrefixOf(name, bytes_max));
  }

  // For texts.
  std::string FitText(const std::string& what, const std::string& text,
                      size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    shortened_.push_back(what);
    return absl::StrCat(PrefixOf(text, bytes_max - 3), "...");
  }

  // What names the alert first, so that it stays when there are too many.
  void AddLabels(const Labels& labels) {
    for (const char* key : {"alertname", "severity", "service"}) {
      if (labels.count(key) != 0) AddLabel(key, labels.at(key));
    }
    for (const auto& [key, value] : labels) AddLabel(key, value);
  }

  void AddOwnLabel(const char* key, const std::string& value) {
    if (value.empty()) return;
    (*event_->mutable_labels())[key] =
        FitText(key, value, limits::kLabelValueBytesMax);
  }

  void AddLink(const std::string& title, const std::string& url) {
    if (url.empty()) return;
    for (const v1::Link& link : event_->links()) {
      if (link.url() == url) return;
    }
    if (!IsLinkable(url) || event_->links_size() >= limits::kLinkCountMax) {
      shortened_.push_back(absl::StrCat("link ", title));
      return;
    }
    v1::Link* link = event_->add_links();
    link->set_title(title);
    link->set_url(url);
  }

  void Finish() {
    std::sort(shortened_.begin(), shortened_.end());
    shortened_.erase(std::unique(shortened_.begin(), shortened_.end()),
                     shortened_.end());
    AddOwnLabel(kShortenedLabel, absl::StrJoin(shortened_, ", "));
  }

 private:
  void AddLabel(const std::string& key, const std::string& value) {
    auto& labels = *event_->mutable_labels();
    const std::string short_key = FitName(absl::StrCat("label ", Quoted(key)),
                                          key, limits::kLabelKeyBytesMax);
    const bool is_new = labels.count(short_key) == 0;
    if (short_key.empty() ||
        (is_new && static_cast<size_t>(labels.size()) >= kAlertLabelCountMax)) {
      shortened_.push_back(absl::StrCat("label ", Quoted(key)));
      return;
    }
    if (is_new) {
      labels[short_key] = FitText(absl::StrCat("label ", Quoted(key)), value,
                                  limits::kLabelValueBytesMax);
    }
  }

  v1::Event* const event_;
  std::vector<std::string> shortened_;
};

std::string FirstKey(const Labels& annotations, const std::string& first,
                     const std::string& second) {
  return Find(annotations, first).empty() ? second : first;
}

// The description; under it the other annotations, a line each, so that none
// is lost.
std::string DescriptionOf(const Labels& annotations) {
  const std::string title = FirstKey(annotations, "summary", "title");
  const std::string main = FirstKey(annotations, "description", "message");
  std::string text = Find(annotations, main);
  for (const auto& [key, value] : annotations) {
    if (value.empty() || key == title || key == main) continue;
    absl::StrAppend(&text, text.empty() ? "" : "\n", key, ": ", value);
  }
  return text;
}

std::string TitleOf(const Labels& labels, const Labels& annotations,
                    const std::string& fingerprint) {
  // A template that came out empty leaves white space.
  for (const std::string& text :
       {Find(annotations, "summary"), Find(annotations, "title"),
        Find(labels, "alertname")}) {
    const absl::string_view title = absl::StripAsciiWhitespace(text);
    if (title.empty()) continue;
    return absl::StrReplaceAll(
        title, {{"\r\n", " "}, {"\n", " "}, {"\r", " "}, {"\t", " "}});
  }
  return absl::StrCat("alert ", fingerprint);
}

void AddLinks(object alert, const Labels& annotations,
              const std::string& external_url, EventWriter* writer) {
  writer->AddLink("query", MemberText(alert, "generatorURL"));
  writer->AddLink("runbook",
                  FindFirst(annotations, {"runbook_url", "runbook"}));
  writer->AddLink("dashboard",
                  FindFirst(annotations, {"dashboard_url", "dashboard"}));
  writer->AddLink("dashboard", MemberText(alert, "dashboardURL"));
  writer->AddLink("panel", MemberText(alert, "panelURL"));
  writer->AddLink("silence", MemberText(alert, "silenceURL"));
  writer->AddLink("alert source", external_url);
}

// "a, b": the strings of a list.
std::string JoinedStrings(object from, const char* key) {
  array values;
  std::vector<std::string> texts;
  if (from[key].get(values) == simdjson::SUCCESS) {
    for (element value : values) texts.push_back(TextOf(value));
  }
  return absl::StrJoin(texts, ", ");
}

void AddState(object alert, EventWriter* writer) {
  object status;
  if (alert["status"].get(status) != simdjson::SUCCESS) return;
  const std::string state = MemberText(status, "state");
  if (state != "active") writer->AddOwnLabel(kStateLabel, state);
  writer->AddOwnLabel(kSilencedByLabel, JoinedStrings(status, "silencedBy"));
  writer->AddOwnLabel(kInhibitedByLabel, JoinedStrings(status, "inhibitedBy"));
}

// To the millisecond: a webhook tells the start of an alert that was posted
// without one to the nanosecond, the API that is polled rounds it down.
std::string EventId(const Alert& alert, const char* what) {
  const absl::Time start =
      absl::FromUnixMillis(absl::ToUnixMillis(alert.start_time));
  return absl::StrCat(
      alert.fingerprint, "/",
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6SZ", start, absl::UTCTimeZone()),
      "/", what);
}

void FillFired(object from, const NormalizeOptions& options,
               const std::string& external_url, const Labels& labels,
               Alert* alert) {
  const Labels annotations = MemberMap(from, "annotations");
  v1::Event* event = &alert->fired;
  EventWriter writer(event);
  event->set_source(options.source);
  event->set_source_event_id(EventId(*alert, "fired"));
  event->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  *event->mutable_event_time() = FromTime(alert->start_time);
  *event->mutable_observe_time() = FromTime(options.observe_time);
  event->set_service(
      writer.FitName("service",
                     FindFirst(labels, options.service_labels.empty()
                                           ? DefaultServiceLabels()
                                           : options.service_labels),
                     limits::kNameBytesMax));
  event->set_environment(
      writer.FitName("environment",
                     FindFirst(labels, options.environment_labels.empty()
                                           ? DefaultEnvironmentLabels()
                                           : options.environment_labels),
                     limits::kNameBytesMax));
  event->set_title(
      writer.FitText("title", TitleOf(labels, annotations, alert->fingerprint),
                     limits::kTitleBytesMax));
  event->set_description(writer.FitText(
      "description", DescriptionOf(annotations), limits::kTextBytesMax));
  event->set_severity(SeverityOf(labels));
  writer.AddLabels(labels);
  AddState(from, &writer);
  AddLinks(from, annotations, external_url, &writer);
  writer.Finish();
}

std::optional<Refusal> ReadFingerprint(object from, const Labels& labels,
                                       std::string* fingerprint) {
  *fingerprint = MemberText(from, "fingerprint");
  if (fingerprint->empty() && !labels.empty()) {
    *fingerprint = AlertmanagerFingerprint(labels);
  }
  if (fingerprint->empty()) {
    return Refusal{"fingerprint", "",
                   "is missing, and there are no labels to make one of; an "
                   "alert needs at least the label alertname"};
  }
  const bool plain =
      std::all_of(fingerprint->begin(), fingerprint->end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
               c == '_';
      });
  if (plain && fingerprint->size() <= kFingerprintBytesMax) return {};
  return Refusal{"fingerprint", Quoted(*fingerprint),
                 absl::StrCat("must be 1 to ", kFingerprintBytesMax,
                              " letters, digits, - or _")};
}

std::optional<Refusal> ReadTimes(object from, const NormalizeOptions& options,
                                 Alert* alert) {
  std::optional<Refusal> refusal;
  const std::string start_text = MemberText(from, "startsAt");
  const std::string end_text = MemberText(from, "endsAt");
  const std::optional<absl::Time> start =
      ReadTime("startsAt", start_text, &refusal);
  if (refusal) return refusal;
  if (!start) {
    return Refusal{"startsAt", start_text,
                   "is missing; the source must say when the alert began"};
  }
  if (*start > options.observe_time + limits::kEventTimeAheadMax) {
    return Refusal{"startsAt", Quoted(start_text),
                   "is more than 24 h ahead of our clock; correct the clock "
                   "of the source"};
  }
  const std::optional<absl::Time> end = ReadTime("endsAt", end_text, &refusal);
  if (refusal) return refusal;
  alert->start_time = *start;
  alert->end_time = end.value_or(absl::InfiniteFuture());
  if (!alert->resolved) return {};
  if (!end) {
    return Refusal{"endsAt", end_text,
                   "is missing; a resolved alert must say when it ended"};
  }
  if (*end < *start) {
    return Refusal{"endsAt", Quoted(end_text), "is before startsAt"};
  }
  if (*end > options.observe_time + limits::kEventTimeAheadMax) {
    return Refusal{"endsAt", Quoted(end_text),
                   "is more than 24 h ahead of our clock; correct the clock "
                   "of the source"};
  }
  return {};
}

enum class Form { kWebhook, kAlertList };

std::optional<Refusal> ReadAlert(element value, Form form,
                                 const NormalizeOptions& options,
                                 const std::string& external_url,
                                 Alert* alert) {
  object from;
  if (value.get(from) != simdjson::SUCCESS) {
    return Refusal{"", Quoted(TextOf(value)), "must be an object"};
  }
  if (form == Form::kWebhook) {
    const std::string status = MemberText(from, "status");
    if (status != "firing" && status != "resolved") {
      return Refusal{"status", Quoted(status),
                     "must be \"firing\" or \"resolved\""};
    }
    alert->resolved = status == "resolved";
  }
  object labels_object;
  if (from["labels"].get(labels_object) != simdjson::SUCCESS) {
    return Refusal{"labels", Quoted(MemberText(from, "labels")),
                   "must be an object of label names and values"};
  }
  const Labels labels = MemberMap(from, "labels");
  if (auto refusal = ReadFingerprint(from, labels, &alert->fingerprint)) {
    return refusal;
  }
  if (auto refusal = ReadTimes(from, options, alert)) return refusal;
  FillFired(from, options, external_url, labels, alert);
  return {};
}

void ReadAlerts(array values, Form form, const NormalizeOptions& options,
                const std::string& external_url, NormalizedAlerts* result) {
  int index = 0;
  for (element value : values) {
    Alert alert;
    if (auto refusal = ReadAlert(value, form, options, external_url, &alert)) {
      result->refused.push_back({index, refusal->field, refusal->value,
                                 refusal->reason, simdjson::minify(value)});
    } else {
      result->alerts.push_back(std::move(alert));
    }
    ++index;
  }
}

absl::StatusOr<element> Parse(absl::string_view body,
                              simdjson::dom::parser* parser) {
  if (body.empty()) return absl::InvalidArgumentError("the body is empty");
  element root;
  const auto error = parser->parse(body.data(), body.size()).get(root);
  if (error == simdjson::SUCCESS) return root;
  return absl::InvalidArgumentError(
      absl::StrCat("the body is no JSON: ", simdjson::error_message(error)));
}

}  // namespace

const std::vector<std::string>& DefaultServiceLabels() {
  static const auto& labels = *new std::vector<std::string>{
      "service",     "service_name", "app",      "app_kubernetes_io_name",
      "application", "job",          "namespace"};
  return labels;
}

const std::vector<std::string>& DefaultEnvironmentLabels() {
  static const auto& labels = *new std::vector<std::string>{
      "environment", "env", "deployment_environment", "stage", "cluster"};
  return labels;
}

absl::StatusOr<NormalizedAlerts> NormalizeWebhook(
    absl::string_view body, const NormalizeOptions& options) {
  simdjson::dom::parser parser;
  SS_ASSIGN_OR_RETURN(const element root, Parse(body, &parser));
  object message;
  array alerts;
  if (root.get(message) != simdjson::SUCCESS ||
      message["alerts"].get(alerts) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        "the body has no list \"alerts\"; expected an Alertmanager webhook, "
        "version 4, without a custom payload");
  }
  NormalizedAlerts result;
  // Absent in Grafana's, and then none were left out.
  if (message["truncatedAlerts"].get(result.truncated_count) !=
      simdjson::SUCCESS) {
    result.truncated_count = 0;
  }
  ReadAlerts(alerts, Form::kWebhook, options,
             MemberText(message, "externalURL"), &result);
  return result;
}

absl::StatusOr<NormalizedAlerts> NormalizeAlertList(
    absl::string_view body, const NormalizeOptions& options) {
  simdjson::dom::parser parser;
  SS_ASSIGN_OR_RETURN(const element root, Parse(body, &parser));
  array alerts;
  if (root.get(alerts) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        "the body is no list; expected the answer to GET /api/v2/alerts");
  }
  NormalizedAlerts result;
  ReadAlerts(alerts, Form::kAlertList, options, "", &result);
  return result;
}

v1::Event ResolvedEvent(const v1::Event& fired, absl::Time end_time,
                        absl::Time observe_time,
                        const std::string& resolution) {
  v1::Event event = fired;
  event.set_source_event_id(absl::StrCat(
      absl::StripSuffix(fired.source_event_id(), "fired"), "resolved"));
  event.set_kind(v1::EVENT_KIND_ALERT_RESOLVED);
  *event.mutable_event_time() = FromTime(end_time);
  *event.mutable_observe_time() = FromTime(observe_time);
  if (!resolution.empty()) {
    (*event.mutable_labels())[kResolutionLabel] = resolution;
  }
  return event;
}

void AppendEventsOf(const Alert& alert, std::vector<v1::Event>* events) {
  events->push_back(alert.fired);
  if (!alert.resolved) return;
  v1::Event resolved =
      ResolvedEvent(alert.fired, alert.end_time, alert.end_time, "");
  *resolved.mutable_observe_time() = alert.fired.observe_time();
  events->push_back(std::move(resolved));
}

std::string AlertmanagerFingerprint(
    const std::map<std::string, std::string>& labels) {
  // FNV-1a, 64 bit, with a byte that is in no UTF-8 text after each part; as in
  // prometheus/common/model/signature.go.
  uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](absl::string_view part) {
    for (char c : part) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
    hash = (hash ^ 0xff) * 1099511628211u;
  };
  for (const auto& [name, value] : labels) {
    add(name);
    add(value);
  }
  return absl::StrFormat("%016x", hash);
}

}  // namespace secondstory::ingest
