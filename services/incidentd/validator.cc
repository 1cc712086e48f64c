#include "services/incidentd/validator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"

namespace secondstory::incidentd {
namespace {

using storage::EventView;

// How much of a wrong value an error shows.
constexpr size_t kShownBytesMax = 64;

std::string Shown(absl::string_view value) {
  std::string text;
  AppendJsonText(value.substr(0, kShownBytesMax), &text);
  return value.size() > kShownBytesMax ? absl::StrCat(text, "...") : text;
}

std::string Shown(const google::protobuf::Timestamp& time) {
  return IsValidTime(time) ? absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ",
                                              ToTime(time), absl::UTCTimeZone())
                           : absl::StrCat("seconds ", time.seconds(), " nanos ",
                                          time.nanos());
}

// Collects what is wrong.
class Checker {
 public:
  void Wrong(absl::string_view field, std::string description) {
    found_.push_back({std::string(field), std::move(description)});
  }

  void Needed(absl::string_view field, absl::string_view text,
              size_t bytes_max) {
    if (text.empty()) {
      Wrong(field, absl::StrCat("is missing; give 1 to ", bytes_max, " bytes"));
    }
    Text(field, text, bytes_max);
  }

  void Text(absl::string_view field, absl::string_view text, size_t bytes_max) {
    if (text.size() <= bytes_max) return;
    Wrong(field, absl::StrCat("has ", text.size(), " bytes (", Shown(text),
                              "); at most ", bytes_max, " are allowed"));
  }

  void Count(absl::string_view field, int count, int count_max) {
    if (count <= count_max) return;
    Wrong(field, absl::StrCat("has ", count, " values; at most ", count_max,
                              " are allowed"));
  }

  template <typename Values>
  void Texts(absl::string_view field, const Values& texts, int count_max,
             size_t bytes_max) {
    Count(field, static_cast<int>(texts.size()), count_max);
    for (int i = 0; i < static_cast<int>(texts.size()); ++i) {
      // The name of a field costs more than a look at it.
      if (!texts[i].empty() && texts[i].size() <= bytes_max) continue;
      Needed(absl::StrCat(field, "[", i, "]"), texts[i], bytes_max);
    }
  }

  void Url(absl::string_view field, absl::string_view url) {
    Text(field, url, limits::kUrlBytesMax);
    if (url.empty() || absl::StartsWithIgnoreCase(url, "http://") ||
        absl::StartsWithIgnoreCase(url, "https://")) {
      return;
    }
    Wrong(field, absl::StrCat("is ", Shown(url),
                              "; it must begin with http:// or https://"));
  }

  void Links(absl::string_view field,
             const google::protobuf::RepeatedPtrField<v1::Link>& links,
             int count_max) {
    Count(field, links.size(), count_max);
    for (int i = 0; i < links.size(); ++i) {
      Link(absl::StrCat(field, "[", i, "]"), links[i].title(), links[i].url());
    }
  }
  void Link(absl::string_view field, absl::string_view title,
            absl::string_view url) {
    Text(absl::StrCat(field, ".title"), title, limits::kNameBytesMax);
    Needed(absl::StrCat(field, ".url"), url, limits::kUrlBytesMax);
    Url(absl::StrCat(field, ".url"), url);
  }

  void Time(absl::string_view field, const google::protobuf::Timestamp& time) {
    if (IsValidTime(time)) return;
    Wrong(field, absl::StrCat("is ", Shown(time),
                              "; it must be of the years 1970 to 9999"));
  }

  void Id(absl::string_view field, const std::string& id) {
    if (!IdFromHex(id).empty()) return;
    Wrong(field, absl::StrCat("is ", Shown(id),
                              "; an id has 32 lower-case hex digits"));
  }

  template <typename Message>
  void Range(const Message& request) {
    Time("start_time", request.start_time());
    Time("end_time", request.end_time());
    if (request.has_start_time() && request.has_end_time() &&
        ToTime(request.start_time()) >= ToTime(request.end_time())) {
      Wrong("end_time", absl::StrCat("is ", Shown(request.end_time()),
                                     ", which is not after start_time ",
                                     Shown(request.start_time())));
    }
  }

  const std::vector<FieldViolation>& found() const { return found_; }

 private:
  std::vector<FieldViolation> found_;
};

// The path of the first text of a serialized message that is not UTF-8, by the
// message's descriptor; empty when there is none or the bytes are no message.
std::string FindBadText(absl::string_view bytes,
                        const google::protobuf::Descriptor* descriptor) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return "";
  }
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    const google::protobuf::FieldDescriptor* known =
        descriptor->FindFieldByNumber(field.number());
    if (known == nullptr ||
        field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    if (known->type() == google::protobuf::FieldDescriptor::TYPE_STRING &&
        !IsUtf8(field.length_delimited())) {
      return known->name();
    }
    if (known->type() == google::protobuf::FieldDescriptor::TYPE_MESSAGE) {
      const std::string inner =
          FindBadText(field.length_delimited(), known->message_type());
      if (!inner.empty()) return absl::StrCat(known->name(), ".", inner);
    }
  }
  return "";
}

