#include "services/incidentd/acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/incidentd/connections.h"

namespace secondstory::incidentd {
namespace {

using ::testing::ElementsAre;

// Connects from a host of its own: all of 127.0.0.0/8 are this machine.
class Client {
 public:
  Client(const std::string& host, int port)
      : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, any, sizeof(address)), 0) << host;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, any, sizeof(address)), 0) << host;
  }
  ~Client() { close(fd_); }

 private:
  const int fd_;
};

class AcceptorTest : public testing::Test {
 protected:
  void SetUp() override {
    auto acceptor = Acceptor::Listen("127.0.0.1:0");
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    acceptor_ = *std::move(acceptor);
    acceptor_->Start(10, [this](int fd) {
      const std::string peer = Connections::PeerOf(fd);
      close(fd);
      absl::MutexLock lock(&mutex_);
      hosts_.push_back(peer.substr(0, peer.rfind(':')));
    });
  }

  // The hosts of connections that were handed out, once there are `count`.
  std::vector<std::string> WaitForHosts(size_t count) {
    const auto there = [this, count] { return hosts_.size() >= count; };
    absl::MutexLock lock(&mutex_, absl::Condition(&there));
    return hosts_;
  }

  absl::Mutex mutex_;
  std::vector<std::string> hosts_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, KeepsAHostThatIsHeldOffWaitingAndNobodyElse) {
  acceptor_->HoldOff("ipv4:127.0.0.2:41372", absl::Hours(1));
  const Client held_off("127.0.0.2", acceptor_->port());
  const Client other("127.0.0.3", acceptor_->port());
  EXPECT_THAT(WaitForHosts(1), ElementsAre("ipv4:127.0.0.3"));
}

TEST_F(AcceptorTest, HandsAConnectionOutWhenTheTimeOfItsHostIsOver) {
  acceptor_->HoldOff("ipv4:127.0.0.2:41372", absl::Milliseconds(100));
  const Client held_off("127.0.0.2", acceptor_->port());
  EXPECT_THAT(WaitForHosts(1), ElementsAre("ipv4:127.0.0.2"));
}

TEST_F(AcceptorTest, RefusesAPortThatAnotherListensOn) {
  const std::string address = absl::StrCat("127.0.0.1:", acceptor_->port());
  EXPECT_TRUE(absl::IsUnavailable(Acceptor::Listen(address).status()));
}

}  // namespace
}  // namespace secondstory::incidentd
