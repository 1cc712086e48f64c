#include "tools/story/incident_page.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

std::string SeverityOf(const v1::Incident& incident) {
  return incident.severity() == 0 ? "-" : absl::StrCat(incident.severity());
}

std::string TimeOrNothing(bool given, const google::protobuf::Timestamp& time) {
  return given ? absl::StrCat(DateAndTime(time), " UTC") : "";
}

// Why an event is here; for what a person added, that a person did.
std::string WhyOf(const v1::TimelineEntry& entry) {
  if (entry.has_event()) return entry.event().reason();
  return entry.author().empty() ? "" : "added by a person";
}

std::string WhatOf(const v1::TimelineEntry& entry) {
  std::string what = entry.title();
  if (entry.event().repeat_count() > 0) {
    absl::StrAppend(&what, " x ", entry.event().repeat_count() + 1);
  }
  if (!entry.description().empty()) {
    absl::StrAppend(&what, ": ", entry.description());
  }
  return what;
}

}  // namespace

std::string IncidentPage(const v1::Incident& incident,
                         const PageOptions& options) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"State", StateInWords(incident.state())},
      {"Severity", incident.severity() == 0
                       ? "not said yet"
                       : absl::StrCat(incident.severity(), " (1 is worst)")},
      {"Services", absl::StrJoin(incident.services(), ", ")},
      {"Began",
       TimeOrNothing(incident.has_start_time(), incident.start_time())},
      {"Noticed",
       TimeOrNothing(incident.has_detect_time(), incident.detect_time())},
      {"Mitigated",
       TimeOrNothing(incident.has_mitigate_time(), incident.mitigate_time())},
      {"Over",
       TimeOrNothing(incident.has_resolve_time(), incident.resolve_time())},
      {"Tags", absl::StrJoin(incident.tags(), ", ")},
      {"Candidates", absl::StrJoin(incident.candidate_ids(), ", ")},
      {"Incident", incident.incident_id()}};
  for (const v1::Link& link : incident.links()) {
    facts.emplace_back(link.title().empty() ? "Link" : OneLine(link.title()),
                       link.url());
  }
  return absl::StrCat(
      RenderParagraph(incident.title(), options.width, 0), "\n",
      RenderFacts(facts, options.width, 2),
      incident.summary().empty()
          ? ""
          : "\n" + RenderParagraph(incident.summary(), options.width, 2));
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
  Table table({{"TIME (UTC)"},
               {"KIND"},
               {"SERVICE", 0, 20},
               {"WHAT", 4},
               {"WHY IT IS HERE", 3}});
  std::string date;
  for (const v1::TimelineEntry& entry : entries) {
    if (Date(entry.event_time()) != date) {
      date = Date(entry.event_time());
      table.AddLine(date);
    }
    table.AddRow({TimeOfDay(entry.event_time()), KindInWords(entry.kind()),
                  entry.service(), WhatOf(entry), WhyOf(entry)});
  }
  return table.Render(options.width);
}

}  // namespace secondstory::story
