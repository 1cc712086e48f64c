#include "services/incidentd/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
// Not netinet/tcp.h, whose tcp_info ends before the bytes.
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace secondstory::incidentd {
namespace {

void SetCork(int fd, int on) {
  setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

// What was taken out of the socket: what arrived without what lies there still.
uint64_t BytesReadFrom(int fd) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  int unread = 0;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
      ioctl(fd, FIONREAD, &unread) != 0) {
    return 0;
  }
  return info.tcpi_bytes_received -
         std::min<uint64_t>(info.tcpi_bytes_received, unread);
}

}  // namespace

std::string Connections::PeerOf(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return "";
  }
  return NameOf(storage);
}

std::string Connections::NameOf(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto* address = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", ntohs(address->sin_port));
  }
  if (storage.ss_family != AF_INET6) return "";
  const auto* address = reinterpret_cast<const sockaddr_in6*>(&storage);
  const uint16_t port = ntohs(address->sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
    inet_ntop(AF_INET, &address->sin6_addr.s6_addr[12], text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", port);
  }
  inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof(text));
  return absl::StrCat("ipv6:%5B", text, "%5D:", port);
}

void Connections::Add(int fd) {
  const std::string peer = PeerOf(fd);
  if (peer.empty()) return;
  absl::MutexLock lock(&mutex_);
  by_peer_[peer] = fd;
  if (by_peer_.size() >= full_) ForgetClosed();
}

int Connections::Find(absl::string_view peer) const {
  absl::MutexLock lock(&mutex_);
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? -1 : found->second;
}

Connections::BytesRead Connections::ReadSoFar() const {
  absl::MutexLock lock(&mutex_);
  BytesRead read;
  for (const auto& [peer, fd] : by_peer_) {
    const uint64_t bytes = BytesReadFrom(fd);
    // Else the handle is another's by now.
    if (PeerOf(fd) == peer) read[peer] = bytes;
  }
  return read;
}

std::string Connections::CutBusiest(const BytesRead& before) {
  std::string busiest;
  uint64_t most = 0;
  for (const auto& [peer, bytes] : ReadSoFar()) {
    const auto found = before.find(peer);
    const uint64_t first = found == before.end() ? 0 : found->second;
    if (bytes <= first + most) continue;
    most = bytes - first;
    busiest = peer;
  }
  const int fd = Find(busiest);
  if (fd < 0 || PeerOf(fd) != busiest) return "";
  // What lies in the kernel goes too: nobody reads it any more, and the client
  // hears of its end at once.
  const linger none = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  shutdown(fd, SHUT_RDWR);
  while (recv(fd, nullptr, size_t{1} << 20, MSG_TRUNC | MSG_DONTWAIT) > 0) {
  }
  return busiest;
}

size_t Connections::size() const {
  absl::MutexLock lock(&mutex_);
  return by_peer_.size();
}

void Connections::ForgetClosed() {
  for (auto it = by_peer_.begin(); it != by_peer_.end();) {
    const auto one = it++;
    if (PeerOf(one->second) != one->first) by_peer_.erase(one);
  }
  // Twice as many as are open, so that looking costs little a connection.
  full_ = std::max<size_t>(64, 2 * by_peer_.size());
}

HeldBack::HeldBack(int fd) : fd_(fd) {
  if (fd_ >= 0) SetCork(fd_, 1);
}

HeldBack::~HeldBack() {
  if (fd_ >= 0) SetCork(fd_, 0);
}

}  // namespace secondstory::incidentd
