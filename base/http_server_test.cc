// Goal: no client, however slow, large, rude or numerous, costs the server more
// than a file handle for a bounded time.
// Method: raw sockets against a real server on loopback.
#include "base/http_server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/read.hpp"
#include "boost/asio/read_until.hpp"
#include "boost/asio/write.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

class Client {
 public:
  explicit Client(int port) : socket_(context_) {
    socket_.connect(
        {asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)});
  }

  // False once the server has closed.
  bool Send(const std::string& bytes) {
    error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }

  // All until the server closes.
  std::string ReadAll() {
    std::string text;
    error_code error;
    asio::read(socket_, asio::dynamic_buffer(text), error);
    return text;
  }

  // One response whose body ends in `end`.
  std::string ReadUntil(const std::string& end) {
    error_code error;
    const size_t bytes =
        asio::read_until(socket_, asio::dynamic_buffer(input_), end, error);
    const std::string text = input_.substr(0, bytes);
    input_.erase(0, bytes);
    return text;
  }

  std::string Exchange(const std::string& request) {
    Send(request);
    return ReadUntil("!");
  }

 private:
  asio::io_context context_;
  tcp::socket socket_;
  std::string input_;
};

HttpHandler Echo() {
  return [](HttpRequest request, const HttpRespond& respond) {
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = absl::StrCat(request.method, " ", request.path, " ?",
                                 request.query, " ", request.body.size(), "!");
    respond(std::move(response));
  };
}

std::unique_ptr<HttpServer> StartServer(const HttpLimits& limits = {},
                                        HttpHandler handler = Echo()) {
  auto server = HttpServer::Start("127.0.0.1:0", std::move(handler), limits, 2);
  EXPECT_THAT(server, IsOk());
  return *std::move(server);
}

TEST(HttpServerTest, AnswersSeveralRequestsOfOneConnection) {
  auto server = StartServer();
  Client client(server->port());
  EXPECT_THAT(client.Exchange("GET /a/b?c=d HTTP/1.1\r\nHost: x\r\n\r\n"),
              HasSubstr("GET /a/b ?c=d 0!"));
  EXPECT_THAT(client.Exchange("POST /p HTTP/1.1\r\nHost: x\r\n"
                              "Content-Length: 3\r\n\r\nabc"),
              HasSubstr("POST /p ? 3!"));
}

TEST(HttpServerTest, AnswersRequestsThatWereSentWithoutWaiting) {
  auto server = StartServer();
  Client client(server->port());
  EXPECT_TRUE(client.Send(absl::StrCat(kGet, kGet, kGet)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client.ReadUntil("!"), StartsWith("HTTP/1.1 200"));
  }
}

