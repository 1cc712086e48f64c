#include "base/http_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/logging.h"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/steady_timer.hpp"
#include "boost/asio/strand.hpp"
#include "boost/beast/core.hpp"
#include "boost/beast/http.hpp"

namespace secondstory {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr absl::Duration kStopGrace = absl::Seconds(5);
// How long a client may take to notice that its refused request ended.
constexpr std::chrono::seconds kLinger{1};
// How long to let others give back file handles.
constexpr std::chrono::milliseconds kAcceptPause{100};

class Session;

// What the sessions share. Whoever still holds a respond function keeps it
// alive, because it owns the context that the sockets refer to.
struct Core {
  Core(HttpHandler h, const HttpLimits& l) : handler(std::move(h)), limits(l) {}

  const HttpHandler handler;
  const HttpLimits limits;

  // Runs `work` on `executor` unless the server is gone.
  template <typename Executor, typename Work>
  void Post(const Executor& executor, Work work) {
    absl::MutexLock lock(&mutex);
    if (!gone) asio::post(executor, std::move(work));
  }

  // False when the requests under way already hold too much.
  bool TakeBodyBytes(size_t bytes) {
    absl::MutexLock lock(&mutex);
    if (body_bytes + bytes > limits.pending_body_bytes_max) return false;
    body_bytes += bytes;
    return true;
  }
  void GiveBackBodyBytes(size_t bytes) {
    absl::MutexLock lock(&mutex);
    body_bytes -= bytes;
  }

  asio::io_context context;
  std::function<void()> on_room;  // asks the acceptor to go on; set once

  absl::Mutex mutex;
  std::set<Session*> sessions ABSL_GUARDED_BY(mutex);
  size_t body_bytes ABSL_GUARDED_BY(mutex) = 0;
  bool gone ABSL_GUARDED_BY(mutex) = false;
  std::atomic<bool> stopping{false};
};

// One connection. Everything but the destructor runs on its own strand.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Core> core, tcp::socket socket)
      : core_(std::move(core)), stream_(std::move(socket)) {
    absl::MutexLock lock(&core_->mutex);
    core_->sessions.insert(this);
  }

  ~Session() {
    ReleaseBody();
    {
      absl::MutexLock lock(&core_->mutex);
      core_->sessions.erase(this);
    }
    core_->Post(core_->context.get_executor(), core_->on_room);
  }

  void Start() {
    asio::post(stream_.get_executor(),
               [self = shared_from_this()] { self->AwaitRequest(); });
  }

  // Ends the connection as soon as no request is under way, or `now`.
  void Stop(bool now) {
    core_->Post(stream_.get_executor(), [self = shared_from_this(), now] {
      if (now || self->idle_) self->Close();
    });
  }

 private:
  void AwaitRequest() {
    idle_ = true;
    if (core_->stopping) return Close();
    if (buffer_.size() > 0) return ReadHeader();  // the client did not wait
    stream_.expires_after(Chrono(core_->limits.idle_timeout));
    stream_.async_read_some(
        buffer_.prepare(512),
        [self = shared_from_this()](error_code error, size_t bytes) {
          if (error) return self->Close();
          self->buffer_.commit(bytes);
          self->ReadHeader();
        });
  }

