// grpc.health.v1.Health, on our own server: the packaged one is of the callback
// kind, which rpc_server.h explains away.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_HEALTH_H_
#define SECONDSTORY_SERVICES_INCIDENTD_HEALTH_H_

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/ticker.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class Health {
 public:
  // Adds the methods to `server`, which must outlive this object. `check` says
  // whether the process can do its work; it is asked several times a second
  // and must not block.
  Health(RpcServer* server, std::function<absl::Status()> check);
  ~Health();

  // From now on NOT_SERVING, and watchers are told and sent away.
  void Stop();

  // What a check answers now.
  absl::Status status() const;

 private:
  struct Watcher {
    std::shared_ptr<RpcStream> stream;
    bool known_service = false;
    int sent = -1;      // the last status sent
    bool busy = false;  // a write is under way
  };
  using WatcherPointer = std::shared_ptr<Watcher>;

  int StatusFor(bool known_service) const;
  bool Knows(const std::string& service) const;
  void Watch(grpc::ByteBuffer bytes, std::shared_ptr<RpcStream> stream);
  void Update(const WatcherPointer& watcher);
  void UpdateAll();

  RpcServer* const server_;
  const std::function<absl::Status()> check_;
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<WatcherPointer> watchers_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Ticker> ticker_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_HEALTH_H_
