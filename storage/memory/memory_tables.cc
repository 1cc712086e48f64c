#include "storage/memory/memory_tables.h"

#include <iterator>
#include <utility>

namespace secondstory::storage {

// Holds a copy of where it stands and finds its way anew with each step, so
// that it needs no snapshot. Slow, and right.
class MemoryTables::RangeIterator final : public Tables::Iterator {
 public:
  RangeIterator(const MemoryTables* tables, KeyRange range)
      : tables_(tables), range_(std::move(range)) {}

  void SeekToFirst() override { Seek(range_.first); }
  void SeekToLast() override { Before(range_.last); }

  void Seek(absl::string_view key) override {
    absl::MutexLock lock(&tables_->mutex_);
    Take(tables_->map_.lower_bound(std::max(std::string(key), range_.first)));
  }

  bool Valid() const override { return at_.has_value(); }

  void Next() override {
    absl::MutexLock lock(&tables_->mutex_);
    Take(tables_->map_.upper_bound(at_->first));
  }

  void Previous() override { Before(std::string(at_->first)); }

  absl::string_view key() const override { return at_->first; }
  absl::string_view value() const override { return at_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  using MapIterator = std::map<std::string, std::string>::const_iterator;

  void Take(MapIterator it) ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables_->mutex_) {
    if (it == tables_->map_.end() || it->first < range_.first ||
        it->first >= range_.last) {
      at_.reset();
    } else {
      at_ = *it;
    }
  }

  // To the last key before `end`.
  void Before(const std::string& end) {
    absl::MutexLock lock(&tables_->mutex_);
    MapIterator it = tables_->map_.lower_bound(end);
    Take(it == tables_->map_.begin() ? tables_->map_.end() : std::prev(it));
  }

  const MemoryTables* const tables_;
  const KeyRange range_;
  std::optional<std::pair<std::string, std::string>> at_;
};

absl::StatusOr<std::optional<std::string>> MemoryTables::Get(
    absl::string_view key) const {
  absl::MutexLock lock(&mutex_);
  const auto it = map_.find(std::string(key));
  if (it == map_.end()) return std::optional<std::string>();
  return std::optional<std::string>(it->second);
}

absl::StatusOr<std::vector<std::optional<std::string>>> MemoryTables::MultiGet(
    absl::Span<const absl::string_view> keys) const {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const absl::string_view key : keys) values.push_back(*Get(key));
  return values;
}

std::unique_ptr<Tables::Iterator> MemoryTables::NewIterator(
    const KeyRange& range) const {
  return std::make_unique<RangeIterator>(this, range);
}

absl::Status MemoryTables::Write(const Mutations& mutations) {
  absl::MutexLock lock(&mutex_);
  if (failed_) return absl::UnavailableError("the disk failed (as told to)");
  for (size_t i = 0; i < mutations.size(); ++i) {
    const Mutation mutation = mutations[i];
    if (mutation.value.has_value()) {
      map_[std::string(mutation.key)] = std::string(*mutation.value);
    } else {
      map_.erase(std::string(mutation.key));
    }
  }
  return absl::OkStatus();
}

void MemoryTables::FailNextWrite() {
  absl::MutexLock lock(&mutex_);
  failed_ = true;
}

std::map<std::string, std::string> MemoryTables::Contents() const {
  absl::MutexLock lock(&mutex_);
  return map_;
}

}  // namespace secondstory::storage
