// A small HTTP/1.1 server (Boost.Beast) for webhooks, health and metrics.
//
// Asynchronous: a client that is slow or idle holds a file handle and a few
// KiB, never a thread, and is cut off by a timeout.
#ifndef SECONDSTORY_BASE_HTTP_SERVER_H_
#define SECONDSTORY_BASE_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace secondstory {

struct HttpRequest {
  std::string method;        // "POST"
  std::string path;          // "/v1/alertmanager/prod", without the query
  std::string query;         // "a=1&b=2", undecoded; may be empty
  std::string content_type;  // may be empty
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // More header lines, "Retry-After" for example.
  std::vector<std::pair<std::string, std::string>> headers;
};

// Answers a request, from any thread and at any time, also after the server is
// gone. Only the first call counts; when the last copy is destroyed without
// one, the connection is closed without an answer.
using HttpRespond = std::function<void(HttpResponse)>;

// Called once for each request that has been read completely and is within the
// limits. Runs on a thread of the server, so it must not block: who has to
// wait keeps the HttpRespond and returns.
using HttpHandler = std::function<void(HttpRequest, HttpRespond)>;

struct HttpLimits {
  size_t body_bytes_max = 4 << 20;     // more: 413
  size_t header_bytes_max = 16 << 10;  // more: 431
  // Bodies of all requests under way; more: 503 with Retry-After.
  size_t pending_body_bytes_max = 64 << 20;
  // From the first byte of a request to its last, and for writing a response;
  // then the connection is closed.
  absl::Duration request_timeout = absl::Seconds(30);
  // Between two requests of a connection.
  absl::Duration idle_timeout = absl::Seconds(60);
  int connection_count_max = 1000;  // further ones wait unaccepted
};

// What is no HTTP is answered with 400. Running out of file handles delays new
// connections and ends nothing.
//
// Threads: handlers run on `thread_count` threads of the server's own.
class HttpServer {
 public:
  // Listens on `address` ("host:port"; port 0 takes a free one) and serves
  // until destroyed. UNAVAILABLE: cannot listen there; names the address and
  // the reason.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const std::string& address, HttpHandler handler,
      const HttpLimits& limits = {}, int thread_count = 1);

  // Stops accepting, answers what is under way for at most 5 s, and returns.
  virtual ~HttpServer() = default;

  // The port that it listens on.
  virtual int port() const = 0;
};

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_HTTP_SERVER_H_
