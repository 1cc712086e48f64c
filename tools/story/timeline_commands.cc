#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/account_page.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/incident_fields.h"
#include "tools/story/incident_page.h"
#include "tools/story/lookup.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

// What the options say of a line; the fields that they name go into `mask`.
absl::Status SetEntryFields(const Call& call, absl::Time reference,
                            v1::TimelineEntry* entry,
                            google::protobuf::FieldMask* mask) {
  const Arguments& arguments = call.arguments;
  if (arguments.Has("title")) {
    SS_ASSIGN_OR_RETURN(*entry->mutable_title(), TextOf(call, "title"));
    mask->add_paths("title");
  }
  if (arguments.Has("description")) {
    SS_ASSIGN_OR_RETURN(*entry->mutable_description(),
                        TextOf(call, "description"));
    mask->add_paths("description");
  }
  if (arguments.Has("at")) {
    SS_ASSIGN_OR_RETURN(
        *entry->mutable_event_time(),
        ParseNear("at", arguments.Get("at"), reference, call.around.now));
    mask->add_paths("event_time");
  }
  if (arguments.Has("known")) {
    SS_ASSIGN_OR_RETURN(
        *entry->mutable_known_time(),
        ParseNear("known", arguments.Get("known"), reference, call.around.now));
    mask->add_paths("known_time");
  }
  if (arguments.Has("kind")) {
    SS_ASSIGN_OR_RETURN(
        const std::vector<int> kinds,
        ParseEnums("kind", arguments.Get("kind"), *v1::EventKind_descriptor()));
    entry->set_kind(kinds.empty() ? v1::EVENT_KIND_NOTE
                                  : static_cast<v1::EventKind>(kinds.back()));
    mask->add_paths("kind");
  }
  if (arguments.Has("service")) {
    entry->set_service(arguments.Get("service"));
    mask->add_paths("service");
  }
  if (arguments.Has("link")) {
    entry->clear_links();
    for (const std::string& text : arguments.GetAll("link")) {
      if (text.empty()) continue;
      SS_ASSIGN_OR_RETURN(*entry->add_links(), ParseLink("link", text));
    }
    mask->add_paths("links");
  }
  return absl::OkStatus();
}

std::vector<Option> EntryFieldOptions() {
  return {{"at", "TIME", "when it happened: 11:30, or a whole time"},
          {"known", "TIME", "when people first knew of it"},
          {"kind", "KIND",
           "human_action, user_report, change_finished ...; default note"},
          {"service", "NAME", "the service concerned"},
          {"description", "TEXT", "more than a line"},
          {"link", "[TITLE=]URL", "an image or a graph; may be repeated"}};
}

void Show(const Call& call, const v1::TimelineEntry& entry) {
  call.out() << (call.json ? JsonLine(entry)
                           : TimelinePage({entry}, call.page));
}

absl::Status Note(const Call& call) {
  v1::AddTimelineEntryRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  request.set_incident_id(incident.incident_id());
  v1::TimelineEntry* const entry = request.mutable_entry();
  *entry->mutable_event_time() = FromTime(call.around.now);
  entry->set_kind(v1::EVENT_KIND_NOTE);
  google::protobuf::FieldMask ignored;
  SS_RETURN_IF_ERROR(
      SetEntryFields(call, ToTime(incident.start_time()), entry, &ignored));
  entry->set_title(call.arguments.words[1]);
  request.set_request_id(call.arguments.Get("request-id"));
  SS_ASSIGN_OR_RETURN(
      const v1::AddTimelineEntryResponse response,
      call.server->Call(&IncidentCalls::AddTimelineEntry, request));
  Show(call, response.entry());
  return absl::OkStatus();
}

// A change of the line that the second word begins.
absl::StatusOr<v1::UpdateTimelineEntryRequest> ChangeOfEntry(
    const Call& call, const v1::Incident& incident) {
  v1::UpdateTimelineEntryRequest request;
  SS_ASSIGN_OR_RETURN(*request.mutable_author(), AuthorOf(call));
  request.set_incident_id(incident.incident_id());
  SS_ASSIGN_OR_RETURN(
      *request.mutable_entry(),
      ReadEntry(call, incident.incident_id(), call.arguments.words[1]));
  if (request.entry().has_event()) {
    return absl::InvalidArgumentError(absl::StrCat(
        ShortId(request.entry().entry_id()),
        " is an event, and events are facts; `story incidents detach` takes it "
        "off the timeline, `story incidents note` adds what is to be said"));
  }
  request.set_etag(EtagOf(call, request.entry().etag()));
  return request;
}

