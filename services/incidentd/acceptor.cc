#include "services/incidentd/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/logging.h"
#include "base/status_macros.h"
#include "services/incidentd/connections.h"

namespace secondstory::incidentd {
namespace {

// How long to wait where no event tells that there is room again.
constexpr int kRetryMs = 50;

absl::Status Failed(absl::string_view doing, const std::string& address) {
  return absl::UnavailableError(
      absl::StrCat(doing, " ", address, ": ", std::strerror(errno)));
}

int PortOf(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return 0;
  }
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                   : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

// "ipv4:10.0.0.7" of "ipv4:10.0.0.7:41372".
std::string HostOf(absl::string_view peer) {
  return std::string(peer.substr(0, peer.rfind(':')));
}

uint64_t InodeOf(int fd) {
  struct stat found {};
  return fstat(fd, &found) == 0 ? found.st_ino : 0;
}

absl::StatusOr<int> ListenOn(const addrinfo& info, const std::string& address) {
  const int fd =
      socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed("cannot make a socket for", address);
  auto closer = absl::MakeCleanup([fd] { close(fd); });
  const int on = 1;
  // Only lets us come back while old connections linger; two listeners on one
  // port stay an error.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, info.ai_addr, info.ai_addrlen) != 0 ||
      listen(fd, SOMAXCONN) != 0) {
    return Failed("cannot listen on", address);
  }
  std::move(closer).Cancel();
  return fd;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(
    const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", address, "\" is no address; write host:port"));
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error =
          getaddrinfo(host.empty() ? nullptr : host.c_str(),
                      address.substr(colon + 1).c_str(), &hints, &found);
      error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", address, "\" cannot be resolved: ", gai_strerror(error)));
  }
  const auto freer = absl::MakeCleanup([found] { freeaddrinfo(found); });
  SS_ASSIGN_OR_RETURN(const int fd, ListenOn(*found, address));
  int wake[2];
  if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) {
    close(fd);
    return Failed("cannot make a pipe for", address);
  }
  return std::unique_ptr<Acceptor>(
      new Acceptor(fd, wake[0], wake[1], PortOf(fd)));
}

Acceptor::Acceptor(int listen_fd, int wake_read_fd, int wake_write_fd, int port)
    : listen_fd_(listen_fd),
      wake_read_fd_(wake_read_fd),
      wake_write_fd_(wake_write_fd),
      port_(port) {}

Acceptor::~Acceptor() {
  Stop();
  for (const Held& held : held_) close(held.fd);
  close(listen_fd_);
  close(wake_read_fd_);
  close(wake_write_fd_);
}

void Acceptor::Start(int connection_count_max, OnConnection on_connection) {
  thread_ = std::thread(
      [this, connection_count_max, on_connection = std::move(on_connection)] {
        Run(connection_count_max, on_connection);
      });
}

void Acceptor::HoldOff(absl::string_view peer, absl::Duration time) {
  const absl::Time now = absl::Now();
  absl::MutexLock lock(&mutex_);
  absl::erase_if(held_off_until_,
                 [now](const auto& one) { return one.second <= now; });
  held_off_until_[HostOf(peer)] = now + time;
}

absl::Time Acceptor::HeldOffUntil(int fd) {
  const std::string host = HostOf(Connections::PeerOf(fd));
  absl::MutexLock lock(&mutex_);
  const auto found = held_off_until_.find(host);
  return found == held_off_until_.end() ? absl::InfinitePast() : found->second;
}

void Acceptor::HandOutHeld(const OnConnection& on_connection) {
  const absl::Time now = absl::Now();
  const auto first_due =
      std::stable_partition(held_.begin(), held_.end(),
                            [now](const Held& held) { return held.end > now; });
  for (auto it = first_due; it != held_.end(); ++it) on_connection(it->fd);
  held_.erase(first_due, held_.end());
}

void Acceptor::Stop() {
  if (!thread_.joinable()) return;
  // A full pipe is as good as a byte more.
  [[maybe_unused]] const ssize_t written = write(wake_write_fd_, "x", 1);
  thread_.join();
}

bool Acceptor::Wait(int fd, int timeout_ms) {
  pollfd polled[2] = {{wake_read_fd_, POLLIN, 0}, {fd, POLLIN, 0}};
  poll(polled, fd < 0 ? 1 : 2, timeout_ms);
  return polled[0].revents == 0;
}

void Acceptor::ForgetClosed() {
  open_.erase(
      std::remove_if(open_.begin(), open_.end(),
                     [](const Open& o) { return InodeOf(o.fd) != o.inode; }),
      open_.end());
}

// False when there is no room for a further connection now.
bool Acceptor::AcceptOne(const OnConnection& on_connection) {
  const int fd =
      accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    return errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
           errno != ENOMEM;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  open_.push_back({fd, InodeOf(fd)});
  if (const absl::Time end = HeldOffUntil(fd); end > absl::Now()) {
    held_.push_back({fd, end});
  } else {
    on_connection(fd);
  }
  return true;
}

void Acceptor::Run(int connection_count_max,
                   const OnConnection& on_connection) {
  bool full = false;
  while (Wait(full ? -1 : listen_fd_, full || !held_.empty() ? kRetryMs : -1)) {
    HandOutHeld(on_connection);
    const bool was_full = full;
    if (open_.size() >= static_cast<size_t>(connection_count_max)) {
      ForgetClosed();
    }
    full = open_.size() >= static_cast<size_t>(connection_count_max) ||
           !AcceptOne(on_connection);
    if (full && !was_full) {
      log::Warning("no room for further connections; clients wait",
                   {{"open", open_.size()}, {"max", connection_count_max}});
    }
  }
}

}  // namespace secondstory::incidentd
