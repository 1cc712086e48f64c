#include "services/incidentd/story_convert.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::Timestamp;

constexpr uint32_t kFormatVersion = 1;

std::optional<absl::Time> TimeIf(bool has, const Timestamp& time) {
  return has ? std::optional<absl::Time>(ToTime(time)) : std::nullopt;
}

review::EventKind ToKind(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_ALERT_FIRED:
      return review::EventKind::kAlertFired;
    case v1::EVENT_KIND_ALERT_RESOLVED:
      return review::EventKind::kAlertResolved;
    case v1::EVENT_KIND_CHANGE_STARTED:
      return review::EventKind::kChangeStarted;
    case v1::EVENT_KIND_CHANGE_FINISHED:
      return review::EventKind::kChangeFinished;
    case v1::EVENT_KIND_CHANGE_FAILED:
      return review::EventKind::kChangeFailed;
    case v1::EVENT_KIND_CHANGE_ROLLED_BACK:
      return review::EventKind::kChangeRolledBack;
    case v1::EVENT_KIND_USER_REPORT:
      return review::EventKind::kUserReport;
    case v1::EVENT_KIND_HUMAN_ACTION:
      return review::EventKind::kHumanAction;
    default:
      return review::EventKind::kNote;
  }
}

review::Severity ToSeverity(v1::Severity severity) {
  switch (severity) {
    case v1::SEVERITY_INFO:
      return review::Severity::kInfo;
    case v1::SEVERITY_WARNING:
      return review::Severity::kWarning;
    case v1::SEVERITY_ERROR:
      return review::Severity::kError;
    case v1::SEVERITY_CRITICAL:
      return review::Severity::kCritical;
    default:
      return review::Severity::kUnspecified;
  }
}

review::ActionState ToState(v1::ActionState state) {
  switch (state) {
    case v1::ACTION_STATE_IN_PROGRESS:
      return review::ActionState::kInProgress;
    case v1::ACTION_STATE_DONE:
      return review::ActionState::kDone;
    case v1::ACTION_STATE_DROPPED:
      return review::ActionState::kDropped;
    default:
      return review::ActionState::kOpen;
  }
}

