#include "tools/story/learning_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/proto_time.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

constexpr int kRankWidth = 4;
constexpr int kGap = 2;
// As many tellings of a theme as tell what it is about.
constexpr int kTellingsShown = 3;
constexpr int kThemesShown = 10;
constexpr int kServicesShown = 10;

constexpr const char* kBins[] = {"<1 min", "<5 min", "<15 min", "<1 h",
                                 "<4 h",   "<1 d",   "longer"};
constexpr int kBinCount = 7;

const char* KindOf(const v1::SearchResult& result) {
  switch (result.kind()) {
    case v1::SEARCH_KIND_ENTRY:
      return "line";
    case v1::SEARCH_KIND_ACCOUNT:
      return "account";
    case v1::SEARCH_KIND_ACTION:
      return "action";
    default:
      return "incident";
  }
}

// The snippet with brackets around what was found.
std::string Marked(const v1::SearchResult& result) {
  const std::string& snippet = result.snippet();
  std::string marked;
  size_t at = 0;
  for (int i = 0; i + 1 < result.highlights_size(); i += 2) {
    const size_t start = result.highlights(i), end = result.highlights(i + 1);
    if (start < at || end < start || end > snippet.size()) break;
    absl::StrAppend(&marked, snippet.substr(at, start - at), "[",
                    snippet.substr(start, end - start), "]");
    at = end;
  }
  return marked + snippet.substr(at);
}

// "2018-04-18  Launches fail                               4f2a00000000".
std::string Head(const std::string& lead, const std::string& title,
                 const std::string& tail, int width) {
  const int room =
      std::max(width - DisplayWidth(lead) - DisplayWidth(tail) - kGap, 20);
  return absl::StrCat(lead, PadTo(CutTo(OneLine(title), room), room),
                      std::string(kGap, ' '), tail, "\n");
}