  void ReadHeader() {
    idle_ = false;
    parser_.emplace();
    parser_->header_limit(
        static_cast<std::uint32_t>(core_->limits.header_bytes_max));
    parser_->body_limit(core_->limits.body_bytes_max);
    stream_.expires_after(Chrono(core_->limits.request_timeout));
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) {
          if (error) return self->Refuse(error);
          self->ReserveBody();
        });
  }

  void ReserveBody() {
    const auto length = parser_->content_length();
    const size_t bytes = length               ? *length
                         : parser_->chunked() ? core_->limits.body_bytes_max
                                              : 0;
    if (!core_->TakeBodyBytes(bytes)) {
      return Refuse(http::status::service_unavailable,
                    "too many requests are under way; try again");
    }
    body_bytes_ = bytes;
    const auto expect = parser_->get()[http::field::expect];
    if (!beast::iequals(expect, "100-continue")) return ReadBody();
    auto go_on = std::make_shared<http::response<http::empty_body>>(
        http::status::continue_, parser_->get().version());
    http::async_write(
        stream_, *go_on,
        [self = shared_from_this(), go_on](error_code error, size_t) {
          if (error) return self->Close();
          self->ReadBody();
        });
  }

  void ReadBody() {
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, size_t) {
                       if (error) return self->Refuse(error);
                       self->Handle();
                     });
  }

  void Handle() {
    http::request<http::string_body> message = parser_->release();
    version_ = message.version();
    keep_alive_ = message.keep_alive();
    head_ = message.method() == http::verb::head;
    HttpRequest request;
    request.method = std::string(message.method_string());
    const std::string target(message.target());
    const size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    request.content_type = std::string(message[http::field::content_type]);
    request.body = std::move(message.body());
    stream_.expires_never();
    core_->handler(std::move(request), MakeRespond());
  }

  // Lets go of the session with its first call, because a caller may keep the
  // function for longer.
  struct Pending {
    std::atomic<bool> answered{false};
    std::shared_ptr<Session> session;
  };

  HttpRespond MakeRespond() {
    auto pending = std::make_shared<Pending>();
    pending->session = shared_from_this();
    return [pending](HttpResponse response) {
      if (pending->answered.exchange(true)) return;
      const std::shared_ptr<Session> self = std::move(pending->session);
      self->core_->Post(self->stream_.get_executor(),
                        [self, response = std::move(response)]() mutable {
                          self->Write(std::move(response));
                        });
    };
  }

  void Write(HttpResponse response) {
    ReleaseBody();
    response_ = {};
    response_.version(version_);
    response_.result(static_cast<unsigned>(response.status));
    response_.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) {
      response_.set(name, value);
    }
    response_.keep_alive(keep_alive_ && !core_->stopping);
    response_.content_length(response.body.size());
    if (!head_) response_.body() = std::move(response.body);
    stream_.expires_after(Chrono(core_->limits.request_timeout));
    http::async_write(stream_, response_,
                      [self = shared_from_this()](error_code error, size_t) {
                        if (error) return self->Close();
                        if (self->response_.keep_alive()) {
                          self->AwaitRequest();
                        } else {
                          self->EndGently();
                        }
                      });
  }

  void Refuse(error_code error) {
    const HttpLimits& limits = core_->limits;
    if (error == http::error::body_limit) {
      return Refuse(http::status::payload_too_large,
                    absl::StrCat("the body is larger than ",
                                 limits.body_bytes_max, " bytes"));
    }
    if (error == http::error::header_limit) {
      return Refuse(http::status::request_header_fields_too_large,
                    absl::StrCat("the header is larger than ",
                                 limits.header_bytes_max, " bytes"));
    }
    const bool left = error == http::error::end_of_stream ||
                      error == http::error::partial_message;
    if (left || error.category() !=
                    make_error_code(http::error::end_of_stream).category()) {
      return Close();
    }
    Refuse(http::status::bad_request,
           absl::StrCat("not an HTTP/1.1 request: ", error.message()));
  }

  void Refuse(http::status status, const std::string& why) {
    version_ = 11;
    keep_alive_ = false;
    head_ = false;
    HttpResponse response;
    response.status = static_cast<int>(status);
    response.content_type = "text/plain; charset=utf-8";
    response.body = why + "\n";
    if (status == http::status::service_unavailable) {
      response.headers.emplace_back("Retry-After", "1");
    }
    Write(std::move(response));
  }

  // Closing while the client still sends would reset the connection, and the
  // reset can overtake the answer that says what was wrong.
  void EndGently() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    DropInput();
  }

  void DropInput() {
    buffer_.clear();
    stream_.async_read_some(
        buffer_.prepare(16 << 10),
        [self = shared_from_this()](error_code error, size_t) {
          if (error) return self->Close();
          self->DropInput();
        });
  }

  void Close() {
    error_code ignored;
    stream_.socket().close(ignored);
  }

  void ReleaseBody() {
    core_->GiveBackBodyBytes(std::exchange(body_bytes_, 0));
  }

  static std::chrono::nanoseconds Chrono(absl::Duration duration) {
    return absl::ToChronoNanoseconds(duration);
  }

  const std::shared_ptr<Core> core_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  size_t body_bytes_ = 0;
  unsigned version_ = 11;
  bool keep_alive_ = false;
  bool head_ = false;
  bool idle_ = true;
};

