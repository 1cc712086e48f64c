#include "services/incidentd/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace secondstory::incidentd {
namespace {

void SetCork(int fd, int on) {
  setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
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
