// The log on this machine: one sequencer takes whatever is waiting, drops known
// events, and writes the rest as one batch with one sync. While it syncs, the
// next group gathers, so that one sync serves more callers the more there are.
#ifndef SECONDSTORY_STORAGE_GROUP_LOG_H_
#define SECONDSTORY_STORAGE_GROUP_LOG_H_

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "base/clock.h"
#include "storage/event_ids.h"
#include "storage/log.h"
#include "storage/store.h"
#include "storage/tables.h"

namespace secondstory::storage {

class GroupLog final : public Log {
 public:
  // Goes on where `tables` end. Both must outlive the log.
  static absl::StatusOr<std::unique_ptr<GroupLog>> Open(Tables* tables,
                                                        const Clock& clock);

  // Finishes what was handed to it, then returns.
  ~GroupLog() override;

  void LookUp(EventAppend* append) const override;
  void AppendEvents(EventAppend append, AppendDone done) override;
  void Transact(std::vector<std::string> objects, Decide decide,
                TransactDone done) override;
  absl::StatusOr<std::optional<Position>> FindEvent(
      const Id& id) const override {
    return ids_->Find(id);
  }
  uint64_t ChangeCount(absl::string_view object) const override;
  Position head() const override { return head_.load(); }
  absl::Status health() const override;
  void OnCommit(std::function<void(Position)> listener) override;

 private:
  struct PendingAppend {
    EventAppend append;
    AppendDone done;
    size_t bytes = 0;
  };
  struct PendingTransaction {
    std::vector<std::string> objects;
    Decide decide;
    TransactDone done;
  };
  using Pending = std::variant<PendingAppend, PendingTransaction>;
  struct Decision;
  struct Group;

  GroupLog(Tables* tables, std::unique_ptr<EventIds> ids, const Clock& clock,
           Position head, int64_t last_append_micros);

  void Run();
  std::vector<Pending> TakeGroup();
  void Commit(std::vector<Pending> pending);
  absl::Status FindKnown(const std::vector<Pending>& pending,
                         EventIds::Positions* known);
  Decision DecideOn(const PendingAppend& pending, Group* group);
  Decision DecideOn(const PendingTransaction& pending, Group* group);
  static void Tell(PendingAppend* pending, Decision decision);
  static void Tell(PendingTransaction* pending, Decision decision);
  absl::Status CheckCursor(const v1::CursorUpdate& update, Group* group);
  int64_t NextAppendMicros();

  Tables* const tables_;
  const Store store_;
  const std::unique_ptr<EventIds> ids_;
  const Clock& clock_;
  std::atomic<Position> head_;
  // Of objects by their hash: enough that few share one.
  std::array<std::atomic<uint64_t>, 4096> change_counts_{};
  // Only the sequencer's thread uses these.
  int64_t last_append_micros_;
  size_t last_group_count_ = 0;

  mutable absl::Mutex mutex_;
  std::deque<Pending> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void(Position)>> listeners_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_GROUP_LOG_H_
