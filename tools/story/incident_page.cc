#include "tools/story/incident_page.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/proto_time.h"
#include "tools/story/account_page.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

std::string SeverityOf(const v1::Incident& incident) {
  return incident.severity() == 0 ? "-" : absl::StrCat(incident.severity());
}

// A time, and where it comes from.
std::string TimeText(const v1::Incident& incident, const char* field,
                     bool given, const google::protobuf::Timestamp& time) {
  if (!given) return "";
  std::string text = absl::StrCat(DateAndTime(time), " UTC");
  for (const v1::TimeOrigin& origin : incident.time_origins()) {
    if (origin.field() != field) continue;
    if (!origin.event_id().empty()) {
      absl::StrAppend(&text, ", by event ", ShortId(origin.event_id()));
    } else if (!origin.set_by().empty()) {
      absl::StrAppend(&text, ", said by ", origin.set_by());
    }
  }
  return text;
}

std::string SeverityText(const v1::Incident& incident) {
  if (incident.severity() == 0) return "not said yet";
  return absl::StrCat(incident.severity(),
                      incident.severity_name().empty()
                          ? ""
                          : absl::StrCat(", ", incident.severity_name()),
                      " (1 is worst)");
}

std::string StateText(const v1::Incident& incident) {
  std::string text = StateInWords(incident.state());
  if (incident.has_delete_time()) {
    absl::StrAppend(&text, "; deleted ", DateAndTime(incident.delete_time()),
                    " UTC");
  }
  return text;
}

// People by role; `incidents participants` has their names.
std::string PeopleText(const v1::Incident& incident) {
  std::vector<std::string> roles;
  for (const v1::Participant& participant : incident.participants()) {
    roles.push_back(participant.role().empty() ? "a participant"
                                               : participant.role());
  }
  return absl::StrJoin(roles, "; ");
}

std::string DueText(const v1::Incident& incident, const PageOptions& options) {
  if (!incident.has_review_due_time() || incident.has_publish_time()) return "";
  std::string due = Date(incident.review_due_time());
  if (!options.now.has_value()) return due;
  const absl::Duration ahead =
      ToTime(incident.review_due_time()) - *options.now;
  return absl::StrCat(due,
                      ahead < absl::ZeroDuration() ? ", overdue for " : ", in ",
                      InWords(absl::AbsDuration(ahead)));
}

// A text under its heading, line for line.
std::string Section(const char* heading, const std::string& text,
                    const PageOptions& options) {
  if (text.empty()) return "";
  return absl::StrCat("\n", heading, heading[0] == '\0' ? "" : "\n",
                      RenderText(text, options.width, 2));
}

// Why an event is here; for what a person added, that a person did.
std::string WhyOf(const v1::TimelineEntry& entry) {
  if (entry.has_event()) return WhyInWords(entry.event());
  return entry.author().empty() ? "" : "added by a person";
}

std::string WhatOf(const v1::TimelineEntry& entry) {
  std::string what = entry.title();
  const v1::CandidateEvent& event = entry.event();
  if (event.repeat_count() > 0) {
    absl::StrAppend(&what, " x ", event.repeat_count() + 1);
  }
  if (event.has_resolve_time()) {
    absl::StrAppend(&what, " (resolved at ",
                    TimeBeside(event.resolve_time(), entry.event_time()), ")");
  } else if (entry.kind() == v1::EVENT_KIND_ALERT_FIRED) {
    absl::StrAppend(&what, " (not known to have resolved)");
  }
  if (!entry.description().empty()) {
    absl::StrAppend(&what, ": ", entry.description());
  }
  return what;
}

}  // namespace

