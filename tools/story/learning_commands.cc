#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "secondstory/v1/learning_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/learning_page.h"
#include "tools/story/lookup.h"

namespace secondstory::story {
namespace {

using Learning = v1::LearningService::StubInterface;

constexpr int kLimitDefault = 20;
constexpr int kPageSizeMax = 100;

// --service and --tag.
template <typename Request>
void SetLabels(const Call& call, Request* request) {
  for (const absl::string_view name :
       absl::StrSplit(call.arguments.Get("service"), ',', absl::SkipEmpty())) {
    request->add_services(std::string(name));
  }
  for (const absl::string_view tag :
       absl::StrSplit(call.arguments.Get("tag"), ',', absl::SkipEmpty())) {
    request->add_tags(std::string(tag));
  }
}

Option TagOption() { return {"tag", "TAG,...", "with any of these tags"}; }

absl::Status Search(const Call& call) {
  v1::SearchRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  SetLabels(call, &request);
  request.set_query(absl::StrJoin(call.arguments.words, " "));
  SS_ASSIGN_OR_RETURN(const std::vector<int> kinds,
                      ParseEnums("kind", call.arguments.Get("kind"),
                                 *v1::SearchKind_descriptor()));
  for (const int kind : kinds) {
    request.add_kinds(static_cast<v1::SearchKind>(kind));
  }
  if (call.arguments.Has("severity")) {
    SS_ASSIGN_OR_RETURN(
        const int64_t severity,
        ParseCount("severity", call.arguments.Get("severity"), 1));
    request.set_severity_at_most(static_cast<uint32_t>(severity));
  }
  std::vector<v1::SearchResult> results;
  SS_RETURN_IF_ERROR(ReadPages(
      call, kLimitDefault, kPageSizeMax,
      [&](int64_t page_size, int64_t* count) -> absl::StatusOr<bool> {
        request.set_page_size(static_cast<uint32_t>(page_size));
        SS_ASSIGN_OR_RETURN(const v1::SearchResponse page,
                            call.server->Call(&Learning::Search, request));
        for (const v1::SearchResult& result : page.results()) {
          ++*count;
          if (call.json) {
            call.out() << JsonLine(result);
          } else {
            results.push_back(result);
          }
        }
        request.set_page_token(page.next_page_token());
        return !page.next_page_token().empty();
      }));
  if (!call.json) call.out() << SearchPage(results, call.page);
  return absl::OkStatus();
}

// Of a candidate, else of an incident: an id does not say which it is.
absl::StatusOr<v1::FindSimilarIncidentsResponse> FindSimilar(const Call& call) {
  const std::string& text = call.arguments.words[0];
  v1::FindSimilarIncidentsRequest request;
  if (call.arguments.Has("limit")) {
    SS_ASSIGN_OR_RETURN(const int64_t limit,
                        ParseCount("limit", call.arguments.Get("limit"), 1));
    request.set_limit(static_cast<uint32_t>(limit));
  }
  const absl::StatusOr<std::string> candidate = ResolveCandidate(call, text);
  if (candidate.ok()) {
    request.set_candidate_id(*candidate);
    auto response = call.server->Call(&Learning::FindSimilarIncidents, request);
    if (!absl::IsNotFound(response.status())) return response;
    request.clear_candidate_id();
  } else if (!absl::IsNotFound(candidate.status())) {
    return candidate.status();
  }
  SS_ASSIGN_OR_RETURN(*request.mutable_incident_id(),
                      ResolveIncident(call, text));
  return call.server->Call(&Learning::FindSimilarIncidents, request);
}

absl::Status Similar(const Call& call) {
  SS_ASSIGN_OR_RETURN(const v1::FindSimilarIncidentsResponse response,
                      FindSimilar(call));
  if (call.json) {
    for (const v1::SimilarIncident& one : response.incidents()) {
      call.out() << JsonLine(one);
    }
    return absl::OkStatus();
  }
  const std::vector<v1::SimilarIncident> incidents(response.incidents().begin(),
                                                   response.incidents().end());
  call.out() << (incidents.empty() ? "Nothing before was like it.\n"
                                   : SimilarSection(incidents, call.page));
  return absl::OkStatus();
}

absl::Status Insights(const Call& call) {
  v1::GetInsightsRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  SetLabels(call, &request);
  SS_ASSIGN_OR_RETURN(const v1::GetInsightsResponse response,
                      call.server->Call(&Learning::GetInsights, request));
  call.out() << (call.json ? JsonLine(response)
                           : InsightsPage(response, call.page));
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> LearningCommands() {
  return {
      {"search",
       {"WORD..."},
       "incidents, lines, accounts and actions by their words",
       "All words have to be there: pool; in this order: '\"connection "
       "pool\"'; "
       "any that\nbegins so: pool*; one that must not be there: -deploy. Names "
       "are found whole and\nby part: checkout-api, api.",
       {{"kind", "KIND,...",
         "only these: incident, entry (a line), account, action"},
        ServiceOption(),
        TagOption(),
        {"severity", "NUMBER", "of incidents at least this bad; 1 is worst"},
        SinceOption(),
        UntilOption(),
        LimitOption(kLimitDefault)},
       Search},
      {"similar",
       {"ID"},
       "past incidents that were like a candidate or an incident",
       "Says what is alike, and what people did then that was seen to help.",
       {{"limit", "NUMBER", "at most so many; default 5"}},
       Similar},
      {"insights",
       {},
       "what recurs over incidents, and how long things took",
       "Of the last year, unless --since and --until say otherwise.",
       {SinceOption(), UntilOption(), ServiceOption(), TagOption()},
       Insights},
  };
}

}  // namespace secondstory::story
