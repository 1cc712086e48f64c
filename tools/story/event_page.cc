#include "tools/story/event_page.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

// The title, else the name of the alert.
std::string TitleOf(const v1::Event& event) {
  if (!event.title().empty()) return event.title();
  const auto name = event.labels().find("alertname");
  return name == event.labels().end() ? "" : name->second;
}

std::string TimeOrNothing(bool given, const google::protobuf::Timestamp& time) {
  return given ? absl::StrCat(DateAndTime(time), " UTC") : "";
}

std::string Revisions(const v1::Change& change) {
  if (change.previous_revision().empty()) return change.revision();
  return absl::StrCat(change.revision(), ", before it ",
                      change.previous_revision());
}

std::string Labels(const v1::Event& event, int width) {
  if (event.labels().empty()) return "";
  const std::map<std::string, std::string> sorted(event.labels().begin(),
                                                  event.labels().end());
  return absl::StrCat("\nLabels\n",
                      RenderFacts({sorted.begin(), sorted.end()}, width, 2));
}

}  // namespace

std::string EventList(absl::Span<const v1::Event> events,
                      const PageOptions& options) {
  if (events.empty()) return "No events.\n";
  std::vector<Column> columns = {{"TIME (UTC)"},
                                 {"KIND"},
                                 {"SERVICE", 0, 20},
                                 {"WHAT", 1},
                                 {"SOURCE", 0, 24}};
  if (options.all) columns.push_back({"ID"});
  Table table(std::move(columns));
  std::string date;
  for (const v1::Event& event : events) {
    if (Date(event.event_time()) != date) {
      date = Date(event.event_time());
      table.AddLine(date);
    }
    table.AddRow({TimeOfDay(event.event_time()), KindInWords(event.kind()),
                  event.service(), TitleOf(event), event.source(),
                  event.event_id()});
  }
  return table.Render(options.width);
}

std::string EventLine(const v1::Event& event) {
  return absl::StrCat(DateAndTime(event.event_time()), "  ",
                      PadTo(KindInWords(event.kind()), 14), "  ",
                      PadTo(CutTo(OneLine(event.service()), 20), 20), "  ",
                      OneLine(TitleOf(event)), "\n");
}

std::string EventPage(const v1::Event& event, const PageOptions& options) {
  const std::string severity = SeverityInWords(event.severity());
  const v1::Change& change = event.change();
  std::vector<std::pair<std::string, std::string>> facts = {
      {"Kind", KindInWords(event.kind())},
      {"Severity", severity == "-" ? "" : severity},
      {"Service", event.service()},
      {"Environment", event.environment()},
      {"Happened", TimeOrNothing(true, event.event_time())},
      {"Seen", TimeOrNothing(event.has_observe_time(), event.observe_time())},
      {"Stored", TimeOrNothing(event.has_append_time(), event.append_time())},
      {"Revision", Revisions(change)},
      {"Paths", absl::StrJoin(change.paths(), ", ")},
      {"Touches", absl::StrJoin(change.services(), ", ")},
      {"Change", change.url()},
      {"Source", event.source()},
      {"Known there as", event.source_event_id()},
      {"Event", event.event_id()}};
  for (const v1::Link& link : event.links()) {
    facts.emplace_back(link.title().empty() ? "Link" : OneLine(link.title()),
                       link.url());
  }
  if (!event.actor().empty()) {
    facts.emplace_back("Actor",
                       options.all ? event.actor() : "given; --all shows who");
  }
  return absl::StrCat(
      RenderParagraph(TitleOf(event), options.width, 0), "\n",
      RenderFacts(facts, options.width, 2),
      event.description().empty()
          ? ""
          : "\n" + RenderParagraph(event.description(), options.width, 2),
      Labels(event, options.width));
}

}  // namespace secondstory::story
