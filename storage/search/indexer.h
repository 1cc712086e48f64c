// Keeps the search index up to date: a thread of low priority that follows what
// people told. It looks at the head of the log a few times a second and reads
// further only when it moved, so that an append does nothing for the index.
//
// An incident is indexed as a whole, as it stands, whenever anything of it
// changed: deleting, withdrawing, moving, merging and splitting need no rule of
// their own, and indexing twice does no harm.
//
// A file that is damaged, or of another version, is thrown away and made again
// from the tables; searches answer UNAVAILABLE meanwhile.
#ifndef SECONDSTORY_STORAGE_SEARCH_INDEXER_H_
#define SECONDSTORY_STORAGE_SEARCH_INDEXER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/log.h"
#include "storage/search/search_index.h"
#include "storage/store.h"

namespace secondstory::storage {

struct IndexerOptions {
  std::string dir;  // made when it does not exist
  // Between two looks at the log; what is found is at most a little older.
  absl::Duration interval = absl::Milliseconds(100);
};

// Threads: all methods may be called from any thread.
class Indexer {
 public:
  // Never fails: what is wrong with the file shows in Search and in the log.
  // All must outlive the indexer.
  Indexer(IndexerOptions options, const Store* store, const Log* log,
          const Clock& clock);
  // Ends the batch that is under way.
  ~Indexer();

  struct Found {
    Page<SearchHit> page;
    // Everything up to here was looked at.
    Position through = 0;
  };
  // UNAVAILABLE: the index is being made, or the disk does not answer.
  absl::StatusOr<Found> Search(const SearchQuery& query);
  // See SearchIndex. Errors: as Search.
  absl::StatusOr<std::vector<std::string>> Likely(
      absl::Span<const std::string> words,
      absl::Span<const std::string> services, size_t limit);

  struct Stats {
    Position through = 0;
    // How long the index has been behind; 0 while it is not.
    absl::Duration lag;
    int64_t document_count = 0;
    // Times that the index was made from nothing.
    int64_t rebuild_count = 0;
  };
  Stats stats() const;

 private:
  void Run();
  absl::Status Step();
  absl::Status Open();
  absl::Status Rebuild();
  absl::Status Follow();
  absl::Status Write(const std::set<std::string>& incident_ids,
                     Position through, bool complete);
  void Forget(const absl::Status& why);
  // The index to read, or why there is none.
  absl::StatusOr<std::shared_ptr<SearchIndex>> Current() const;
  // A reader's error, as its caller should see it.
  absl::Status Failed(const std::shared_ptr<SearchIndex>& index,
                      const absl::Status& status);
  bool WaitForStop(absl::Duration timeout);

  const IndexerOptions options_;
  const std::string path_;
  const Store* const store_;
  const Log* const log_;
  const Clock& clock_;
  // Only the thread uses these.
  std::shared_ptr<SearchIndex> index_;
  Position told_ = 0;  // the last record that is in the index
  bool complete_ = false;

  mutable absl::Mutex mutex_;
  std::shared_ptr<SearchIndex> readable_ ABSL_GUARDED_BY(mutex_);
  std::string why_not_ ABSL_GUARDED_BY(mutex_) = "the search index is opened";
  // What a reader found to be damaged.
  std::shared_ptr<SearchIndex> damaged_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_even_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_SEARCH_INDEXER_H_