TEST(HttpServerTest, ReadsChunkedBodies) {
  auto server = StartServer();
  Client client(server->port());
  EXPECT_THAT(client.Exchange("POST / HTTP/1.1\r\nHost: x\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              HasSubstr(" 5!"));
}

TEST(HttpServerTest, TellsAClientThatAsksToSendItsBody) {
  auto server = StartServer();
  Client client(server->port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: 1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  EXPECT_THAT(client.Exchange("x"), HasSubstr(" 1!"));
}

TEST(HttpServerTest, AnswersHeadWithoutABody) {
  auto server = StartServer();
  Client client(server->port());
  client.Send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 11"));
  EXPECT_TRUE(absl::EndsWith(answer, "\r\n\r\n")) << answer;
}

TEST(HttpServerTest, RefusesALargeBodyWithoutReadingIt) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  auto server = StartServer(limits);
  Client client(server->port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, HasSubstr("larger than 1000 bytes"));
}

TEST(HttpServerTest, RefusesAChunkedBodyOnceItIsTooLarge) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  auto server = StartServer(limits);
  Client client(server->port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) {
    client.Send("190\r\n" + std::string(400, 'x') + "\r\n");
  }
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 413"));
}

TEST(HttpServerTest, RefusesALargeHeader) {
  auto server = StartServer();
  Client client(server->port());
  client.Send("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x'));
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 431"));
}

TEST(HttpServerTest, AnswersGarbageWithBadRequest) {
  auto server = StartServer();
  for (const char* garbage :
       {"\x16\x03\x01\x02\x01\x01\x01\x01\r\n\r\n", "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"}) {
    Client client(server->port());
    client.Send(garbage);
    EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 400")) << garbage;
  }
}

TEST(HttpServerTest, HoldsNoMoreBodiesThanAllowed) {
  HttpLimits limits;
  limits.pending_body_bytes_max = 1000;
  auto server = StartServer(limits);
  const std::string head =
      "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: 800\r\n\r\n";
  auto first = std::make_unique<Client>(server->port());
  first->Send(head);
  EXPECT_THAT(first->ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  Client second(server->port());
  second.Send(head);
  const std::string answer = second.ReadAll();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
  EXPECT_THAT(first->Exchange(std::string(800, 'x')), HasSubstr(" 800!"));
  Client third(server->port());
  third.Send(head);
  EXPECT_THAT(third.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
}

TEST(HttpServerTest, ClosesAnIdleConnection) {
  HttpLimits limits;
  limits.idle_timeout = absl::Milliseconds(50);
  auto server = StartServer(limits);
  Client silent(server->port());
  EXPECT_THAT(silent.ReadAll(), IsEmpty());
  Client served(server->port());
  EXPECT_THAT(served.Exchange(kGet), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(served.ReadAll(), IsEmpty());
}

TEST(HttpServerTest, ClosesAConnectionWhoseRequestTakesTooLong) {
  HttpLimits limits;
  limits.request_timeout = absl::Milliseconds(100);
  auto server = StartServer(limits);
  Client client(server->port());
  // One byte at a time: progress does not buy time.
  const std::string request = "GET /" + std::string(100000, 'x');
  size_t sent = 0;
  while (sent < request.size() && client.Send(request.substr(sent, 1))) {
    ++sent;
    absl::SleepFor(absl::Milliseconds(1));  // the pace of a slow client
  }
  EXPECT_LT(sent, request.size());
}

TEST(HttpServerTest, ServesOthersWhileManyClientsDoNothing) {
  auto server = StartServer();
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<Client>(server->port()));
    slow.back()->Send("POST / HTTP/1.1\r\nContent-Le");
  }
  Client client(server->port());
  EXPECT_THAT(client.Exchange(kGet), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServerTest, LetsFurtherConnectionsWaitForRoom) {
  HttpLimits limits;
  limits.connection_count_max = 2;
  auto server = StartServer(limits);
  auto first = std::make_unique<Client>(server->port());
  auto second = std::make_unique<Client>(server->port());
  first->Exchange(kGet);
  second->Exchange(kGet);
  Client third(server->port());
  third.Send(kGet);
  first.reset();
  EXPECT_THAT(third.ReadUntil("!"), StartsWith("HTTP/1.1 200"));
}

// Takes all file handles of this process.
class AllHandles {
 public:
  AllHandles() {
    for (int handle = dup(0); handle >= 0; handle = dup(0)) {
      taken_.push_back(handle);
    }
  }
  ~AllHandles() {
    for (const int handle : taken_) close(handle);
  }

 private:
  std::vector<int> taken_;
};

// Sends what is written to stderr into a pipe.
class StderrPipe {
 public:
  StderrPipe() : stderr_(dup(STDERR_FILENO)) {
    EXPECT_EQ(pipe(ends_), 0);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~StderrPipe() {
    dup2(stderr_, STDERR_FILENO);
    for (const int handle : {stderr_, ends_[0], ends_[1]}) close(handle);
  }
  std::string ReadSome() {
    char text[4096];
    const ssize_t bytes = read(ends_[0], text, sizeof(text));
    return std::string(text, std::max<ssize_t>(bytes, 0));
  }

 private:
  int stderr_;
  int ends_[2];
};

TEST(HttpServerTest, GoesOnAfterRunningOutOfFileHandles) {
  rlimit old_limit{};
  getrlimit(RLIMIT_NOFILE, &old_limit);
  const rlimit small_limit{64, old_limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &small_limit);
  auto server = StartServer();
  asio::io_context context;
  tcp::socket socket(context, tcp::v4());
  {
    StderrPipe logged;
    const AllHandles handles;
    socket.connect({asio::ip::address_v4::loopback(),
                    static_cast<unsigned short>(server->port())});
    EXPECT_THAT(logged.ReadSome(), HasSubstr("cannot accept connections"));
  }
  asio::write(socket, asio::buffer(std::string(kGet)));
  std::string answer;
  error_code error;
  asio::read_until(socket, asio::dynamic_buffer(answer), "!", error);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  setrlimit(RLIMIT_NOFILE, &old_limit);
}

TEST(HttpServerTest, AnswersWhatIsUnderWayBeforeItStops) {
  absl::Notification asked;
  HttpRespond respond;
  auto server = StartServer({}, [&](HttpRequest, HttpRespond r) {
    respond = std::move(r);
    asked.Notify();
  });
  Client idle(server->port());
  Client client(server->port());
  client.Send(kGet);
  asked.WaitForNotification();
  std::thread stopper([&server] { server.reset(); });
  EXPECT_THAT(idle.ReadAll(), IsEmpty());  // the stop has begun
  respond({200, "text/plain", "late!", {}});
  EXPECT_THAT(client.ReadAll(), HasSubstr("late!"));
  stopper.join();
}

TEST(HttpServerTest, BearsAnAnswerAfterItIsGone) {
  absl::Notification asked;
  HttpRespond respond;
  auto server = StartServer({}, [&](HttpRequest, HttpRespond r) {
    respond = std::move(r);
    asked.Notify();
  });
  Client client(server->port());
  client.Send(kGet);
  asked.WaitForNotification();
  server.reset();
  respond({});
  EXPECT_THAT(client.ReadAll(), IsEmpty());
}

TEST(HttpServerTest, ClosesTheConnectionWhenNobodyAnswers) {
  auto server = StartServer({}, [](HttpRequest, const HttpRespond&) {});
  Client client(server->port());
  client.Send(kGet);
  EXPECT_THAT(client.ReadAll(), IsEmpty());
}

TEST(HttpServerTest, NamesTheAddressThatItCannotListenOn) {
  auto server = StartServer();
  const std::string taken = absl::StrCat("127.0.0.1:", server->port());
  const absl::Status status = HttpServer::Start(taken, Echo()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(status.message()), HasSubstr(taken));
  EXPECT_THAT(
      std::string(HttpServer::Start("nonsense", Echo()).status().message()),
      HasSubstr("expected host:port"));
}

TEST(HttpServerTest, ListensOnIpVersion6) {
  auto server = HttpServer::Start("[::1]:0", Echo());
  if (server.ok()) {
    EXPECT_GT((*server)->port(), 0);
  } else {  // a machine without it
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("[::1]:0"));
  }
}

}  // namespace
}  // namespace secondstory
