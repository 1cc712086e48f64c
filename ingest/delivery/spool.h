// What a worker accepted and incidentd has not acknowledged yet: a queue on
// disk, with the worker's cursors beside it.
#ifndef SECONDSTORY_INGEST_DELIVERY_SPOOL_H_
#define SECONDSTORY_INGEST_DELIVERY_SPOOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/sqlite.h"
#include "ingest/delivery/worker_cursor.h"

namespace secondstory::ingest {

// Rises when the tables change in a way that an older program would misread.
inline constexpr int kSpoolFormatVersion = 1;

// One element of the queue: an event, or the cursor that follows the events it
// was accepted with.
struct SpoolEntry {
  int64_t sequence = 0;
  std::string event;  // a serialized v1::Event; empty when `cursor` is set
  std::optional<WorkerCursor> cursor;
};

// What goes into the queue together or not at all.
struct SpoolBatch {
  std::vector<std::string> events;
  std::optional<WorkerCursor> cursor;
};

struct SpoolSize {
  int64_t entry_count = 0;  // events and cursors
  int64_t event_count = 0;
  int64_t event_bytes = 0;
};

// Errors of all methods: those of SqliteDatabase. A method that failed changed
// nothing. One that returned OK is on the disk.
//
// Threads: one at a time.
class Spool {
 public:
  // Opens or creates DIR/spool.db.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(const std::string& dir);

  // Appends all of `batches`, in order, with one sync.
  absl::Status Append(absl::Span<const SpoolBatch* const> batches);

  // The first entries, in order: at most `entry_count_max`, and as many as fit
  // into `bytes_max`, but at least one if there is any.
  absl::StatusOr<std::vector<SpoolEntry>> ReadFirst(int entry_count_max,
                                                    size_t bytes_max);

  // Removes the entries up to and including `sequence`. `stored`, if given, is
  // what incidentd now stores as a cursor.
  absl::Status RemoveThrough(int64_t sequence,
                             const std::optional<WorkerCursor>& stored);

  // Removes the cursors of that shard among the entries up to `sequence`, and
  // forgets what incidentd stores for it. Events stay.
  absl::Status DropCursors(int64_t sequence, const std::string& source,
                           uint32_t shard);

  // The cursor last appended, or last found at incidentd; nothing when there
  // was none.
  absl::StatusOr<std::optional<std::string>> AcceptedCursor(
      const std::string& source, uint32_t shard);

  // What incidentd stores, as far as we know; nothing when we do not.
  absl::StatusOr<std::optional<std::string>> StoredCursor(
      const std::string& source, uint32_t shard);

  // Remembers what incidentd stores; it becomes the accepted cursor too when
  // there is none.
  absl::Status SetStoredCursor(const WorkerCursor& stored);

  // Whether that very cursor waits in the queue.
  absl::StatusOr<bool> HasCursor(const WorkerCursor& cursor);

  // Counts everything. Cost: reads the whole queue.
  absl::StatusOr<SpoolSize> Measure();

 private:
  explicit Spool(std::unique_ptr<SqliteDatabase> database)
      : database_(std::move(database)) {}
  absl::StatusOr<std::optional<std::string>> ReadCursorColumn(
      const char* sql, const std::string& source, uint32_t shard);
  absl::Status AppendOne(const SpoolBatch& batch, SqliteStatement* add_event);
  absl::Status AppendCursor(const WorkerCursor& cursor);
  absl::Status Execute(const char* sql, const std::string& source,
                       uint32_t shard, const std::string& value);

  std::unique_ptr<SqliteDatabase> database_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_SPOOL_H_
