#include "services/incidentd/learning_handlers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "services/incidentd/learning_validator.h"
#include "services/incidentd/page_token.h"
#include "services/incidentd/rpc_status.h"
#include "storage/search/search_index.h"
#include "storage/search/search_terms.h"

namespace secondstory::incidentd {
namespace {

absl::Status SearchIsOff() {
  return absl::FailedPreconditionError(
      "search is switched off here: incidentd was started with "
      "search_enabled: false");
}

PagePlace PlaceOf(const storage::SearchPlace& place) {
  return {place.start_micros, absl::StrCat(place.score, ".", place.kind, ".",
                                           place.incident_id, ".", place.id)};
}

// REQUIRES: PlaceOf made it, which the token's check says.
std::optional<storage::SearchPlace> PlaceOf(
    const std::optional<PagePlace>& page) {
  if (!page.has_value()) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(page->rest, '.');
  storage::SearchPlace place;
  place.start_micros = page->micros;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[0], &place.score) ||
      !absl::SimpleAtoi(parts[1], &place.kind)) {
    return std::nullopt;
  }
  place.incident_id = parts[2];
  place.id = parts[3];
  return place;
}

absl::StatusOr<storage::SearchQuery> QueryOf(const v1::SearchRequest& request) {
  storage::SearchQuery query;
  absl::StatusOr<storage::SearchTerms> terms =
      storage::ParseSearchTerms(request.query());
  if (!terms.ok()) {
    return BadRequest(
        "query", absl::StrCat("cannot be read ", terms.status().message()));
  }
  query.terms = *std::move(terms);
  for (const int kind : request.kinds()) {
    query.kinds.push_back(static_cast<v1::SearchKind>(kind));
  }
  query.services.assign(request.services().begin(), request.services().end());
  query.tags.assign(request.tags().begin(), request.tags().end());
  query.severity_at_most = request.severity_at_most();
  if (request.has_start_time()) {
    query.start.start_micros = ToMicros(request.start_time());
  }
  if (request.has_end_time()) {
    query.start.end_micros = ToMicros(request.end_time());
  }
  query.limit = request.page_size() == 0
                    ? limits::kSearchPageDefault
                    : std::min(request.page_size(), limits::kSearchPageMax);
  SS_ASSIGN_OR_RETURN(const std::optional<PagePlace> place,
                      ReadPageToken(FiltersOf(request), request.page_token()));
  query.after = PlaceOf(place);
  return query;
}

v1::SearchResult ResultOf(storage::SearchHit hit) {
  v1::SearchResult result;
  result.set_kind(static_cast<v1::SearchKind>(hit.place.kind));
  if (result.kind() != v1::SEARCH_KIND_INCIDENT) result.set_id(hit.place.id);
  result.set_incident_id(std::move(hit.place.incident_id));
  result.set_incident_title(std::move(hit.incident_title));
  *result.mutable_start_time() = FromMicros(hit.place.start_micros);
  result.set_snippet(std::move(hit.snippet));
  result.mutable_highlights()->Assign(hit.highlights.begin(),
                                      hit.highlights.end());
  result.set_score(static_cast<double>(hit.place.score) / 1e9);
  return result;
}

}  // namespace

absl::StatusOr<v1::SearchResponse> LearningHandlers::Search(
    const v1::SearchRequest& request) const {
  if (const auto wrong = Check(request); !wrong.empty()) {
    return BadRequest(wrong);
  }
  if (indexer_ == nullptr) return SearchIsOff();
  SS_ASSIGN_OR_RETURN(const storage::SearchQuery query, QueryOf(request));
  SS_ASSIGN_OR_RETURN(storage::Indexer::Found found, indexer_->Search(query));
  v1::SearchResponse response;
  response.set_indexed_position(found.through);
  if (found.page.more) {
    response.set_next_page_token(MakePageToken(
        FiltersOf(request), PlaceOf(found.page.items.back().place)));
  }
  for (storage::SearchHit& hit : found.page.items) {
    *response.add_results() = ResultOf(std::move(hit));
  }
  return response;
}

void LearningHandlers::Register(RpcServer* server) {
  const std::string service = "/secondstory.v1.LearningService/";
  server->AddRead<v1::SearchRequest, v1::SearchResponse>(
      service + "Search", [this](const auto& r) { return Search(r); });
}

void AddSearchMetrics(const storage::Indexer* indexer, Metrics* metrics) {
  Gauge* const position = metrics->AddGauge(
      "secondstory_storage_search_position_records",
      "Position in the log up to which the search index has everything.");
  Gauge* const lag = metrics->AddGauge(
      "secondstory_storage_search_lag_seconds",
      "How long the search index has been behind the log; 0 while it is not.");
  Gauge* const documents =
      metrics->AddGauge("secondstory_storage_search_size_documents",
                        "What can be found: incidents, lines, accounts and "
                        "actions in the search index.");
  Counter* const rebuilds = metrics->AddCounter(
      "secondstory_storage_search_rebuilds_total",
      "Times that the search index was made from nothing, the first included.");
  metrics->OnScrape([=] {
    const storage::Indexer::Stats stats = indexer->stats();
    position->Set(static_cast<double>(stats.through));
    lag->Set(absl::ToDoubleSeconds(stats.lag));
    documents->Set(static_cast<double>(stats.document_count));
    rebuilds->Increment(static_cast<double>(stats.rebuild_count) -
                        rebuilds->Value());
  });
}

}  // namespace secondstory::incidentd