class Server final : public HttpServer {
 public:
  Server(HttpHandler handler, const HttpLimits& limits)
      : core_(std::make_shared<Core>(std::move(handler), limits)),
        work_(core_->context.get_executor()),
        strand_(asio::make_strand(core_->context)),
        acceptor_(strand_),
        pause_(strand_) {}

  error_code Listen(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    return error;
  }

  void Run(int thread_count) {
    core_->on_room = [this] {
      asio::post(strand_, [this] {
        if (std::exchange(full_, false)) Accept();
      });
    };
    asio::post(strand_, [this] { Accept(); });
    for (int i = 0; i < thread_count; ++i) {
      threads_.emplace_back([this] { core_->context.run(); });
    }
  }

  ~Server() override {
    core_->stopping = true;
    asio::post(strand_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
    });
    StopSessions(/*now=*/false);
    {
      absl::MutexLock lock(&core_->mutex);
      core_->mutex.AwaitWithTimeout(
          absl::Condition(
              +[](std::set<Session*>* sessions) { return sessions->empty(); },
              &core_->sessions),
          threads_.empty() ? absl::ZeroDuration() : kStopGrace);
    }
    StopSessions(/*now=*/true);
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    {
      absl::MutexLock lock(&core_->mutex);
      core_->gone = true;
    }
    // What was posted since the threads ended.
    core_->context.restart();
    core_->context.poll();
  }

  int port() const override { return port_; }

 private:
  void Accept() {
    if (core_->stopping) return;
    {
      absl::MutexLock lock(&core_->mutex);
      full_ = static_cast<int>(core_->sessions.size()) >=
              core_->limits.connection_count_max;
    }
    if (full_) return;  // on_room comes back
    acceptor_.async_accept(asio::make_strand(core_->context),
                           [this](error_code error, tcp::socket socket) {
                             OnAccept(error, std::move(socket));
                           });
  }

  void OnAccept(error_code error, tcp::socket socket) {
    if (!error) {
      out_of_handles_ = false;
      std::make_shared<Session>(core_, std::move(socket))->Start();
    } else if (IsShortage(error)) {
      return PauseAccepting(error);
    }
    Accept();
  }

  // Out of something that comes back. Trying again at once would be a busy
  // loop: the connection stays first in the queue.
  static bool IsShortage(error_code error) {
    namespace code = boost::system::errc;
    return error == code::too_many_files_open ||
           error == code::too_many_files_open_in_system ||
           error == code::no_buffer_space || error == code::not_enough_memory;
  }

  void PauseAccepting(error_code error) {
    if (!std::exchange(out_of_handles_, true)) {
      log::Warning("cannot accept connections for now",
                   {{"port", port_}, {"reason", error.message()}});
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code) { Accept(); });
  }

  void StopSessions(bool now) {
    std::vector<std::shared_ptr<Session>> sessions;
    {
      absl::MutexLock lock(&core_->mutex);
      for (Session* session : core_->sessions) {
        // Null for one that is being destroyed at this moment.
        if (auto alive = session->weak_from_this().lock()) {
          sessions.push_back(std::move(alive));
        }
      }
    }
    for (const auto& session : sessions) session->Stop(now);
  }

  const std::shared_ptr<Core> core_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::strand<asio::io_context::executor_type> strand_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  bool full_ = false;
  bool out_of_handles_ = false;
  int port_ = 0;
  std::vector<std::thread> threads_;
};

absl::Status CannotListen(const std::string& address, absl::string_view why) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on \"", address, "\": ", why));
}

absl::StatusOr<tcp::endpoint> ParseAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return CannotListen(address, "expected host:port");
  }
  std::string host = address.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  asio::io_context context;
  error_code error;
  const auto found = tcp::resolver(context).resolve(
      host, absl::StrCat(port),
      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return CannotListen(address, error.message());
  return found.begin()->endpoint();
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& address, HttpHandler handler, const HttpLimits& limits,
    int thread_count) {
  const absl::StatusOr<tcp::endpoint> endpoint = ParseAddress(address);
  if (!endpoint.ok()) return endpoint.status();
  auto server = std::make_unique<Server>(std::move(handler), limits);
  if (const error_code error = server->Listen(*endpoint)) {
    return CannotListen(address, error.message());
  }
  server->Run(std::max(thread_count, 1));
  return server;
}

}  // namespace secondstory