bool IsAlert(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_ALERT_FIRED ||
         kind == v1::EVENT_KIND_ALERT_RESOLVED;
}

bool IsChange(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_CHANGE_STARTED ||
         kind == v1::EVENT_KIND_CHANGE_FINISHED ||
         kind == v1::EVENT_KIND_CHANGE_FAILED ||
         kind == v1::EVENT_KIND_CHANGE_ROLLED_BACK;
}

void CheckKind(const EventView& event, Checker* check) {
  if (event.kind == v1::EVENT_KIND_UNSPECIFIED ||
      !v1::EventKind_IsValid(event.kind)) {
    check->Wrong("kind", absl::StrCat("is ", static_cast<int>(event.kind),
                                      "; give one of EventKind"));
  }
  if (event.change.has_value() && !IsChange(event.kind)) {
    check->Wrong(
        "change",
        absl::StrCat("is set, but kind is ", v1::EventKind_Name(event.kind),
                     "; only EVENT_KIND_CHANGE_* have a change"));
  }
  if (!v1::Severity_IsValid(event.severity)) {
    check->Wrong("severity",
                 absl::StrCat("is ", static_cast<int>(event.severity),
                              "; give one of Severity"));
  }
}

void CheckTimes(const EventView& event, absl::Time now, Checker* check) {
  if (event.observe_time.has_value()) {
    check->Time("observe_time", *event.observe_time);
  }
  if (!event.event_time.has_value()) {
    check->Wrong("event_time",
                 "is missing; the source must say when it happened");
    return;
  }
  check->Time("event_time", *event.event_time);
  if (IsValidTime(*event.event_time) &&
      ToTime(*event.event_time) > now + limits::kEventTimeAheadMax) {
    check->Wrong("event_time",
                 absl::StrCat("is ", Shown(*event.event_time), ", more than ",
                              absl::FormatDuration(limits::kEventTimeAheadMax),
                              " ahead of the server's clock; set the "
                              "source's clock"));
  }
}

bool IsNamedByLabel(const EventView& event) {
  return IsAlert(event.kind) &&
         std::any_of(
             event.labels.begin(), event.labels.end(),
             [](const auto& label) { return label.first == "alertname"; });
}

void CheckTexts(const EventView& event, Checker* check) {
  check->Needed("source", event.source, limits::kSourceBytesMax);
  check->Needed("source_event_id", event.source_event_id,
                limits::kSourceEventIdBytesMax);
  check->Text("service", event.service, limits::kNameBytesMax);
  check->Text("environment", event.environment, limits::kNameBytesMax);
  check->Text("title", event.title, limits::kTitleBytesMax);
  if (event.title.empty() && !IsNamedByLabel(event)) {
    check->Wrong("title", IsAlert(event.kind)
                              ? "is missing, and so is labels[\"alertname\"]; "
                                "give one of them"
                              : "is missing; say in one line what happened");
  }
  check->Text("description", event.description, limits::kTextBytesMax);
  check->Text("actor", event.actor, limits::kNameBytesMax);
}

void CheckLabels(const EventView& event, Checker* check) {
  check->Count("labels", static_cast<int>(event.labels.size()),
               limits::kLabelCountMax);
  for (const auto& [key, value] : event.labels) {
    const bool good_key =
        !key.empty() && key.size() <= limits::kLabelKeyBytesMax;
    if (good_key && value.size() <= limits::kLabelValueBytesMax) continue;
    const std::string field = absl::StrCat("labels[", Shown(key), "]");
    if (!good_key) {
      check->Wrong(field,
                   absl::StrCat("has a key of ", key.size(), " bytes; 1 to ",
                                limits::kLabelKeyBytesMax, " are allowed"));
    }
    check->Text(field, value, limits::kLabelValueBytesMax);
  }
}

void CheckLinks(const EventView& event, Checker* check) {
  check->Count("links", static_cast<int>(event.links.size()),
               limits::kLinkCountMax);
  for (size_t i = 0; i < event.links.size(); ++i) {
    check->Link(absl::StrCat("links[", i, "]"), event.links[i].title,
                event.links[i].url);
  }
}

