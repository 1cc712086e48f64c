// Tables in memory, for tests: the same promises but for surviving the process.
#ifndef SECONDSTORY_STORAGE_MEMORY_MEMORY_TABLES_H_
#define SECONDSTORY_STORAGE_MEMORY_MEMORY_TABLES_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/tables.h"

namespace secondstory::storage {

class MemoryTables final : public Tables {
 public:
  absl::StatusOr<std::optional<std::string>> Get(
      absl::string_view key) const override;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      absl::Span<const absl::string_view> keys) const override;
  std::unique_ptr<Iterator> NewIterator(const KeyRange& range) const override;
  absl::Status Write(const Mutations& mutations) override;
  absl::Status Import(const Mutations& sorted) override {
    const absl::Status status = CheckSorted(sorted);
    return status.ok() ? Write(sorted) : status;
  }

  // The next Write fails as a disk does: with UNAVAILABLE, then and for ever.
  void FailNextWrite();

  // All keys and values, to compare two tables.
  std::map<std::string, std::string> Contents() const;

 private:
  class RangeIterator;

  mutable absl::Mutex mutex_;
  std::map<std::string, std::string> map_ ABSL_GUARDED_BY(mutex_);
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_MEMORY_MEMORY_TABLES_H_
