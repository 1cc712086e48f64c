#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/incident_fields.h"
#include "tools/story/incident_page.h"
#include "tools/story/lookup.h"
#include "tools/story/review_page.h"
#include "tools/story/table.h"

namespace secondstory::story {
namespace {

constexpr int kLimitDefault = 50;
constexpr int kPageSizeMax = 500;
constexpr int kHistoryPageSizeMax = 1000;

void Show(const Call& call, const v1::Incident& incident) {
  call.out() << (call.json ? JsonLine(incident)
                           : IncidentPage(incident, call.page));
}

absl::Status List(const Call& call) {
  v1::ListIncidentsRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  for (absl::string_view name :
       absl::StrSplit(call.arguments.Get("service"), ',', absl::SkipEmpty())) {
    request.add_services(std::string(name));
  }
  for (absl::string_view tag :
       absl::StrSplit(call.arguments.Get("tag"), ',', absl::SkipEmpty())) {
    request.add_tags(std::string(tag));
  }
  request.set_with_deleted(call.arguments.Has("deleted"));
  SS_ASSIGN_OR_RETURN(const std::vector<int> states,
                      ParseEnums("state", call.arguments.Get("state"),
                                 *v1::IncidentState_descriptor()));
  for (const int state : states) {
    request.add_states(static_cast<v1::IncidentState>(state));
  }
  std::vector<v1::Incident> incidents;
  SS_RETURN_IF_ERROR(
      ReadPages(call, kLimitDefault, kPageSizeMax,
                [&](int64_t page_size, int64_t* count) -> absl::StatusOr<bool> {
                  return ReadIncidentPage(call, page_size, &request,
                                          [&](const v1::Incident& incident) {
                                            ++*count;
                                            if (call.json) {
                                              call.out() << JsonLine(incident);
                                            } else {
                                              incidents.push_back(incident);
                                            }
                                          });
                }));
  if (!call.json) call.out() << IncidentList(incidents, call.page);
  return absl::OkStatus();
}

absl::Status Get(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  Show(call, incident);
  return absl::OkStatus();
}

absl::Status Create(const Call& call) {
  v1::CreateIncidentRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  v1::Incident* const incident = request.mutable_incident();
  google::protobuf::FieldMask ignored;
  SS_RETURN_IF_ERROR(SetIncidentFields(call, incident, &ignored));
  incident->set_title(call.arguments.words[0]);
  if (!incident->has_start_time()) {
    *incident->mutable_start_time() = FromTime(call.around.now);
  }
  request.set_request_id(call.arguments.Get("request-id"));
  SS_ASSIGN_OR_RETURN(
      const v1::CreateIncidentResponse response,
      call.server->Call(&IncidentCalls::CreateIncident, request));
  Show(call, response.incident());
  return absl::OkStatus();
}

absl::Status Update(const Call& call, const v1::Incident& incident,
                    const google::protobuf::FieldMask& mask) {
  v1::UpdateIncidentRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  *request.mutable_incident() = incident;
  *request.mutable_update_mask() = mask;
  request.set_etag(EtagOf(call, incident.etag()));
  SS_ASSIGN_OR_RETURN(
      const v1::UpdateIncidentResponse response,
      call.server->Call(&IncidentCalls::UpdateIncident, request));
  Show(call, response.incident());
  return absl::OkStatus();
}

absl::Status Edit(const Call& call) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident, ReadFirstIncident(call));
  google::protobuf::FieldMask mask;
  SS_RETURN_IF_ERROR(SetIncidentFields(call, &incident, &mask));
  if (mask.paths().empty()) {
    return absl::InvalidArgumentError(
        "say what to change: --title=TEXT, --severity=2, --detect=10:05 ...; "
        "see story incidents edit --help");
  }
  return Update(call, incident, mask);
}

absl::Status State(const Call& call) {
  SS_ASSIGN_OR_RETURN(const std::vector<int> states,
                      ParseEnums("state", call.arguments.words[1],
                                 *v1::IncidentState_descriptor()));
  SS_ASSIGN_OR_RETURN(v1::Incident incident, ReadFirstIncident(call));
  google::protobuf::FieldMask mask;
  incident.set_state(states.empty()
                         ? v1::INCIDENT_STATE_UNSPECIFIED
                         : static_cast<v1::IncidentState>(states.back()));
  mask.add_paths("state");
  google::protobuf::Timestamp when = FromTime(call.around.now);
  const bool given = call.arguments.Has("at");
  if (given) {
    SS_ASSIGN_OR_RETURN(
        when, ParseNear("at", call.arguments.Get("at"),
                        ToTime(incident.start_time()), call.around.now));
  }
  // A time that somebody said before stays unless another is given.
  if (incident.state() == v1::INCIDENT_STATE_MITIGATED &&
      (given || !incident.has_mitigate_time())) {
    *incident.mutable_mitigate_time() = when;
    mask.add_paths("mitigate_time");
  } else if (incident.state() == v1::INCIDENT_STATE_RESOLVED &&
             (given || !incident.has_resolve_time())) {
    *incident.mutable_resolve_time() = when;
    mask.add_paths("resolve_time");
  } else if (given) {
    return absl::InvalidArgumentError(
        "--at: only mitigated and resolved have a time");
  }
  return Update(call, incident, mask);
}