void CheckChange(const EventView::Change& change, Checker* check) {
  check->Text("change.revision", change.revision, limits::kNameBytesMax);
  check->Text("change.previous_revision", change.previous_revision,
              limits::kNameBytesMax);
  check->Texts("change.paths", change.paths, limits::kChangePathCountMax,
               limits::kChangePathBytesMax);
  check->Texts("change.services", change.services,
               limits::kChangeServiceCountMax, limits::kNameBytesMax);
  check->Url("change.url", change.url);
  if (!v1::ChangeOutcome_IsValid(change.outcome)) {
    check->Wrong("change.outcome",
                 absl::StrCat("is ", static_cast<int>(change.outcome),
                              "; give one of ChangeOutcome"));
  }
}

void CheckIncident(const v1::Incident& incident, Checker* check) {
  check->Needed("incident.title", incident.title(), limits::kTitleBytesMax);
  check->Text("incident.summary", incident.summary(), limits::kTextBytesMax);
  if (incident.severity() > 5) {
    check->Wrong("incident.severity",
                 absl::StrCat("is ", incident.severity(),
                              "; 1 (worst) to 5, or 0 for not said"));
  }
  if (!v1::IncidentState_IsValid(incident.state())) {
    check->Wrong("incident.state",
                 absl::StrCat("is ", static_cast<int>(incident.state()),
                              "; give one of IncidentState"));
  }
  check->Time("incident.start_time", incident.start_time());
  check->Time("incident.detect_time", incident.detect_time());
  check->Time("incident.mitigate_time", incident.mitigate_time());
  check->Time("incident.resolve_time", incident.resolve_time());
  check->Texts("incident.services", incident.services(),
               limits::kIncidentServiceCountMax, limits::kNameBytesMax);
  check->Texts("incident.tags", incident.tags(), limits::kTagCountMax,
               limits::kTagBytesMax);
  check->Links("incident.links", incident.links(),
               limits::kIncidentLinkCountMax);
}

// The fields that UpdateIncident may change.
constexpr std::array<const char*, 11> kUpdatable = {
    "title",      "summary",     "severity",      "state",
    "start_time", "detect_time", "mitigate_time", "resolve_time",
    "services",   "tags",        "links"};

void CheckScore(absl::string_view field, double score, Checker* check) {
  if (score >= 0 && score <= 1) return;
  check->Wrong(field, absl::StrCat("is ", score, "; 0 to 1 is allowed"));
}

}  // namespace

std::optional<FieldViolation> Check(const EventView& event, absl::Time now) {
  Checker check;
  CheckTexts(event, &check);
  CheckKind(event, &check);
  CheckTimes(event, now, &check);
  CheckLabels(event, &check);
  CheckLinks(event, &check);
  if (event.change.has_value()) CheckChange(*event.change, &check);
  if (check.found().empty()) return std::nullopt;
  return check.found().front();
}

FieldViolation CheckUnreadableEvent(absl::string_view bytes) {
  const std::string path = FindBadText(bytes, v1::Event::descriptor());
  return path.empty()
             ? FieldViolation{"", "cannot be read as a secondstory.v1.Event"}
             : FieldViolation{path, "is not UTF-8; convert it at the source"};
}

bool HasOutputOnly(const EventView& event) {
  return !event.event_id.empty() || event.append_time.has_value() ||
         event.position != 0;
}

std::string ClearOutputOnly(absl::string_view bytes) {
  v1::Event event;
  event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  event.clear_event_id();
  event.clear_append_time();
  event.clear_position();
  return event.SerializeAsString();
}

