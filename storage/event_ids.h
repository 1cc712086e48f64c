// Which events the log has: the duplicate test.
//
// Ids are hashes, and a database that takes them in one by one, wherever they
// sort, spends more on them than on the events. So the ids of the last appends
// are kept in memory alone, and every hundred thousand or so are written as one
// sorted file; a look-up that memory does not answer goes to those files,
// behind their filters. What a crash takes out of memory is in the log, after
// the position through which ids were written, and is read from there at the
// next start.
#ifndef SECONDSTORY_STORAGE_EVENT_IDS_H_
#define SECONDSTORY_STORAGE_EVENT_IDS_H_

#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "base/stable_id.h"
#include "storage/keyspace.h"
#include "storage/tables.h"

namespace secondstory::storage {

// Threads: all methods may be called from any thread, Add by one at a time.
class EventIds {
 public:
  using Positions = absl::flat_hash_map<Id, Position>;

  // How many ids are gathered in memory, and at most read from the log at a
  // start: 24 bytes and about a microsecond each.
  static constexpr size_t kGatheredCount = 128 << 10;

  // For the log of `tables`, which ends at `head`. Ids of records that are no
  // longer in it, because data loss was accepted, are forgotten.
  // DATA_LOSS: bytes on disk are wrong. `tables` must outlive it.
  static absl::StatusOr<std::unique_ptr<EventIds>> Open(
      Tables* tables, Position head, size_t gathered_count = kGatheredCount);

  ~EventIds();

  // Where the event is; nothing when it is not in the log.
  absl::StatusOr<std::optional<Position>> Find(const Id& id) const;

  // Find for many: adds those that are in the log. `mark`, if there is one,
  // becomes the moment at which they were looked for.
  absl::Status FindAll(absl::Span<const Id> ids, Positions* found,
                       uint64_t* mark = nullptr) const;

  // FindAll again for ids that were looked for at `mark`: adds those that were
  // added since. From memory alone; false, and nothing is added, when one may
  // be in a file by now.
  bool FindSince(uint64_t mark, absl::Span<const Id> ids,
                 Positions* found) const;

  // Ids of events that are durable in the log, which now ends at `head`.
  void Add(absl::Span<const std::pair<Id, Position>> ids, Position head);

  // Waits until no file is being written, for tests.
  void WaitUntilWritten() const;

 private:
  // The position of `id`, if it is in memory; else nullptr.
  const Position* FindInMemory(const Id& id) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  // What is sent again mostly comes in the order in which it came. So if the
  // first of `ids` is in a file, the records behind its own are read, in which
  // the others should be: one block after the other, not one for each id.
  // Moves those that are there from `ids` to `found`; what cannot be read is
  // looked up like the rest. REQUIRES: `ids` is not empty.
  void FindRun(std::vector<Id>* ids, Positions* found) const;

  EventIds(Tables* tables, size_t gathered_count, Position head);

  absl::Status ForgetAfter(Position head);
  absl::Status ReadLog(Position after);
  void Run();

  Tables* const tables_;
  const size_t gathered_count_;
  mutable absl::Mutex mutex_;
  Positions gathered_ ABSL_GUARDED_BY(mutex_);
  Position gathered_through_ ABSL_GUARDED_BY(mutex_);
  // What the thread writes, until it is written. Changed under the mutex when
  // the thread does not work on it.
  Positions written_ ABSL_GUARDED_BY(mutex_);
  // How often ids left memory, and one.
  uint64_t mark_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_EVENT_IDS_H_