absl::Status Edit(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  SS_ASSIGN_OR_RETURN(v1::UpdateTimelineEntryRequest request,
                      ChangeOfEntry(call, incident));
  SS_RETURN_IF_ERROR(SetEntryFields(call, ToTime(incident.start_time()),
                                    request.mutable_entry(),
                                    request.mutable_update_mask()));
  if (request.update_mask().paths().empty()) {
    return absl::InvalidArgumentError(
        "say what to change: --title=TEXT, --at=10:05 ...; see story entries "
        "edit --help");
  }
  SS_ASSIGN_OR_RETURN(
      const v1::UpdateTimelineEntryResponse response,
      call.server->Call(&IncidentCalls::UpdateTimelineEntry, request));
  Show(call, response.entry());
  return absl::OkStatus();
}

absl::Status Remove(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  SS_ASSIGN_OR_RETURN(v1::UpdateTimelineEntryRequest request,
                      ChangeOfEntry(call, incident));
  request.set_remove(true);
  SS_ASSIGN_OR_RETURN(
      const v1::UpdateTimelineEntryResponse response,
      call.server->Call(&IncidentCalls::UpdateTimelineEntry, request));
  if (call.json) {
    Show(call, response.entry());
  } else {
    call.out() << "Removed; the history keeps what it said.\n";
  }
  return absl::OkStatus();
}

// What people told of the incident as a whole; it stands below the timeline.
absl::Status ShowAccountsOfTheWhole(const Call& call,
                                    const std::string& incident_id) {
  SS_ASSIGN_OR_RETURN(const std::vector<v1::Account> accounts,
                      ReadAccounts(call, incident_id));
  std::vector<v1::Account> whole;
  for (const v1::Account& account : accounts) {
    if (account.entry_id().empty()) whole.push_back(account);
  }
  if (!whole.empty()) {
    call.out() << "\nThe incident as a whole\n"
               << AccountColumns(whole, call.page, 12, call.page.all);
  }
  return absl::OkStatus();
}

absl::Status Timeline(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::Incident incident, ReadFirstIncident(call));
  v1::GetTimelineRequest request;
  request.set_incident_id(incident.incident_id());
  request.set_with_accounts(call.arguments.Has("accounts"));
  if (call.arguments.Has("as-known-at")) {
    SS_ASSIGN_OR_RETURN(
        *request.mutable_as_known_at(),
        ParseNear("as-known-at", call.arguments.Get("as-known-at"),
                  ToTime(incident.start_time()), call.around.now));
  }
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      ReadTimeline(call, request));
  if (call.json) {
    for (const v1::TimelineEntry& entry : entries) {
      call.out() << JsonLine(entry);
    }
    return absl::OkStatus();
  }
  if (request.has_as_known_at()) {
    call.out() << "As it could be known at "
               << DateAndTime(request.as_known_at()) << " UTC\n\n";
  }
  call.out() << (entries.empty() && request.has_as_known_at()
                     ? "Nothing was known yet.\n"
                     : TimelinePage(entries, call.page));
  // An account of the whole is told with hindsight.
  if (request.with_accounts() && !request.has_as_known_at()) {
    return ShowAccountsOfTheWhole(call, incident.incident_id());
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> TimelineCommands() {
  return {
      {"timeline",
       {"INCIDENT"},
       "an incident's timeline: its events, and what people added",
       "INCIDENT may be the beginning of the id. --all shows the ids of the "
       "lines.",
       {{"as-known-at", "TIME",
         "as it could be known at this time, without hindsight: 11:30"},
        {"accounts", "", "with what people told of each line"}},
       Timeline},
      {"incidents note",
       {"ID", "TEXT"},
       "adds what somebody saw or did to an incident's timeline",
       absl::StrCat("It happened now unless --at says when.\n", kTextHelp),
       With(EntryFieldOptions(), {RequestIdOption(), AuthorOption()}),
       Note},
      {"entries edit",
       {"INCIDENT", "LINE"},
       "changes a line that a person added",
       absl::StrCat("LINE is the beginning of its id: `story timeline INCIDENT "
                    "--all`.\n",
                    kTextHelp),
       With({{"title", "TEXT", "what happened, in one line"}},
            With(EntryFieldOptions(), {EtagOption(), AuthorOption()})),
       Edit},
      {"entries remove",
       {"INCIDENT", "LINE"},
       "takes a line that a person added off the timeline",
       "Events are facts; `story incidents detach` takes those off.",
       {EtagOption(), AuthorOption()},
       Remove},
  };
}

}  // namespace secondstory::story