std::vector<FieldViolation> CheckId(absl::string_view field,
                                    const std::string& id) {
  Checker check;
  check.Id(field, id);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::CursorUpdate& update) {
  Checker check;
  check.Needed("cursor.cursor.source", update.cursor().source(),
               limits::kSourceBytesMax);
  check.Text("cursor.cursor.value", update.cursor().value(),
             limits::kCursorValueBytesMax);
  check.Text("cursor.previous_value", update.previous_value(),
             limits::kCursorValueBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::QueryEventsRequest& request) {
  Checker check;
  check.Range(request);
  check.Texts("services", request.services(), limits::kFilterValueCountMax,
              limits::kNameBytesMax);
  check.Count("kinds", request.kinds_size(), limits::kFilterValueCountMax);
  check.Texts("sources", request.sources(), limits::kFilterValueCountMax,
              limits::kSourceBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::SubmitCandidateRequest& request) {
  Checker check;
  const v1::Candidate& candidate = request.candidate();
  check.Id("candidate.candidate_id", candidate.candidate_id());
  if (candidate.state() != v1::CANDIDATE_STATE_OPEN &&
      candidate.state() != v1::CANDIDATE_STATE_QUIET &&
      candidate.state() != v1::CANDIDATE_STATE_MERGED) {
    check.Wrong("candidate.state",
                absl::StrCat("is ", v1::CandidateState_Name(candidate.state()),
                             "; a submitter may say OPEN, QUIET or MERGED"));
  }
  if (candidate.state() == v1::CANDIDATE_STATE_MERGED) {
    check.Id("candidate.merged_into_candidate_id",
             candidate.merged_into_candidate_id());
  }
  check.Needed("candidate.title", candidate.title(), limits::kTitleBytesMax);
  if (!candidate.has_onset_time()) {
    check.Wrong("candidate.onset_time",
                "is missing; give the time of the first symptom");
  }
  check.Time("candidate.onset_time", candidate.onset_time());
  check.Time("candidate.last_activity_time", candidate.last_activity_time());
  CheckScore("candidate.no_change_score", candidate.no_change_score(), &check);
  for (int i = 0; i < candidate.events_size(); ++i) {
    check.Id(absl::StrCat("candidate.events[", i, "].event_id"),
             candidate.events(i).event_id());
  }
  for (int i = 0; i < candidate.ranked_changes_size(); ++i) {
    const std::string field = absl::StrCat("candidate.ranked_changes[", i, "]");
    const v1::RankedChange& change = candidate.ranked_changes(i);
    check.Id(absl::StrCat(field, ".event_id"), change.event_id());
    CheckScore(absl::StrCat(field, ".score"), change.score(), &check);
  }
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ListCandidatesRequest& request) {
  Checker check;
  check.Range(request);
  check.Count("states", request.states_size(), limits::kFilterValueCountMax);
  check.Texts("services", request.services(), limits::kFilterValueCountMax,
              limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::DismissCandidateRequest& request) {
  Checker check;
  check.Id("candidate_id", request.candidate_id());
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("reason", request.reason(), limits::kTitleBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::CreateIncidentRequest& request) {
  Checker check;
  CheckIncident(request.incident(), &check);
  if (!request.incident().has_start_time()) {
    check.Wrong("incident.start_time", "is missing; say when it began");
  }
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ListIncidentsRequest& request) {
  Checker check;
  check.Range(request);
  check.Count("states", request.states_size(), limits::kFilterValueCountMax);
  check.Texts("services", request.services(), limits::kFilterValueCountMax,
              limits::kNameBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::UpdateIncidentRequest& request) {
  Checker check;
  check.Id("incident.incident_id", request.incident().incident_id());
  check.Needed("etag", request.etag(), limits::kNameBytesMax);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  if (request.update_mask().paths_size() == 0) {
    check.Wrong("update_mask", "is empty; name the fields to change");
  }
  // Only what is going to be taken is looked at.
  v1::Incident checked;
  checked.set_title("-");
  for (const std::string& path : request.update_mask().paths()) {
    if (std::find(kUpdatable.begin(), kUpdatable.end(), path) ==
        kUpdatable.end()) {
      check.Wrong("update_mask",
                  absl::StrCat("names ", Shown(path), "; one of ",
                               absl::StrJoin(kUpdatable, ", "), " is allowed"));
      continue;
    }
    const google::protobuf::FieldDescriptor* field =
        v1::Incident::descriptor()->FindFieldByName(path);
    v1::Incident copy = request.incident();
    checked.GetReflection()->SwapFields(&checked, &copy, {field});
    if (path == "start_time" && !checked.has_start_time()) {
      check.Wrong("incident.start_time", "is missing; say when it began");
    }
  }
  CheckIncident(checked, &check);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::PromoteCandidateRequest& request) {
  Checker check;
  check.Id("candidate_id", request.candidate_id());
  check.Needed("author", request.author(), limits::kNameBytesMax);
  if (!request.incident_id().empty()) {
    check.Id("incident_id", request.incident_id());
  }
  check.Text("title", request.title(), limits::kTitleBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::AddTimelineEntryRequest& request) {
  Checker check;
  check.Id("incident_id", request.incident_id());
  const v1::TimelineEntry& entry = request.entry();
  if (!entry.has_event_time()) {
    check.Wrong("entry.event_time", "is missing; say when it happened");
  }
  check.Time("entry.event_time", entry.event_time());
  if (!v1::EventKind_IsValid(entry.kind())) {
    check.Wrong("entry.kind",
                absl::StrCat("is ", static_cast<int>(entry.kind()),
                             "; give one of EventKind"));
  }
  check.Text("entry.service", entry.service(), limits::kNameBytesMax);
  check.Needed("entry.title", entry.title(), limits::kTitleBytesMax);
  check.Text("entry.description", entry.description(), limits::kTextBytesMax);
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("request_id", request.request_id(), limits::kRequestIdBytesMax);
  return check.found();
}

}  // namespace secondstory::incidentd