absl::Status Participants(const Call& call) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident, ReadFirstIncident(call));
  auto* const people = incident.mutable_participants();
  const auto find = [people](absl::string_view name) {
    return std::find_if(people->begin(), people->end(),
                        [name](const v1::Participant& participant) {
                          return participant.name() == name;
                        });
  };
  for (const std::string& name : call.arguments.GetAll("remove")) {
    const auto found = find(name);
    if (found == people->end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--remove: \"", name, "\" is no participant"));
    }
    people->erase(found);
  }
  for (const std::string& text : call.arguments.GetAll("add")) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(text, absl::MaxSplits('=', 1));
    const absl::string_view name = absl::StripAsciiWhitespace(parts.first);
    const auto found = find(name);
    v1::Participant* const participant =
        found == people->end() ? people->Add() : &*found;
    participant->set_name(std::string(name));
    participant->set_role(
        std::string(absl::StripAsciiWhitespace(parts.second)));
  }
  if (call.arguments.Has("add") || call.arguments.Has("remove")) {
    v1::UpdateIncidentRequest request;
    SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
    *request.mutable_incident() = incident;
    request.mutable_update_mask()->add_paths("participants");
    request.set_etag(EtagOf(call, incident.etag()));
    SS_ASSIGN_OR_RETURN(
        const v1::UpdateIncidentResponse response,
        call.server->Call(&IncidentCalls::UpdateIncident, request));
    incident = response.incident();
  }
  if (call.json) {
    for (const v1::Participant& participant : incident.participants()) {
      call.out() << JsonLine(participant);
    }
    return absl::OkStatus();
  }
  call.out() << ParticipantList(incident, call.page);
  return absl::OkStatus();
}

// Delete, restore, merge, attach and detach differ in their messages only:
// the request is filled by `fill` beside what all of them have.
template <typename Request, typename Response>
absl::Status Change(const Call& call,
                    grpc::Status (IncidentCalls::*method)(grpc::ClientContext*,
                                                          const Request&,
                                                          Response*),
                    const std::function<absl::Status(Request*)>& fill) {
  Request request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  request.set_incident_id(incident.incident_id());
  request.set_etag(EtagOf(call, incident.etag()));
  SS_RETURN_IF_ERROR(fill(&request));
  SS_ASSIGN_OR_RETURN(const Response response,
                      call.server->Call(method, request));
  Show(call, response.incident());
  return absl::OkStatus();
}

absl::Status Delete(const Call& call) {
  return Change<v1::DeleteIncidentRequest, v1::DeleteIncidentResponse>(
      call, &IncidentCalls::DeleteIncident,
      [&call](v1::DeleteIncidentRequest* request) -> absl::Status {
        SS_ASSIGN_OR_RETURN(*request->mutable_reason(), TextOf(call, "reason"));
        return absl::OkStatus();
      });
}

absl::Status Restore(const Call& call) {
  return Change<v1::RestoreIncidentRequest, v1::RestoreIncidentResponse>(
      call, &IncidentCalls::RestoreIncident,
      [](v1::RestoreIncidentRequest*) { return absl::OkStatus(); });
}

absl::Status Merge(const Call& call) {
  return Change<v1::MergeIncidentsRequest, v1::MergeIncidentsResponse>(
      call, &IncidentCalls::MergeIncidents,
      [&call](v1::MergeIncidentsRequest* request) -> absl::Status {
        SS_ASSIGN_OR_RETURN(*request->mutable_source_incident_id(),
                            ResolveIncident(call, call.arguments.words[1]));
        SS_ASSIGN_OR_RETURN(*request->mutable_reason(), TextOf(call, "reason"));
        return absl::OkStatus();
      });
}

std::vector<std::string> WordsAfterFirst(const Call& call) {
  return {call.arguments.words.begin() + 1, call.arguments.words.end()};
}

absl::Status Attach(const Call& call) {
  return Change<v1::AttachEventsRequest, v1::AttachEventsResponse>(
      call, &IncidentCalls::AttachEvents,
      [&call](v1::AttachEventsRequest* request) {
        for (const std::string& id : WordsAfterFirst(call)) {
          request->add_event_ids(id);
        }
        return absl::OkStatus();
      });
}

// The ids of the lines that the words after the first begin.
absl::StatusOr<std::vector<std::string>> EntryIds(
    const Call& call, const std::string& incident_id) {
  std::vector<std::string> ids;
  for (const std::string& text : WordsAfterFirst(call)) {
    SS_ASSIGN_OR_RETURN(const v1::TimelineEntry entry,
                        ReadEntry(call, incident_id, text));
    ids.push_back(entry.entry_id());
  }
  return ids;
}

absl::Status Detach(const Call& call) {
  return Change<v1::DetachEventsRequest, v1::DetachEventsResponse>(
      call, &IncidentCalls::DetachEvents,
      [&call](v1::DetachEventsRequest* request) -> absl::Status {
        SS_ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                            EntryIds(call, request->incident_id()));
        *request->mutable_event_ids() = {ids.begin(), ids.end()};
        return absl::OkStatus();
      });
}

