// The index that Search reads: one SQLite file with FTS5, derived from the log.
// Whoever keeps it up to date (Indexer) writes; any number of readers look.
#ifndef SECONDSTORY_STORAGE_SEARCH_SEARCH_INDEX_H_
#define SECONDSTORY_STORAGE_SEARCH_SEARCH_INDEX_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "base/sqlite.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/learning_service.pb.h"
#include "storage/keyspace.h"
#include "storage/search/documents.h"
#include "storage/search/search_terms.h"
#include "storage/store.h"

namespace secondstory::storage {

// What is to be found of one incident from now on; nothing when it has no
// documents.
struct IncidentDocuments {
  v1::Incident incident;
  std::vector<Document> documents;
};

// Where something stands among the results of a query: by score, the best
// first, then by the start of its incident, the latest first.
struct SearchPlace {
  int64_t score = 0;  // BM25, in billionths: common words score very little
  int64_t start_micros = 0;
  std::string incident_id;  // ids are 32 hex digits
  int kind = 0;
  std::string id;
};

// Filters of different members all have to hold; values of one member are
// alternatives; an empty one does not filter.
struct SearchQuery {
  SearchTerms terms;
  std::vector<v1::SearchKind> kinds;
  std::vector<std::string> services;
  std::vector<std::string> tags;
  uint32_t severity_at_most = 0;
  TimeRange start;
  size_t limit = 20;
  std::optional<SearchPlace> after;
};

struct SearchHit {
  SearchPlace place;
  std::string incident_title;
  std::string snippet;
  // Pairs of first byte and one behind the last.
  std::vector<uint32_t> highlights;
};

// Errors of all methods: DATA_LOSS, the file is damaged: throw it away and make
// it again. UNAVAILABLE, RESOURCE_EXHAUSTED: the disk does not answer, or is
// full.
//
// Threads: Search and Likely may be called from any thread; the others by one
// at a time.
class SearchIndex {
 public:
  // Opens or creates the file at `path`. Beside the errors above:
  // FAILED_PRECONDITION: another version of this program wrote it.
  static absl::StatusOr<std::unique_ptr<SearchIndex>> Open(
      const std::string& path);

  // Removes the file at `path` and what SQLite keeps beside it.
  static void Remove(const std::string& path);

  // Replaces all that was to be found of each incident. What was told up to
  // `through` is in the index then; `complete`: of all incidents. In one
  // transaction, which a power failure may take back, place and all.
  absl::Status Write(absl::Span<const IncidentDocuments> incidents,
                     Position through, bool complete);

  // As the last Write said; 0 and false in a new file.
  absl::StatusOr<std::pair<Position, bool>> Through() const;
  absl::StatusOr<int64_t> DocumentCount() const;

  // Cost: every document that matches the terms is looked at.
  absl::StatusOr<Page<SearchHit>> Search(const SearchQuery& query) const;

  // Ids of incidents that could be like something with these words and
  // services, at most `limit`: those whose documents match best, and the latest
  // ones of the same services. In no order that matters.
  absl::StatusOr<std::vector<std::string>> Likely(
      absl::Span<const std::string> words,
      absl::Span<const std::string> services, size_t limit) const;

 private:
  // A connection to read by, taken out of the pool and put back.
  class Reader;

  SearchIndex(SqliteOptions options, std::unique_ptr<SqliteDatabase> writer)
      : options_(std::move(options)), writer_(std::move(writer)) {}

  absl::Status Replace(const IncidentDocuments& one);
  absl::Status ReplaceDocuments(int64_t incident,
                                const std::vector<Document>& documents);

  const SqliteOptions options_;
  const std::unique_ptr<SqliteDatabase> writer_;
  mutable absl::Mutex mutex_;
  mutable std::vector<std::unique_ptr<SqliteDatabase>> readers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_SEARCH_SEARCH_INDEX_H_
