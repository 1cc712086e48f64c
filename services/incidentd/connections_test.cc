#include "services/incidentd/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using ::testing::StartsWith;

// Both ends of a TCP connection on this machine.
class Connection {
 public:
  Connection() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    bind(listener, any, length);
    listen(listener, 1);
    getsockname(listener, any, &length);
    client_ = socket(AF_INET, SOCK_STREAM, 0);
    connect(client_, any, length);
    server_ = accept(listener, nullptr, nullptr);
    close(listener);
  }
  ~Connection() {
    close(client_);
    close(server_);
  }
  int client() const { return client_; }
  int server() const { return server_; }

 private:
  int client_ = -1;
  int server_ = -1;
};

int IsCorked(int fd) {
  int on = -1;
  socklen_t length = sizeof(on);
  getsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, &length);
  return on;
}

// Containers are often made without.
bool HasIpv6() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  const bool has =
      fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)) == 0;
  if (fd >= 0) close(fd);
  return has;
}

// What gRPC calls the server that listens on `address`, and what we do.
void ExpectSameName(const std::string& address, int family) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address + ":0", grpc::InsecureServerCredentials(),
                           &port);
  const auto queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr) << address;
  std::thread serving([&queue] {
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) {
    }
  });

  grpc::GenericStub stub(grpc::CreateChannel(
      absl::StrCat(address, ":", port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  grpc::CompletionQueue calls;
  const auto call = stub.PrepareUnaryCall(&context, "/none.None/None",
                                          grpc::ByteBuffer(), &calls);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  EXPECT_TRUE(calls.Next(&tag, &ok));

  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  six.sin6_port = htons(static_cast<uint16_t>(port));
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  four.sin_port = six.sin6_port;
  const int fd = socket(family, SOCK_STREAM, 0);
  EXPECT_EQ(family == AF_INET
                ? connect(fd, reinterpret_cast<sockaddr*>(&four), sizeof(four))
                : connect(fd, reinterpret_cast<sockaddr*>(&six), sizeof(six)),
            0);
  EXPECT_EQ(Connections::PeerOf(fd), context.peer());
  close(fd);
  server->Shutdown();
  queue->Shutdown();
  serving.join();
}

TEST(ConnectionsTest, CallsAnIpv4PeerWhatGrpcCallsIt) {
  ExpectSameName("127.0.0.1", AF_INET);
}

// As gRPC does, on any machine: the next test asks it where it can.
TEST(ConnectionsTest, PutsAnIpv6AddressInEscapedBrackets) {
  sockaddr_storage storage{};
  auto* const address = reinterpret_cast<sockaddr_in6*>(&storage);
  address->sin6_family = AF_INET6;
  address->sin6_port = htons(41372);
  ASSERT_EQ(inet_pton(AF_INET6, "fd00::7", &address->sin6_addr), 1);
  EXPECT_EQ(Connections::NameOf(storage), "ipv6:%5Bfd00::7%5D:41372");
  ASSERT_EQ(inet_pton(AF_INET6, "::ffff:10.0.0.7", &address->sin6_addr), 1);
  EXPECT_EQ(Connections::NameOf(storage), "ipv4:10.0.0.7:41372");
  address->sin6_family = AF_UNIX;
  EXPECT_EQ(Connections::NameOf(storage), "");
}

TEST(ConnectionsTest, CallsAnIpv6PeerWhatGrpcCallsIt) {
  if (!HasIpv6()) GTEST_SKIP() << "this machine has no ::1 to connect to";
  ExpectSameName("[::1]", AF_INET6);
}

TEST(ConnectionsTest, FindsTheHandleByItsPeer) {
  const Connection connection;
  Connections connections;
  connections.Add(connection.server());
  const std::string peer = Connections::PeerOf(connection.server());
  EXPECT_THAT(peer, StartsWith("ipv4:127.0.0.1:"));
  EXPECT_EQ(connections.Find(peer), connection.server());
  EXPECT_EQ(connections.Find("ipv4:127.0.0.1:1"), -1);
}

TEST(ConnectionsTest, RemembersNothingThatIsNoConnection) {
  Connections connections;
  connections.Add(STDERR_FILENO);
  connections.Add(-1);
  EXPECT_EQ(connections.size(), 0U);
  EXPECT_EQ(connections.Find(""), -1);
}

TEST(ConnectionsTest, ForgetsClosedOnesHoweverManyCome) {
  const Connection open;
  Connections connections;
  connections.Add(open.server());
  for (int i = 0; i < 500; ++i) connections.Add(Connection().server());
  EXPECT_LE(connections.size(), 64U);
  EXPECT_EQ(connections.Find(Connections::PeerOf(open.server())),
            open.server());
}

// Sends `count` bytes, of which the other end reads all but `unread`.
void Send(const Connection& connection, size_t count, size_t unread) {
  std::string bytes(count, 'x');
  ASSERT_EQ(send(connection.client(), bytes.data(), count, 0),
            static_cast<ssize_t>(count));
  ASSERT_EQ(
      recv(connection.server(), bytes.data(), count - unread, MSG_WAITALL),
      static_cast<ssize_t>(count - unread));
}

TEST(ConnectionsTest, CutsTheOneThatWasReadMost) {
  const Connection quiet;
  const Connection busy;
  const Connection unread;
  Connections connections;
  for (const Connection* one : {&quiet, &busy, &unread}) {
    connections.Add(one->server());
    Send(*one, 1000, 0);
  }
  Send(quiet, 5000, 0);
  const Connections::BytesRead before = connections.ReadSoFar();
  Send(quiet, 10, 0);
  Send(busy, 100, 0);
  Send(unread, 3000, 2950);
  const std::string peer = Connections::PeerOf(busy.server());
  EXPECT_EQ(connections.CutBusiest(before), peer);
  char byte = 0;
  EXPECT_EQ(recv(busy.client(), &byte, 1, 0), 0) << "its client hears of it";
  EXPECT_EQ(recv(quiet.client(), &byte, 1, MSG_DONTWAIT), -1) << "open";
}

TEST(ConnectionsTest, CutsNobodyWhenNothingWasRead) {
  const Connection connection;
  Connections connections;
  connections.Add(connection.server());
  Send(connection, 1000, 0);
  const Connections::BytesRead before = connections.ReadSoFar();
  EXPECT_EQ(connections.CutBusiest(before), "");
}

TEST(ConnectionsTest, CutsWhoeverHasTheHandleOfAClosedConnectionNow) {
  auto closed = std::make_unique<Connection>();
  Connections connections;
  connections.Add(closed->server());
  const int handle = closed->server();
  closed.reset();
  // The kernel gives the lowest free handles first.
  std::vector<std::unique_ptr<Connection>> opened;
  while (opened.empty() || opened.back()->server() < handle) {
    opened.push_back(std::make_unique<Connection>());
    connections.Add(opened.back()->server());
  }
  const auto same = std::find_if(
      opened.begin(), opened.end(),
      [handle](const auto& one) { return one->server() == handle; });
  ASSERT_NE(same, opened.end());
  Send(**same, 100, 0);
  EXPECT_EQ(connections.CutBusiest({}), Connections::PeerOf(handle));
}

TEST(HeldBackTest, HoldsTheConnectionBackForAsLongAsItLives) {
  const Connection connection;
  {
    const HeldBack held_back(connection.server());
    EXPECT_EQ(IsCorked(connection.server()), 1);
    ASSERT_EQ(write(connection.server(), "a", 1), 1);
    ASSERT_EQ(write(connection.server(), "b", 1), 1);
  }
  EXPECT_EQ(IsCorked(connection.server()), 0);
  char text[2] = {};
  EXPECT_EQ(recv(connection.client(), text, 2, MSG_WAITALL), 2);
  EXPECT_EQ(std::string(text, 2), "ab");
}

TEST(HeldBackTest, DoesNothingWithoutAConnection) {
  { const HeldBack held_back(-1); }
  const HeldBack no_connection(STDERR_FILENO);
}

}  // namespace
}  // namespace secondstory::incidentd
