// Accepts TCP connections and hands them to whoever serves them.
//
// The packaged gRPC (1.51) stops accepting for good once accept() has met a
// full table of file handles. This loop waits and goes on; it also holds a
// limit on open connections, so that the table seldom gets full.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_ACCEPTOR_H_
#define SECONDSTORY_SERVICES_INCIDENTD_ACCEPTOR_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace secondstory::incidentd {

class Acceptor {
 public:
  // Takes over `fd`: connected, non-blocking, without Nagle's delay.
  using OnConnection = std::function<void(int fd)>;

  // Listens on `address` ("host:port"; port 0 takes a free one).
  // INVALID_ARGUMENT: not an address. UNAVAILABLE: cannot listen there; a port
  // in use is an error, never shared with another process.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(
      const std::string& address);

  // Stops.
  ~Acceptor();

  // Begins to accept, on a thread of its own. At most `connection_count_max`
  // connections are open at a time; further clients wait in the kernel's queue.
  void Start(int connection_count_max, OnConnection on_connection);

  // For `time`, connections from the host of `peer` (as Connections::PeerOf
  // names it) are accepted, but handed out only when it is over. They count as
  // open. Threads: any.
  void HoldOff(absl::string_view peer, absl::Duration time);

  // Accepts no more. Open connections stay.
  void Stop();

  int port() const { return port_; }

 private:
  // A connection that we handed out, by its handle and the kernel's number for
  // it: when the handle no longer is that number, the connection was closed.
  struct Open {
    int fd;
    uint64_t inode;
  };

  struct Held {
    int fd;
    absl::Time end;
  };

  Acceptor(int listen_fd, int wake_read_fd, int wake_write_fd, int port);

  void Run(int connection_count_max, const OnConnection& on_connection);
  bool AcceptOne(const OnConnection& on_connection);
  absl::Time HeldOffUntil(int fd);
  void HandOutHeld(const OnConnection& on_connection);
  void ForgetClosed();
  // Waits until `fd` is readable, Stop() is called (false), or some time
  // passed; without `fd`, only for the latter two.
  bool Wait(int fd, int timeout_ms);

  const int listen_fd_;
  const int wake_read_fd_;
  const int wake_write_fd_;
  const int port_;
  // Only the thread uses these.
  std::vector<Open> open_;
  std::vector<Held> held_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, absl::Time> held_off_until_
      ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_ACCEPTOR_H_
