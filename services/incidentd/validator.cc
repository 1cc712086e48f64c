#include "services/incidentd/validator.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"
#include "services/incidentd/checker.h"

namespace secondstory::incidentd {
namespace {

using storage::EventView;

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
    if (candidate.merged_into_candidate_id() == candidate.candidate_id()) {
      check.Wrong("candidate.merged_into_candidate_id",
                  absl::StrCat("is ", candidate.candidate_id(),
                               ", the candidate itself; name the one that "
                               "goes on"));
    }
  }
  check.Needed("candidate.title", candidate.title(), limits::kTitleBytesMax);
  if (!candidate.has_onset_time()) {
    check.Wrong("candidate.onset_time",
                "is missing; give the time of the first symptom");
  }
  check.Time("candidate.onset_time", candidate.onset_time());
  check.Time("candidate.last_activity_time", candidate.last_activity_time());
  CheckScore("candidate.no_change_score", candidate.no_change_score(), &check);
  check.Text("candidate.learning", candidate.learning(),
             limits::kTitleBytesMax);
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

bool IsChange(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_CHANGE_STARTED ||
         kind == v1::EVENT_KIND_CHANGE_FINISHED ||
         kind == v1::EVENT_KIND_CHANGE_FAILED ||
         kind == v1::EVENT_KIND_CHANGE_ROLLED_BACK;
}

std::vector<FieldViolation> Check(const v1::SplitCandidateRequest& request) {
  Checker check;
  check.Id("candidate_id", request.candidate_id());
  if (request.event_ids().empty()) {
    check.Wrong("event_ids",
                "is empty; name the alerts and reports to take out");
  }
  check.Count("event_ids", request.event_ids_size(),
              limits::kSplitEventCountMax);
  for (int i = 0; i < request.event_ids_size(); ++i) {
    check.Id(absl::StrCat("event_ids[", i, "]"), request.event_ids(i));
  }
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("reason", request.reason(), limits::kReasonBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::MergeCandidatesRequest& request) {
  Checker check;
  check.Id("candidate_id", request.candidate_id());
  if (request.other_candidate_ids().empty()) {
    check.Wrong("other_candidate_ids",
                "is empty; name the candidates that belong with it");
  }
  check.Count("other_candidate_ids", request.other_candidate_ids_size(),
              limits::kMergedCandidateCountMax);
  for (int i = 0; i < request.other_candidate_ids_size(); ++i) {
    const std::string field = absl::StrCat("other_candidate_ids[", i, "]");
    check.Id(field, request.other_candidate_ids(i));
    if (request.other_candidate_ids(i) == request.candidate_id()) {
      check.Wrong(field, absl::StrCat("is ", request.candidate_id(),
                                      ", candidate_id itself; name others"));
    }
  }
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Text("reason", request.reason(), limits::kReasonBytesMax);
  return check.found();
}

std::vector<FieldViolation> Check(const v1::ConfirmChangesRequest& request) {
  Checker check;
  check.Id("candidate_id", request.candidate_id());
  check.Needed("author", request.author(), limits::kNameBytesMax);
  check.Count("contributing_event_ids", request.contributing_event_ids_size(),
              limits::kFilterValueCountMax);
  for (int i = 0; i < request.contributing_event_ids_size(); ++i) {
    check.Id(absl::StrCat("contributing_event_ids[", i, "]"),
             request.contributing_event_ids(i));
  }
  if (request.none_contributed() == !request.contributing_event_ids().empty()) {
    check.Wrong("contributing_event_ids",
                request.none_contributed()
                    ? "must be empty when none_contributed is set"
                    : "name the changes that contributed, or set "
                      "none_contributed");
  }
  return check.found();
}

}  // namespace secondstory::incidentd
