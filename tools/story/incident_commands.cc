#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/incident_page.h"

namespace secondstory::story {
namespace {

using Incidents = v1::IncidentService::StubInterface;

constexpr int kLimitDefault = 50;
constexpr int kPageSizeMax = 500;
constexpr int kTimelinePageSizeMax = 10000;

using OnIncident = std::function<void(const v1::Incident&)>;

absl::StatusOr<bool> ReadPage(const Call& call, int64_t page_size,
                              v1::ListIncidentsRequest* request,
                              const OnIncident& on_incident) {
  request->set_page_size(static_cast<uint32_t>(page_size));
  SS_ASSIGN_OR_RETURN(const v1::ListIncidentsResponse page,
                      call.server->Call(&Incidents::ListIncidents, *request));
  for (const v1::Incident& incident : page.incidents()) on_incident(incident);
  request->set_page_token(page.next_page_token());
  return !page.next_page_token().empty();
}

absl::Status List(const Call& call) {
  v1::ListIncidentsRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  for (absl::string_view name :
       absl::StrSplit(call.arguments.Get("service"), ',', absl::SkipEmpty())) {
    request.add_services(std::string(name));
  }
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
                  return ReadPage(call, page_size, &request,
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

absl::StatusOr<std::string> ResolveIncident(const Call& call) {
  return ResolveId(call.arguments.words[0],
                   [&call](const std::string& prefix)
                       -> absl::StatusOr<std::vector<std::string>> {
                     v1::ListIncidentsRequest request;
                     std::vector<std::string> ids;
                     for (bool more = true; more;) {
                       SS_ASSIGN_OR_RETURN(
                           more, ReadPage(call, kPageSizeMax, &request,
                                          [&](const v1::Incident& incident) {
                                            const std::string& id =
                                                incident.incident_id();
                                            if (absl::StartsWith(id, prefix)) {
                                              ids.push_back(id);
                                            }
                                          }));
                     }
                     return ids;
                   });
}

absl::Status Get(const Call& call) {
  v1::GetIncidentRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(), ResolveIncident(call));
  SS_ASSIGN_OR_RETURN(const v1::GetIncidentResponse response,
                      call.server->Call(&Incidents::GetIncident, request));
  call.out() << (call.json ? JsonLine(response.incident())
                           : IncidentPage(response.incident(), call.page));
  return absl::OkStatus();
}

absl::Status Note(const Call& call) {
  v1::AddTimelineEntryRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(), ResolveIncident(call));
  v1::TimelineEntry* const entry = request.mutable_entry();
  *entry->mutable_event_time() = FromTime(call.around.now);
  if (call.arguments.Has("at")) {
    SS_ASSIGN_OR_RETURN(
        *entry->mutable_event_time(),
        ParseWhen("at", call.arguments.Get("at"), call.around.now));
  }
  entry->set_kind(v1::EVENT_KIND_NOTE);
  if (call.arguments.Has("kind")) {
    SS_ASSIGN_OR_RETURN(const std::vector<int> kinds,
                        ParseEnums("kind", call.arguments.Get("kind"),
                                   *v1::EventKind_descriptor()));
    if (!kinds.empty()) entry->set_kind(static_cast<v1::EventKind>(kinds[0]));
  }
  entry->set_service(call.arguments.Get("service"));
  entry->set_title(call.arguments.words[1]);
  SS_ASSIGN_OR_RETURN(const v1::AddTimelineEntryResponse response,
                      call.server->Call(&Incidents::AddTimelineEntry, request));
  call.out() << (call.json ? JsonLine(response.entry())
                           : TimelinePage({response.entry()}, call.page));
  return absl::OkStatus();
}

absl::Status Timeline(const Call& call) {
  v1::GetTimelineRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(), ResolveIncident(call));
  request.set_page_size(kTimelinePageSizeMax);
  std::vector<v1::TimelineEntry> entries;
  do {
    SS_ASSIGN_OR_RETURN(const v1::GetTimelineResponse page,
                        call.server->Call(&Incidents::GetTimeline, request));
    for (const v1::TimelineEntry& entry : page.entries()) {
      if (call.json) {
        call.out() << JsonLine(entry);
      } else {
        entries.push_back(entry);
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!call.json) call.out() << TimelinePage(entries, call.page);
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
        {"state", "STATE,...", "in these states: open, mitigated, resolved"},
        LimitOption(kLimitDefault)},
       List},
      {"incidents get",
       {"ID"},
       "one incident",
       "ID may be the beginning of the id, as the list shows it.",
       {},
       Get},
      {"incidents note",
       {"ID", "TEXT"},
       "adds what somebody saw or did to an incident's timeline",
       "",
       {{"at", "TIME", "when it happened; default now"},
        {"kind", "KIND", "human_action, user_report ...; default note"},
        {"service", "NAME", "the service concerned"},
        AuthorOption()},
       Note},
      {"timeline",
       {"INCIDENT"},
       "an incident's timeline: its events, and what people added",
       "INCIDENT may be the beginning of the id.",
       {},
       Timeline},
  };
}

}  // namespace secondstory::story