std::optional<review::TimeField> ToTimeField(absl::string_view name) {
  constexpr std::array<absl::string_view, review::kTimeFieldCount> kNames = {
      "start_time", "detect_time", "acknowledge_time", "mitigate_time",
      "resolve_time"};
  const auto it = std::find(kNames.begin(), kNames.end(), name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<review::TimeField>(it - kNames.begin());
}

template <typename Links>
std::vector<review::Link> ToLinks(const Links& links) {
  std::vector<review::Link> converted;
  for (const v1::Link& link : links) {
    converted.push_back({link.title(), link.url()});
  }
  return converted;
}

// What a line of a candidate says beyond what every line does.
void TakeLine(const v1::CandidateEvent& line, review::Entry* entry) {
  entry->is_event = true;
  entry->source = line.source();
  entry->contributed = line.contributed();
  entry->resolve_time = TimeIf(line.has_resolve_time(), line.resolve_time());
  entry->repeat_count = line.repeat_count();
  entry->last_event_time =
      TimeIf(line.has_last_event_time(), line.last_event_time());
  entry->severity = ToSeverity(line.severity());
}

void TakeEvent(const v1::Event& event, review::Entry* entry) {
  entry->known_time = absl::FromUnixMicros(KnownMicros(event));
  entry->append_time = ToTime(event.append_time());
  entry->actor = event.actor();
  entry->revision = event.change().revision();
  entry->description = event.description();
  if (entry->links.empty()) entry->links = ToLinks(event.links());
}

review::Account ToAccount(const stored::v1::AccountRecord& record) {
  const v1::Account& proto = record.account();
  review::Account account;
  account.id = proto.account_id();
  account.entry_id = proto.entry_id();
  account.role = proto.role();
  account.author = record.author();
  account.state = proto.state() == v1::ACCOUNT_STATE_DECLINED
                      ? review::AccountState::kDeclined
                      : review::AccountState::kGiven;
  account.action = proto.action();
  account.observed_effect = proto.observed_effect();
  account.expectation = proto.expectation();
  account.assumption = proto.assumption();
  account.also_known = proto.also_known();
  account.words = proto.words();
  if (proto.has_surprised()) account.surprised = proto.surprised();
  account.known_time = TimeIf(proto.has_known_time(), proto.known_time());
  account.create_time = ToTime(proto.create_time());
  return account;
}

review::Action ToAction(const v1::ActionItem& proto) {
  review::Action action;
  action.id = proto.action_id();
  action.title = proto.title();
  action.description = proto.description();
  action.owner = proto.owner();
  action.due_time = TimeIf(proto.has_due_time(), proto.due_time());
  action.state = ToState(proto.state());
  action.tracker_url = proto.tracker_url();
  action.entry_id = proto.entry_id();
  action.account_id = proto.account_id();
  return action;
}

review::Gap ToGap(const v1::Gap& proto) {
  review::Gap gap;
  gap.id = proto.gap_id();
  gap.rule = proto.rule();
  gap.entry_ids.assign(proto.entry_ids().begin(), proto.entry_ids().end());
  gap.account_ids.assign(proto.account_ids().begin(),
                         proto.account_ids().end());
  gap.text = proto.text();
  gap.question = proto.question();
  if (proto.has_answer()) {
    gap.answer = {proto.answer().text(), proto.answer().set_aside(),
                  proto.answer().author(),
                  ToTime(proto.answer().answer_time())};
  }
  return gap;
}

// ---- hiding names ---------------------------------------------------------

// Fields that hold somebody's name alone.
bool HoldsName(const google::protobuf::FieldDescriptor& field) {
  constexpr std::array<absl::string_view, 7> kNames = {
      "actor",       "author", "created_by", "decided_by",
      "facilitator", "owner",  "set_by"};
  return absl::c_linear_search(kNames, field.name()) ||
         field.full_name() == "secondstory.v1.Participant.name";
}

// Fields whose text is no prose: names in them would be an accident.
bool IsOpaque(absl::string_view name) {
  return name == "etag" || name == "url" || name == "tracker_url" ||
         name == "field" || name == "rule" || name == "source" ||
         name == "source_event_id" || absl::EndsWith(name, "_id") ||
         absl::EndsWith(name, "_ids");
}

std::string Hidden(const review::Roles& roles,
                   const google::protobuf::FieldDescriptor& field,
                   const std::string& text) {
  if (text.empty() || IsOpaque(field.name())) return text;
  if (!HoldsName(field)) return roles.Hide(text);
  const std::string label = roles.LabelOf(text);
  // Somebody whom the story does not name otherwise; of owners, a team.
  if (label == text && field.name() != "owner") return "somebody";
  return label;
}

void HideIn(const review::Roles& roles, google::protobuf::Message* message) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const int count =
        field->is_repeated() ? reflection.FieldSize(*message, field) : 0;
    if (field->cpp_type() ==
        google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        HideIn(roles, reflection.MutableMessage(message, field));
      }
      for (int i = 0; i < count; ++i) {
        HideIn(roles, reflection.MutableRepeatedMessage(message, field, i));
      }
    } else if (field->cpp_type() ==
               google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      if (!field->is_repeated()) {
        reflection.SetString(
            message, field,
            Hidden(roles, *field, reflection.GetString(*message, field)));
      }
      for (int i = 0; i < count; ++i) {
        reflection.SetRepeatedString(
            message, field, i,
            Hidden(roles, *field,
                   reflection.GetRepeatedString(*message, field, i)));
      }
    }
  }
}

}  // namespace

int64_t KnownMicros(const v1::Event& event) {
  return ToMicros(event.has_observe_time() ? event.observe_time()
                                           : event.append_time());
}

review::IncidentState ToState(v1::IncidentState state) {
  switch (state) {
    case v1::INCIDENT_STATE_MITIGATED:
      return review::IncidentState::kMitigated;
    case v1::INCIDENT_STATE_RESOLVED:
      return review::IncidentState::kResolved;
    case v1::INCIDENT_STATE_IN_REVIEW:
      return review::IncidentState::kInReview;
    case v1::INCIDENT_STATE_PUBLISHED:
      return review::IncidentState::kPublished;
    case v1::INCIDENT_STATE_CLOSED:
      return review::IncidentState::kClosed;
    case v1::INCIDENT_STATE_MERGED:
      return review::IncidentState::kMerged;
    default:
      return review::IncidentState::kOpen;
  }
}

review::IncidentKind ToKind(v1::IncidentKind kind) {
  switch (kind) {
    case v1::INCIDENT_KIND_NEAR_MISS:
      return review::IncidentKind::kNearMiss;
    case v1::INCIDENT_KIND_SUCCESS:
      return review::IncidentKind::kSuccess;
    default:
      return review::IncidentKind::kIncident;
  }
}

