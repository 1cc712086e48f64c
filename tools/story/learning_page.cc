#include "tools/story/learning_page.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "tools/story/table.h"
#include "tools/story/text.h"
#include "tools/story/words.h"

namespace secondstory::story {
namespace {

constexpr int kGap = 2;

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

}  // namespace secondstory::story
