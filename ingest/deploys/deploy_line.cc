#include "ingest/deploys/deploy_line.h"

#include <simdjson.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "ingest/deploys/line_members.h"
#include "ingest/deploys/text.h"

namespace secondstory::ingest {
namespace {

using simdjson::dom::element;

constexpr absl::string_view kMembers[] = {
    "time",     "service",           "title", "id",       "kind",
    "outcome",  "environment",       "paths", "services", "url",
    "revision", "previous_revision", "actor", "labels",   "description",
};

// `source_event_id` is ID/KIND; the longest kind is "rolled_back".
constexpr size_t kIdBytesMax = 500;

// Numbers below are seconds, from there on milliseconds: the year 5138 and the
// spring of 1973.
constexpr double kMillisecondsMin = 1e11;

struct Kind {
  absl::string_view name;
  v1::EventKind value;
  bool is_change;
};
constexpr Kind kKinds[] = {
    {"started", v1::EVENT_KIND_CHANGE_STARTED, true},
    {"finished", v1::EVENT_KIND_CHANGE_FINISHED, true},
    {"failed", v1::EVENT_KIND_CHANGE_FAILED, true},
    {"rolled_back", v1::EVENT_KIND_CHANGE_ROLLED_BACK, true},
    {"action", v1::EVENT_KIND_HUMAN_ACTION, false},
    {"note", v1::EVENT_KIND_NOTE, false},
};

absl::Status WrongTime(absl::string_view value) {
  return Wrong("time is ", value,
               "; expected RFC 3339 with an offset "
               "(\"2026-03-01T12:00:00Z\") or seconds or milliseconds since "
               "1970");
}

absl::StatusOr<absl::Time> ReadTimeText(absl::string_view text) {
  absl::Time time;
  // ParseTime also takes "infinite-future" and space around the text.
  const bool is_plausible =
      !text.empty() && absl::ascii_isdigit(text.front()) &&
      !absl::ascii_isspace(static_cast<unsigned char>(text.back()));
  if (!is_plausible ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return WrongTime(Quote(text));
  }
  return time;
}

absl::StatusOr<absl::Time> ReadTimeNumber(element value) {
  const double number = value.get_double().value_unsafe();
  const double seconds = number < kMillisecondsMin ? number : number / 1e3;
  if (!(seconds >= 0 && seconds < 1e12)) return WrongTime(Describe(value));
  // A double holds today's seconds to a quarter of a microsecond.
  return absl::FromUnixMicros(std::llround(seconds * 1e6));
}

absl::StatusOr<absl::Time> ReadTime(const LineMembers& members,
                                    absl::Time observe_time) {
  const std::optional<element> found = members.Find("time");
  if (!found.has_value()) {
    return Wrong("time is missing; say when it happened");
  }
  const element value = *found;
  absl::Time time;
  if (value.is_number()) {
    SS_ASSIGN_OR_RETURN(time, ReadTimeNumber(value));
  } else if (value.is_string()) {
    SS_ASSIGN_OR_RETURN(time,
                        ReadTimeText(View(value.get_string().value_unsafe())));
  } else {
    return WrongTime(Describe(value));
  }
  static const absl::Time kEnd = absl::FromUnixSeconds(253402300800);
  if (time < absl::UnixEpoch() || time >= kEnd) {
    return WrongTime(Describe(value));
  }
  if (time > observe_time + limits::kEventTimeAheadMax) {
    return Wrong(
        "time is ",
        absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()),
        ", more than 24 hours ahead; correct the clock that wrote it");
  }
  return time;
}

absl::StatusOr<Kind> ReadKind(const LineMembers& members) {
  SS_ASSIGN_OR_RETURN(const std::string name,
                      members.Text("kind", limits::kNameBytesMax));
  const auto* found = absl::c_find_if(kKinds, [&](const Kind& kind) {
    return kind.name == (name.empty() ? "finished" : name);
  });
  if (found != std::end(kKinds)) return *found;
  return Wrong("kind is ", Quote(name),
               "; expected started, finished, failed, rolled_back, action or "
               "note");
}

absl::Status CheckIsChange(const LineMembers& members, const Kind& kind) {
  if (kind.is_change) return absl::OkStatus();
  for (absl::string_view name :
       {"outcome", "revision", "previous_revision", "paths", "services"}) {
    if (members.Has(name)) {
      return Wrong(name, " does not go with kind ", Quote(kind.name),
                   "; use started, finished, failed or rolled_back");
    }
  }
  return absl::OkStatus();
}

// Sets the kind, and how a change ended; a log may say the latter twice.
absl::Status SetKind(const LineMembers& members, v1::Event* event) {
  SS_ASSIGN_OR_RETURN(Kind kind, ReadKind(members));
  SS_RETURN_IF_ERROR(CheckIsChange(members, kind));
  SS_ASSIGN_OR_RETURN(const std::string outcome,
                      members.Text("outcome", limits::kNameBytesMax));
  if (!outcome.empty() && outcome != "succeeded" && outcome != "failed") {
    return Wrong("outcome is ", Quote(outcome),
                 "; expected succeeded or failed");
  }
  const bool contradicts = (kind.name == "started" && !outcome.empty()) ||
                           (kind.name == "failed" && outcome == "succeeded");
  if (contradicts) {
    return Wrong("outcome ", Quote(outcome), " contradicts kind ",
                 Quote(kind.name), "; leave one of them out");
  }
  if (kind.name == "finished" && outcome == "failed") kind = kKinds[2];
  event->set_kind(kind.value);
  if (!kind.is_change) return absl::OkStatus();
  if (outcome == "failed" || kind.name == "failed") {
    event->mutable_change()->set_outcome(v1::CHANGE_OUTCOME_FAILED);
  } else if (outcome == "succeeded" || kind.name == "finished") {
    event->mutable_change()->set_outcome(v1::CHANGE_OUTCOME_SUCCEEDED);
  }
  return absl::OkStatus();
}

absl::string_view NameOf(v1::EventKind kind) {
  return absl::c_find_if(kKinds, [&](const Kind& k) { return k.value == kind; })
      ->name;
}

absl::Status SetIdentity(const LineMembers& members, absl::string_view line,
                         v1::Event* event) {
  SS_ASSIGN_OR_RETURN(const std::string id, members.Text("id", kIdBytesMax));
  event->set_source_event_id(
      id.empty() ? absl::StrCat("line/", IdToHex(StableId({line})))
                 : absl::StrCat(id, "/", NameOf(event->kind())));
  return absl::OkStatus();
}

absl::Status SetText(const LineMembers& members, v1::Event* event) {
  constexpr size_t kAnyLength = size_t{1} << 40;
  SS_ASSIGN_OR_RETURN(const std::string service,
                      members.NeededText("service", limits::kNameBytesMax,
                                         "say which service was changed"));
  event->set_service(service);
  SS_ASSIGN_OR_RETURN(const std::string title,
                      members.NeededText("title", kAnyLength,
                                         "say in one line what was changed"));
  event->set_title(CutText(ToOneLine(title), limits::kTitleBytesMax));
  if (event->title().empty()) return Wrong("title is blank");
  SS_ASSIGN_OR_RETURN(const std::string description,
                      members.Text("description", kAnyLength));
  event->set_description(CutText(description, limits::kTextBytesMax));
  SS_ASSIGN_OR_RETURN(*event->mutable_environment(),
                      members.Text("environment", limits::kNameBytesMax));
  SS_ASSIGN_OR_RETURN(*event->mutable_actor(),
                      members.Text("actor", limits::kNameBytesMax));
  return absl::OkStatus();
}

absl::Status SetUrl(const LineMembers& members, v1::Event* event) {
  SS_ASSIGN_OR_RETURN(const std::string url,
                      members.Text("url", limits::kUrlBytesMax));
  if (url.empty()) return absl::OkStatus();
  if (!IsUrl(url)) {
    return Wrong("url is ", Quote(url),
                 "; expected http:// or https:// without white space");
  }
  if (event->has_change()) {
    event->mutable_change()->set_url(url);
  } else {
    event->add_links()->set_url(url);
  }
  return absl::OkStatus();
}

absl::Status SetChange(const LineMembers& members, v1::Event* event) {
  v1::Change* change = event->mutable_change();
  SS_ASSIGN_OR_RETURN(*change->mutable_revision(),
                      members.Text("revision", limits::kNameBytesMax));
  SS_ASSIGN_OR_RETURN(*change->mutable_previous_revision(),
                      members.Text("previous_revision", limits::kNameBytesMax));
  SS_ASSIGN_OR_RETURN(const std::vector<std::string> services,
                      members.Texts("services", limits::kNameBytesMax));
  if (services.size() > limits::kChangeServiceCountMax) {
    return Wrong("services has ", services.size(),
                 " entries; expected at most ", limits::kChangeServiceCountMax);
  }
  for (const std::string& service : services) change->add_services(service);
  SS_ASSIGN_OR_RETURN(const std::vector<std::string> paths,
                      members.Texts("paths", limits::kChangePathBytesMax));
  SetPaths(paths, event);
  return absl::OkStatus();
}

absl::Status AddLabel(absl::string_view key, element value,
                      google::protobuf::Map<std::string, std::string>* labels) {
  const std::string name = absl::StrCat("labels[", Quote(key), "]");
  if (key.empty() || key.size() > limits::kLabelKeyBytesMax) {
    return Wrong(name, " has a key of ", key.size(), " bytes; expected 1 to ",
                 limits::kLabelKeyBytesMax);
  }
  SS_ASSIGN_OR_RETURN(std::string text,
                      ReadText(name, value, limits::kLabelValueBytesMax));
  if (!text.empty()) labels->insert({std::string(key), std::move(text)});
  return absl::OkStatus();
}

absl::Status SetLabels(const LineMembers& members, v1::Event* event) {
  const std::optional<element> found = members.Find("labels");
  if (!found.has_value()) return absl::OkStatus();
  simdjson::dom::object object;
  if (found->get_object().get(object) != simdjson::SUCCESS) {
    return Wrong("labels is ", Describe(*found),
                 "; expected an object of strings");
  }
  google::protobuf::Map<std::string, std::string> labels;
  for (const auto [key, value] : object) {
    if (value.is_null()) continue;
    SS_RETURN_IF_ERROR(AddLabel(View(key), value, &labels));
  }
  if (labels.size() > limits::kLabelCountMax) {
    return Wrong("labels has ", labels.size(), " entries; expected at most ",
                 limits::kLabelCountMax);
  }
  event->mutable_labels()->swap(labels);
  return absl::OkStatus();
}

// Keeps what the format does not know, as far as there is room.
void KeepOthers(const LineMembers& members, v1::Event* event) {
  auto* labels = event->mutable_labels();
  for (const auto& [key, value] : members.others()) {
    if (labels->size() >= limits::kLabelCountMax) return;
    if (key.empty() || key.size() > limits::kLabelKeyBytesMax) continue;
    const std::string text =
        value.is_string() ? std::string(value.get_string().value_unsafe())
                          : simdjson::minify(value);
    if (text.empty()) continue;
    labels->insert({key, CutText(text, limits::kLabelValueBytesMax)});
  }
}

absl::StatusOr<v1::Event> ToEvent(const LineMembers& members,
                                  absl::string_view line,
                                  absl::string_view source,
                                  absl::Time observe_time) {
  v1::Event event;
  event.set_source(std::string(source));
  SS_ASSIGN_OR_RETURN(const absl::Time time, ReadTime(members, observe_time));
  *event.mutable_event_time() = FromTime(time);
  *event.mutable_observe_time() = FromTime(observe_time);
  SS_RETURN_IF_ERROR(SetText(members, &event));
  SS_RETURN_IF_ERROR(SetKind(members, &event));
  SS_RETURN_IF_ERROR(SetIdentity(members, line, &event));
  SS_RETURN_IF_ERROR(SetLabels(members, &event));
  if (event.kind() != v1::EVENT_KIND_HUMAN_ACTION &&
      event.kind() != v1::EVENT_KIND_NOTE) {
    SS_RETURN_IF_ERROR(SetChange(members, &event));
  }
  SS_RETURN_IF_ERROR(SetUrl(members, &event));
  KeepOthers(members, &event);
  return event;
}

}  // namespace

absl::string_view TrimDeployLine(absl::string_view line) {
  while (!line.empty() && line.front() == '\0') line.remove_prefix(1);
  absl::ConsumePrefix(&line, "\xEF\xBB\xBF");
  return absl::StripAsciiWhitespace(line);
}

absl::StatusOr<v1::Event> NormalizeDeployLine(absl::string_view line,
                                              absl::string_view source,
                                              absl::Time observe_time) {
  line = TrimDeployLine(line);
  const size_t bad = FindInvalidUtf8(line);
  if (bad != absl::string_view::npos) {
    return Wrong(
        "not UTF-8 at byte ", bad + 1,
        absl::StrFormat(" (0x%02X)", static_cast<unsigned char>(line[bad])));
  }
  // One for each thread: a parser keeps its memory.
  thread_local simdjson::dom::parser parser;
  element root;
  const auto error = parser.parse(line.data(), line.size()).get(root);
  if (error != simdjson::SUCCESS) {
    return Wrong("not JSON: ", simdjson::error_message(error));
  }
  SS_ASSIGN_OR_RETURN(const LineMembers members,
                      LineMembers::Read(root, kMembers));
  return ToEvent(members, line, source, observe_time);
}

}  // namespace secondstory::ingest