review::Incident ToIncident(const v1::Incident& proto) {
  review::Incident incident;
  incident.id = proto.incident_id();
  incident.title = proto.title();
  incident.summary = proto.summary();
  incident.narrative = proto.narrative();
  incident.surprise = proto.surprise();
  incident.severity = proto.severity();
  incident.severity_name = proto.severity_name();
  incident.state = ToState(proto.state());
  incident.kind = ToKind(proto.kind());
  incident.start_time = TimeIf(proto.has_start_time(), proto.start_time());
  incident.detect_time = TimeIf(proto.has_detect_time(), proto.detect_time());
  incident.acknowledge_time =
      TimeIf(proto.has_acknowledge_time(), proto.acknowledge_time());
  incident.mitigate_time =
      TimeIf(proto.has_mitigate_time(), proto.mitigate_time());
  incident.resolve_time =
      TimeIf(proto.has_resolve_time(), proto.resolve_time());
  for (const v1::TimeOrigin& origin : proto.time_origins()) {
    if (const auto field = ToTimeField(origin.field()); field.has_value()) {
      incident.time_origins.push_back(
          {*field, origin.event_id(), origin.set_by()});
    }
  }
  incident.services.assign(proto.services().begin(), proto.services().end());
  incident.tags.assign(proto.tags().begin(), proto.tags().end());
  incident.links = ToLinks(proto.links());
  incident.facilitator = proto.facilitator();
  for (const v1::Participant& participant : proto.participants()) {
    incident.participants.push_back({participant.name(), participant.role()});
  }
  incident.review_due_time =
      TimeIf(proto.has_review_due_time(), proto.review_due_time());
  incident.publish_time =
      TimeIf(proto.has_publish_time(), proto.publish_time());
  incident.publish_word = proto.publish_word();
  incident.annotations.insert(proto.annotations().begin(),
                              proto.annotations().end());
  return incident;
}

review::Entry ToEntry(const v1::TimelineEntry& proto, const v1::Event* event) {
  review::Entry entry;
  entry.id = proto.entry_id();
  entry.kind = ToKind(proto.kind());
  entry.event_time = ToTime(proto.event_time());
  entry.known_time =
      ToTime(proto.has_known_time() ? proto.known_time() : proto.event_time());
  entry.append_time = ToTime(proto.has_append_time() ? proto.append_time()
                                                     : proto.event_time());
  entry.service = proto.service();
  entry.title = proto.title();
  entry.description = proto.description();
  entry.author = proto.author();
  entry.links = ToLinks(proto.links());
  if (proto.has_event()) TakeLine(proto.event(), &entry);
  if (event != nullptr) TakeEvent(*event, &entry);
  return entry;
}

review::Story ToStory(const StoryParts& parts) {
  review::Story story;
  story.incident = ToIncident(parts.incident);
  for (const v1::TimelineEntry& entry : parts.entries) {
    const auto event = parts.events.find(entry.entry_id());
    story.entries.push_back(
        ToEntry(entry, event == parts.events.end() ? nullptr : &event->second));
  }
  for (const stored::v1::AccountRecord& record : parts.accounts) {
    story.accounts.push_back(ToAccount(record));
  }
  for (const v1::ActionItem& action : parts.actions) {
    story.actions.push_back(ToAction(action));
  }
  for (const v1::Gap& gap : parts.answers) {
    story.answered_gaps.push_back(ToGap(gap));
  }
  return story;
}

v1::Gap ToProto(const review::Gap& gap) {
  v1::Gap proto;
  proto.set_gap_id(gap.id);
  proto.set_rule(gap.rule);
  for (const std::string& id : gap.entry_ids) proto.add_entry_ids(id);
  for (const std::string& id : gap.account_ids) proto.add_account_ids(id);
  proto.set_text(gap.text);
  proto.set_question(gap.question);
  if (gap.answer.has_value()) {
    v1::GapAnswer* answer = proto.mutable_answer();
    answer->set_text(gap.answer->text);
    answer->set_set_aside(gap.answer->set_aside);
    answer->set_author(gap.answer->author);
    *answer->mutable_answer_time() = FromTime(gap.answer->answer_time);
  }
  return proto;
}

v1::IncidentExport ToExport(const StoryParts& parts) {
  v1::IncidentExport exported;
  exported.set_format_version(kFormatVersion);
  *exported.mutable_incident() = parts.incident;
  exported.mutable_incident()->clear_severity_name();
  for (const v1::TimelineEntry& entry : parts.entries) {
    v1::TimelineEntry* line = exported.add_entries();
    *line = entry;
    line->clear_accounts();
    // What nobody said, but follows.
    if (line->has_append_time() &&
        ToMicros(line->known_time()) == ToMicros(line->append_time())) {
      line->clear_known_time();
    }
  }
  for (const stored::v1::AccountRecord& record : parts.accounts) {
    *exported.add_accounts() = record.account();
  }
  for (const v1::ActionItem& action : parts.actions) {
    *exported.add_actions() = action;
  }
  for (const v1::Gap& gap : parts.answers) *exported.add_answers() = gap;
  for (const auto& [id, stored] : parts.events) {
    v1::Event* event = exported.add_events();
    *event = stored;
    *event->mutable_observe_time() = FromMicros(KnownMicros(stored));
    event->clear_append_time();
    event->clear_position();
  }
  for (const v1::Candidate& candidate : parts.candidates) {
    *exported.add_candidates() = candidate;
  }
  return exported;
}

void HideNames(const review::Roles& roles,
               v1::IncidentExport* incident_export) {
  HideIn(roles, incident_export);
}

}  // namespace secondstory::incidentd
