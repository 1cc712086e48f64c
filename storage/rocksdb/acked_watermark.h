// Remembers, outside the database, how far it was acknowledged, so that a log
// whose end a disk has lost is noticed and not quietly written over.
#ifndef SECONDSTORY_STORAGE_ROCKSDB_ACKED_WATERMARK_H_
#define SECONDSTORY_STORAGE_ROCKSDB_ACKED_WATERMARK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/keyspace.h"

namespace secondstory::storage {

// One small file, "acked", beside the database. Threads: one at a time.
class AckedWatermark {
 public:
  explicit AckedWatermark(const std::string& dir);

  // The position last saved; 0 when none was. DATA_LOSS: the file is damaged.
  absl::StatusOr<Position> Read() const;

  // Replaces the file by a synced one. Cost: two syncs; call it every second,
  // not for every append. What was acknowledged since the last call is not
  // covered.
  absl::Status Save(Position acked);

  // DATA_LOSS when `head`, the last record of the log that was opened, lies
  // before the saved position.
  absl::Status Check(Position head) const;

 private:
  const std::string dir_;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_ROCKSDB_ACKED_WATERMARK_H_
