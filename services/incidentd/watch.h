// Followers of the log. Each reads the log at its own pace: a slow one holds
// one response and a position, never a growing buffer.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_WATCH_H_
#define SECONDSTORY_SERVICES_INCIDENTD_WATCH_H_

#include <deque>
#include <functional>
#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/ticker.h"
#include "services/incidentd/work_queue.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Turns a stretch of the log into responses; none when nothing in it concerns
// the follower. `caught_up`: the stretch reaches the end of the log. DATA_LOSS:
// a record cannot be read.
using WatchEncoder = std::function<absl::StatusOr<std::deque<grpc::ByteBuffer>>(
    const storage::LogBytes& page, bool caught_up)>;
// A response without contents.
using HeartbeatEncoder =
    std::function<grpc::ByteBuffer(storage::Position, bool caught_up)>;

struct WatchOptions {
  storage::Position after = 0;
  absl::Duration heartbeat_interval;
  WatchEncoder encode;
  HeartbeatEncoder heartbeat;
};

// Threads: all methods may be called from any thread.
class WatchHub {
 public:
  // `store` must outlive the hub. Take it down in this order: Stop() the hub,
  // shut the server down, destroy the log, destroy the hub.
  WatchHub(const storage::Store* store, storage::Log* log);
  ~WatchHub();

  // Serves `stream` until the client goes or Stop() is called.
  // INVALID_ARGUMENT: `options` name a place or interval that cannot be.
  void Follow(std::shared_ptr<RpcStream> stream, WatchOptions options);

  // Ends every stream with UNAVAILABLE, and those that come later; looks at
  // store and log no more when it returns.
  void Stop();

 private:
  struct Watcher;
  using WatcherPointer = std::shared_ptr<Watcher>;

  void WakeIdle();
  void Tick();
  void Schedule(const WatcherPointer& watcher)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Step(const WatcherPointer& watcher);
  void Send(const WatcherPointer& watcher, grpc::ByteBuffer response);
  void Sent(const WatcherPointer& watcher, bool ok);
  void Remove(const WatcherPointer& watcher);

  const storage::Store* const store_;
  storage::Log* const log_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<WatcherPointer> watchers_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Ticker> ticker_;
  // Where the log is read for followers, beside those who wait for an answer.
  std::unique_ptr<WorkQueue> steps_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_WATCH_H_