std::string Times(int count, const char* one, const char* many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

std::string Themes(
    const char* heading,
    const google::protobuf::RepeatedPtrField<v1::RecurringTheme>& themes,
    const PageOptions& options) {
  if (themes.empty()) return "";
  std::string text = absl::StrCat("\n", heading, "\n");
  const int shown =
      options.all ? themes.size() : std::min(themes.size(), kThemesShown);
  for (int i = 0; i < shown; ++i) {
    const v1::RecurringTheme& theme = themes[i];
    std::string line =
        absl::StrCat(theme.words(), ", in ",
                     Times(theme.incident_count(), "incident", "incidents"));
    if (!theme.service().empty()) {
      absl::StrAppend(&line, ", about ", theme.service());
    }
    absl::StrAppend(&text, RenderParagraph(line, options.width, 2));
    int told = 0;
    for (const v1::Account& account : theme.accounts()) {
      if (!options.all && told++ == kTellingsShown) break;
      const std::string& words = !account.assumption().empty()
                                     ? account.assumption()
                                     : account.observed_effect();
      absl::StrAppend(
          &text, RenderParagraph(
                     absl::StrCat(account.role(), ": ",
                                  words.empty() ? account.words() : words, " (",
                                  ShortId(account.incident_id()), ")"),
                     options.width, 6));
    }
  }
  if (shown < themes.size()) {
    absl::StrAppend(&text, "  ... and ", themes.size() - shown,
                    " more; --all shows them\n");
  }
  return text;
}

std::string Durations(const v1::GetInsightsResponse& insights,
                      const PageOptions& options) {
  Table table({{""},
               {"COUNT"},
               {"LEAST"},
               {"1/4"},
               {"HALF"},
               {"3/4"},
               {"9/10"},
               {"MOST"}});
  std::vector<std::string> warnings;
  for (const v1::DurationSpread& one : insights.durations()) {
    std::vector<std::string> cells = {one.name(), absl::StrCat(one.count())};
    for (const google::protobuf::Duration* duration :
         {&one.min(), &one.quartile_1(), &one.median(), &one.quartile_3(),
          &one.decile_9(), &one.max()}) {
      cells.push_back(one.count() == 0 ? "-" : InWords(ToAbsl(*duration)));
    }
    table.AddRow(std::move(cells));
    if (!one.warning().empty()) {
      warnings.push_back(absl::StrCat(one.name(), ": ", one.warning()));
    }
  }
  if (table.empty()) return "";
  std::string text = absl::StrCat("\nHow long it took; half are at most HALF\n",
                                  table.Render(options.width, 2));
  for (const std::string& warning : warnings) {
    absl::StrAppend(&text, RenderParagraph(warning, options.width, 2));
  }
  std::vector<Column> columns = {{""}};
  for (const char* bin : kBins) columns.push_back({bin});
  Table histogram(columns);
  for (const v1::DurationSpread& one : insights.durations()) {
    if (one.count() == 0 || one.histogram_size() != kBinCount) continue;
    std::vector<std::string> cells = {one.name()};
    for (const uint32_t count : one.histogram()) {
      cells.push_back(count == 0 ? "." : absl::StrCat(count));
    }
    histogram.AddRow(std::move(cells));
  }
  if (!histogram.empty()) {
    absl::StrAppend(&text, "\n", histogram.Render(options.width, 2));
  }
  return text;
}

std::string Services(const v1::GetInsightsResponse& insights,
                     const PageOptions& options) {
  Table table({{"SERVICE", 0, 40}, {"INCIDENTS"}, {"SURPRISES"}});
  const int shown = options.all
                        ? insights.services_size()
                        : std::min(insights.services_size(), kServicesShown);
  for (int i = 0; i < shown; ++i) {
    const v1::ServiceInsight& one = insights.services(i);
    table.AddRow({one.service(), absl::StrCat(one.incident_count()),
                  absl::StrCat(one.surprise_count())});
  }
  if (table.empty()) return "";
  std::string text =
      absl::StrCat("\nServices\n", table.Render(options.width, 2));
  if (shown < insights.services_size()) {
    absl::StrAppend(&text, "  ... and ", insights.services_size() - shown,
                    " more; --all shows them\n");
  }
  return text;
}

std::string Actions(const v1::GetInsightsResponse& insights,
                    const PageOptions& options) {
  std::vector<std::string> parts;
  for (const v1::ActionCount& one : insights.actions()) {
    std::string part =
        absl::StrCat(one.count(), " ", StateInWords(one.state()));
    if (one.overdue_count() > 0) {
      absl::StrAppend(&part, " (", one.overdue_count(), " overdue)");
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return "";
  return absl::StrCat("\nActions\n", RenderParagraph(absl::StrJoin(parts, ", "),
                                                     options.width, 2));
}

std::string Anniversaries(const v1::GetInsightsResponse& insights,
                          const PageOptions& options) {
  if (insights.anniversaries().empty()) return "";
  std::string text = "\nAnniversaries of these days\n";
  for (const v1::Incident& incident : insights.anniversaries()) {
    absl::StrAppend(
        &text,
        Head(absl::StrCat("  ", Date(incident.start_time()), "  "),
             incident.title(), ShortId(incident.incident_id()), options.width));
  }
  return text;
}

}  // namespace

std::string SearchPage(absl::Span<const v1::SearchResult> results,
                       const PageOptions& options) {
  if (results.empty()) {
    return "Nothing was found. All words have to be in one incident, line, "
           "account or\naction; pool* also finds pools, -pool leaves pools "
           "out.\n";
  }
  std::string text;
  for (size_t i = 0; i < results.size();) {
    const v1::SearchResult& first = results[i];
    absl::StrAppend(&text, i == 0 ? "" : "\n",
                    Head(absl::StrCat(Date(first.start_time()), "  "),
                         first.incident_title(), ShortId(first.incident_id()),
                         options.width));
    std::vector<std::pair<std::string, std::string>> facts;
    for (;
         i < results.size() && results[i].incident_id() == first.incident_id();
         ++i) {
      facts.emplace_back(KindOf(results[i]), Marked(results[i]));
      if (!options.all || results[i].id().empty()) continue;
      absl::StrAppend(&facts.back().second, " (", results[i].id(), ")");
    }
    absl::StrAppend(&text, RenderFacts(facts, options.width, 2));
  }
  return text;
}

std::string SimilarSection(absl::Span<const v1::SimilarIncident> incidents,
                           const PageOptions& options) {
  if (incidents.empty()) return "";
  std::string text = "Incidents before that were like it\n";
  int rank = 0;
  for (const v1::SimilarIncident& one : incidents) {
    const v1::Incident& incident = one.incident();
    absl::StrAppend(
        &text, "\n",
        Head(absl::StrCat(PadTo(absl::StrCat(++rank, "."), kRankWidth),
                          Date(incident.start_time()), "  "),
             incident.title(), ShortId(incident.incident_id()), options.width),
        RenderParagraph(absl::StrJoin(one.reasons(), "; "), options.width,
                        kRankWidth));
    for (const std::string& helped : one.what_helped()) {
      absl::StrAppend(&text, RenderParagraph(absl::StrCat("Then: ", helped),
                                             options.width, kRankWidth));
    }
  }
  return text;
}

std::string InsightsPage(const v1::GetInsightsResponse& insights,
                         const PageOptions& options) {
  if (insights.incident_count() == 0) {
    return "No incidents then. --since and --until say when.\n";
  }
  return absl::StrCat(Times(insights.incident_count(), "incident", "incidents"),
                      "\n", Durations(insights, options),
                      Themes("What surprised people again and again",
                             insights.surprises(), options),
                      Themes("What people took for granted again and again",
                             insights.assumptions(), options),
                      Services(insights, options), Actions(insights, options),
                      Anniversaries(insights, options));
}

}  // namespace secondstory::story