std::string IncidentPage(const v1::Incident& incident,
                         const PageOptions& options) {
  const auto time = [&incident](const char* field, bool given,
                                const google::protobuf::Timestamp& when) {
    return TimeText(incident, field, given, when);
  };
  std::vector<std::pair<std::string, std::string>> facts = {
      {"State", StateText(incident)},
      {"Kind", incident.kind() <= v1::INCIDENT_KIND_INCIDENT
                   ? ""
                   : KindInWords(incident.kind())},
      {"Severity", SeverityText(incident)},
      {"Services", absl::StrJoin(incident.services(), ", ")},
      {"Began",
       time("start_time", incident.has_start_time(), incident.start_time())},
      {"Noticed",
       time("detect_time", incident.has_detect_time(), incident.detect_time())},
      {"Taken on", time("acknowledge_time", incident.has_acknowledge_time(),
                        incident.acknowledge_time())},
      {"Mitigated", time("mitigate_time", incident.has_mitigate_time(),
                         incident.mitigate_time())},
      {"Over", time("resolve_time", incident.has_resolve_time(),
                    incident.resolve_time())},
      {"People", PeopleText(incident)},
      {"Facilitator", incident.facilitator()},
      {"Review due", DueText(incident, options)},
      {"Published", incident.has_publish_time()
                        ? DateAndTime(incident.publish_time()) + " UTC"
                        : ""},
      {"Left, and why", incident.publish_word()},
      {"Tags", absl::StrJoin(incident.tags(), ", ")},
      {"Candidates", absl::StrJoin(incident.candidate_ids(), ", ")},
      {"Merged into", incident.merged_into_incident_id()},
      {"Took in", absl::StrJoin(incident.merged_incident_ids(), ", ")},
      {"Split from", incident.split_from_incident_id()}};
  const std::map<std::string, std::string> annotations(
      incident.annotations().begin(), incident.annotations().end());
  for (const auto& [key, value] : annotations) {
    if (options.all) facts.emplace_back(OneLine(key), value);
  }
  facts.emplace_back("Incident", incident.incident_id());
  for (const v1::Link& link : incident.links()) {
    facts.emplace_back(link.title().empty() ? "Link" : OneLine(link.title()),
                       link.url());
  }
  return absl::StrCat(
      RenderParagraph(incident.title(), options.width, 0), "\n",
      RenderFacts(facts, options.width, 2),
      Section("", incident.summary(), options),
      Section("What happened", incident.narrative(), options),
      Section("What surprised people", incident.surprise(), options));
}

std::string ParticipantList(const v1::Incident& incident,
                            const PageOptions& options) {
  if (incident.participants().empty()) return "No participants yet.\n";
  Table table({{"NAME"}, {"ROLE", 1}});
  for (const v1::Participant& participant : incident.participants()) {
    table.AddRow({participant.name(), participant.role().empty()
                                          ? "a participant"
                                          : participant.role()});
  }
  return table.Render(options.width);
}

std::string IncidentList(absl::Span<const v1::Incident> incidents,
                         const PageOptions& options) {
  if (incidents.empty()) return "No incidents.\n";
  Table table({{"BEGAN (UTC)"},
               {"STATE"},
               {"SEV"},
               {"SERVICES", 0, 24},
               {"WHAT", 1},
               {"ID"}});
  for (const v1::Incident& incident : incidents) {
    table.AddRow({DateAndTime(incident.start_time()),
                  StateInWords(incident.state()), SeverityOf(incident),
                  absl::StrJoin(incident.services(), ", "), incident.title(),
                  ShortId(incident.incident_id())});
  }
  return table.Render(options.width);
}

std::string IncidentLine(const v1::Incident& incident) {
  return absl::StrCat(DateAndTime(incident.update_time()), "  ",
                      PadTo(StateInWords(incident.state()), 9), "  ",
                      ShortId(incident.incident_id()), "  ",
                      OneLine(incident.title()), "\n");
}

std::string TimelinePage(absl::Span<const v1::TimelineEntry> entries,
                         const PageOptions& options) {
  if (entries.empty()) return "Nothing on the timeline yet.\n";
  std::vector<Column> columns = {{"TIME (UTC)"},
                                 {"KIND"},
                                 {"SERVICE", 0, 20},
                                 {"WHAT", 4},
                                 {"WHY IT IS HERE", 3}};
  if (options.all) columns.push_back({"ID"});
  Table table(columns);
  std::string date;
  for (const v1::TimelineEntry& entry : entries) {
    if (Date(entry.event_time()) != date) {
      date = Date(entry.event_time());
      table.AddLine(date);
    }
    std::vector<std::string> cells = {
        TimeOfDay(entry.event_time()),
        KindInWords(entry.kind(), entry.event().severity()), entry.service(),
        WhatOf(entry), WhyOf(entry)};
    if (options.all) cells.push_back(ShortId(entry.entry_id()));
    table.AddRow(std::move(cells));
    if (entry.accounts().empty()) continue;
    const std::vector<v1::Account> accounts(entry.accounts().begin(),
                                            entry.accounts().end());
    table.AddBlock(AccountColumns(accounts, options, 12, options.all));
  }
  return table.Render(options.width);
}

std::string LineList(absl::Span<const v1::TimelineEntry> entries,
                     const PageOptions& options) {
  if (entries.empty()) return "Nothing on the timeline yet.\n";
  Table table({{"TIME (UTC)"}, {"SERVICE", 0, 20}, {"WHAT", 1}, {"ID"}});
  for (const v1::TimelineEntry& entry : entries) {
    table.AddRow({DateAndTime(entry.event_time()), entry.service(),
                  entry.title(), ShortId(entry.entry_id())});
  }
  return table.Render(options.width);
}

}  // namespace secondstory::story
