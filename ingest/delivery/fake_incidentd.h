// incidentd in memory, for tests: keeps events once, moves cursors by
// compare-and-set, and fails when told to.
#ifndef SECONDSTORY_INGEST_DELIVERY_FAKE_INCIDENTD_H_
#define SECONDSTORY_INGEST_DELIVERY_FAKE_INCIDENTD_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ingest/delivery/delivery.h"

namespace secondstory::ingest {

// When a scripted failure happens.
enum class FakeFailure {
  kNone,
  kBefore,  // nothing was stored
  kAfter,   // everything was stored, and the answer was lost
};

// Threads: all methods may be called from any thread.
class FakeIncidentd final : public Incidentd {
 public:
  using Script = std::function<FakeFailure()>;

  absl::StatusOr<v1::AppendEventsResponse> Append(
      const v1::AppendEventsRequest& request, absl::Duration timeout) override;
  absl::StatusOr<std::string> GetCursor(const std::string& source,
                                        uint32_t shard,
                                        absl::Duration timeout) override;

  // Asked before every call; a failure is UNAVAILABLE.
  void SetScript(Script script);
  // Every call fails with UNAVAILABLE while it is away.
  void SetAway(bool away);
  // A request that holds an event of this title is INVALID_ARGUMENT as a whole.
  void SetPoison(const std::string& title);
  // What another worker would do.
  void SetCursor(const std::string& source, const std::string& value);

  // In the order in which they were stored, each once.
  std::vector<v1::Event> events() const;
  std::vector<std::string> event_ids() const;
  std::string cursor(const std::string& source) const;
  int append_count() const;

 private:
  absl::Status Check(const v1::AppendEventsRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::AppendEventsResponse Apply(const v1::AppendEventsRequest& request)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  Script script_ ABSL_GUARDED_BY(mutex_);
  bool away_ ABSL_GUARDED_BY(mutex_) = false;
  std::string poison_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Event> events_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<std::string, std::string>> known_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<std::string, uint32_t>, std::string> cursors_
      ABSL_GUARDED_BY(mutex_);
  int append_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_FAKE_INCIDENTD_H_