absl::Status Split(const Call& call) {
  v1::SplitIncidentRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  request.set_incident_id(incident.incident_id());
  request.set_etag(EtagOf(call, incident.etag()));
  SS_ASSIGN_OR_RETURN(const std::vector<std::string> ids,
                      EntryIds(call, incident.incident_id()));
  *request.mutable_entry_ids() = {ids.begin(), ids.end()};
  request.set_title(call.arguments.Get("title"));
  request.set_request_id(call.arguments.Get("request-id"));
  SS_ASSIGN_OR_RETURN(*request.mutable_reason(), TextOf(call, "reason"));
  SS_ASSIGN_OR_RETURN(
      const v1::SplitIncidentResponse response,
      call.server->Call(&IncidentCalls::SplitIncident, request));
  Show(call, response.new_incident());
  return absl::OkStatus();
}

absl::Status History(const Call& call) {
  v1::GetIncidentHistoryRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, call.arguments.words[0]));
  request.set_page_size(kHistoryPageSizeMax);
  std::vector<v1::HistoryEntry> changes;
  do {
    SS_ASSIGN_OR_RETURN(
        const v1::GetIncidentHistoryResponse page,
        call.server->Call(&IncidentCalls::GetIncidentHistory, request));
    for (const v1::HistoryEntry& change : page.changes()) {
      if (call.json) {
        call.out() << JsonLine(change);
      } else {
        changes.push_back(change);
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!call.json) call.out() << HistoryPage(changes, call.page);
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> IncidentCommands() {
  return {
      {"incidents list",
       {},
       "incidents, the latest start first",
       "",
       {SinceOption(),
        UntilOption(),
        ServiceOption(),
        {"tag", "TAG,...", "with one of these tags"},
        {"state", "STATE,...",
         "in these states: open, mitigated, resolved, in_review, published, "
         "closed, merged; default all but merged"},
        {"deleted", "", "also those that were deleted"},
        LimitOption(kLimitDefault)},
       List},
      {"incidents get",
       {"ID"},
       "one incident",
       "ID may be the beginning of the id, as the list shows it.",
       {},
       Get},
      {"incidents create",
       {"TITLE"},
       "an incident that no machine saw first",
       absl::StrCat("It began now unless --start says when.\n", kTextHelp),
       With(IncidentFieldOptions(), {RequestIdOption(), AuthorOption()}),
       Create},
      {"incidents edit",
       {"ID"},
       "changes what is said of an incident",
       absl::StrCat("Only what is named changes; an empty value clears it: "
                    "--detect=\n",
                    kTextHelp),
       With(IncidentFieldOptions(), {EtagOption(), AuthorOption()}),
       Edit},
      {"incidents state",
       {"ID", "STATE"},
       "moves it: open, mitigated or resolved",
       "What comes after resolved is the review: story review --help",
       {{"at", "TIME",
         "when it was mitigated or resolved; default now, unless that was said "
         "before"},
        EtagOption(),
        AuthorOption()},
       State},
      {"incidents participants",
       {"ID"},
       "who was there, and as what",
       "Reports and pages show the role; only this shows names.",
       {{"add", "NAME[=ROLE]",
         "also this one, or under this role: ana=\"on-call, payments\"; may be "
         "repeated"},
        {"remove", "NAME", "not this one; may be repeated"},
        EtagOption(),
        AuthorOption()},
       Participants},
      {"incidents attach",
       {"ID", "EVENT..."},
       "puts stored events on its timeline",
       "The whole ids of the events: `story events list --json` has them.",
       {EtagOption(), AuthorOption()},
       Attach},
      {"incidents detach",
       {"ID", "EVENT..."},
       "takes events off its timeline; they stay stored",
       "The beginnings of the ids will do: `story timeline ID --all`.",
       {EtagOption(), AuthorOption()},
       Detach},
      {"incidents merge",
       {"ID", "OTHER"},
       "makes one of two: ID goes on with what OTHER has",
       "OTHER stays readable as it was.",
       {ReasonOption(), EtagOption(), AuthorOption()},
       Merge},
      {"incidents split",
       {"ID", "LINE..."},
       "makes a new incident of some of its lines",
       "The beginnings of the ids will do: `story timeline ID --all`. Accounts "
       "go with\ntheir lines.",
       {{"title", "TEXT", "the new incident's title; needed"},
        ReasonOption(),
        RequestIdOption(),
        EtagOption(),
        AuthorOption()},
       Split},
      {"incidents delete",
       {"ID"},
       "hides it from lists; restore brings it back",
       "",
       {ReasonOption(), EtagOption(), AuthorOption()},
       Delete},
      {"incidents restore",
       {"ID"},
       "undoes delete",
       "",
       {EtagOption(), AuthorOption()},
       Restore},
      {"incidents history",
       {"ID"},
       "everything that ever became of it, with its differences",
       "",
       {},
       History},
  };
}

}  // namespace secondstory::story
