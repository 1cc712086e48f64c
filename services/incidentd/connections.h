// Open connections by the name of their other end: writes to one that go out
// together, and the end of one that keeps everybody else waiting.
//
// gRPC sends each answer by itself as soon as it has it. The log answers many
// calls at once, and on a busy machine most of what an answer costs is its
// packet: sending it, and waking up the client for it.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_CONNECTIONS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_CONNECTIONS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class Connections {
 public:
  // What gRPC calls the other end of the TCP connection `fd`, as of
  // ServerContext::peer: "ipv4:10.0.0.7:41372". Empty: it is none, or not
  // connected any more.
  static std::string PeerOf(int fd);
  // The same by the address of the other end; empty when it is none of TCP.
  static std::string NameOf(const sockaddr_storage& address);

  // To be called before `fd` is handed to gRPC, which owns it and closes it
  // without a word. Cost: now and then a look at all of them.
  void Add(int fd);

  // The handle of the connection to `peer`; -1 when there is none. It may have
  // been closed, and even be another connection by now: do nothing with it that
  // would matter to a stranger.
  int Find(absl::string_view peer) const;

  // How many bytes were read from each so far.
  // Cost: two calls of the kernel for each.
  using BytesRead = absl::flat_hash_map<std::string, uint64_t>;
  BytesRead ReadSoFar() const;

  // Hangs up on the one that was read most since `before`, and says who it was;
  // "" if none was read. Meant for when a single one is read at all. In the
  // moment between a look and the other, its handle can become that of a new
  // connection, whose client then has to connect again.
  std::string CutBusiest(const BytesRead& before);

  // Those that are remembered.
  size_t size() const;

 private:
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, int> by_peer_ ABSL_GUARDED_BY(mutex_);
  // Closed ones are looked for when there are so many.
  size_t full_ ABSL_GUARDED_BY(mutex_) = 64;
};

// While it lives, what is written to a connection waits in the kernel, for at
// most 200 ms and a full packet; then it goes out at once. Nothing else about
// the connection changes, so that the wrong one is merely slower for a moment.
class HeldBack {
 public:
  // -1: does nothing.
  explicit HeldBack(int fd);
  ~HeldBack();
  HeldBack(const HeldBack&) = delete;
  HeldBack& operator=(const HeldBack&) = delete;

 private:
  const int fd_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_CONNECTIONS_H_
