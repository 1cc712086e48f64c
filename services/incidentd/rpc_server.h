// The gRPC server: the asynchronous completion-queue API with pre-posted
// calls, and an accept loop of our own.
//
// The synchronous and the callback server of the packaged gRPC (1.51) make a
// thread or an object for every call that a client starts, and one client that
// starts and resets calls takes down the process with them. Here a call that
// nobody waits for stays inside gRPC, at the cost of its header.
//
// One thread takes calls off the wire and puts answers on it. Two would hand
// each call back and forth between them inside gRPC, by three futexes a call. A
// client that starts and resets calls faster than gRPC takes them in holds that
// thread inside gRPC. When it computed for 0.1 s without coming back, the
// client is hung up on, and its host is let in again 5 s later.
//
// Methods have one of three shapes: unary, pipelined (a stream of requests with
// one response each, in order) and streaming (one request, many responses).
#ifndef SECONDSTORY_SERVICES_INCIDENTD_RPC_SERVER_H_
#define SECONDSTORY_SERVICES_INCIDENTD_RPC_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace secondstory::incidentd {

// A message on the wire. INVALID_ARGUMENT: `bytes` is no `message`.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite* message);
grpc::ByteBuffer SerializeMessage(const google::protobuf::MessageLite& message);

// The same for a reader of its own: the message in one piece, copied only if it
// came in several; false when it cannot be had.
bool ReadBytes(const grpc::ByteBuffer& bytes, grpc::Slice* slice);
absl::string_view ToView(const grpc::Slice& slice);
absl::Status UnreadableRequest();
// What RunRead's false means to a client.
absl::Status TooManyReads();

// Answers one request. Called exactly once, from any thread.
using RpcReply = std::function<void(absl::StatusOr<grpc::ByteBuffer>)>;

// The response side of a streaming call. Threads: all methods may be called
// from any thread; callbacks run on a thread of the server and must not block.
class RpcStream {
 public:
  virtual ~RpcStream() = default;

  // Sends one response; `on_sent` hears whether the client still takes more.
  // REQUIRES: the `on_sent` of the one before was called.
  virtual void Write(grpc::ByteBuffer response,
                     std::function<void(bool ok)> on_sent) = 0;

  // Ends the call. At most once; no Write after it.
  virtual void Finish(const absl::Status& status) = 0;

  // Calls `on_end` once, when the call is over for whatever reason. Until then
  // the stream is kept alive; afterwards Write and Finish do nothing.
  virtual void OnEnd(std::function<void()> on_end) = 0;
};

struct RpcServerOptions {
  std::string address;  // "host:port"; port 0 takes a free one
  int connection_count_max = 1000;
  // Threads that run handlers which read the disk, and how many may wait.
  int read_thread_count = 2;
  int read_queue_max = 1000;
};

// Threads: Add* before Start, by one thread; the rest from any thread.
class RpcServer {
 public:
  // `metrics` must outlive the server.
  static std::unique_ptr<RpcServer> Create(const RpcServerOptions& options,
                                           Metrics* metrics);
  virtual ~RpcServer() = default;

  using OnRequest = std::function<void(grpc::ByteBuffer, RpcReply)>;
  using OnStream =
      std::function<void(grpc::ByteBuffer, std::shared_ptr<RpcStream>)>;

  // `method` is "/package.Service/Method". Handlers run on the I/O thread and
  // must not block; see RunRead.
  virtual void AddUnary(const std::string& method, OnRequest handler) = 0;
  virtual void AddPipelined(const std::string& method, OnRequest handler) = 0;
  virtual void AddStreaming(const std::string& method, OnStream handler) = 0;

  // Runs `work` on a thread that may block on the disk; false when too much
  // waits already.
  virtual bool RunRead(std::function<void()> work) = 0;

  // A unary method whose handler takes a while. `Response` is its message, or
  // grpc::ByteBuffer when the handler serializes it.
  template <typename Request, typename Response>
  void AddRead(const std::string& method,
               std::function<absl::StatusOr<Response>(const Request&)> handler);

  // A unary method that answers later.
  template <typename Request, typename Response>
  void AddAsync(const std::string& method,
                std::function<void(
                    Request, std::function<void(absl::StatusOr<Response>)>)>
                    handler);

  // A unary method that answers later, and whose handler takes a while first.
  template <typename Request, typename Response>
  void AddSlowAsync(const std::string& method,
                    std::function<void(
                        Request, std::function<void(absl::StatusOr<Response>)>)>
                        handler);

  // Names of the services that have methods, sorted.
  virtual std::vector<std::string> Services() const = 0;

  // Begins to take calls. UNAVAILABLE: cannot listen there.
  virtual absl::Status Start() = 0;
  virtual int port() const = 0;

  // Accepts no more, lets calls that are under way end for at most `grace`,
  // then cancels the rest and returns. Streams should have been finished.
  virtual void Shutdown(absl::Duration grace) = 0;
};

// ---------------------------------------------------------------------------

template <typename Response>
absl::StatusOr<grpc::ByteBuffer> SerializeResult(
    const absl::StatusOr<Response>& response) {
  if (!response.ok()) return response.status();
  return SerializeMessage(*response);
}

inline absl::StatusOr<grpc::ByteBuffer> SerializeResult(
    absl::StatusOr<grpc::ByteBuffer> response) {
  return response;
}

template <typename Request, typename Response>
void RpcServer::AddRead(
    const std::string& method,
    std::function<absl::StatusOr<Response>(const Request&)> handler) {
  AddUnary(method, [this, handler = std::move(handler)](
                       const grpc::ByteBuffer& bytes, const RpcReply& reply) {
    const bool taken = RunRead([handler, bytes, reply] {
      Request request;
      const absl::Status parsed = ParseMessage(bytes, &request);
      reply(parsed.ok() ? SerializeResult(handler(request)) : parsed);
    });
    if (!taken) reply(TooManyReads());
  });
}

template <typename Request, typename Response>
void RpcServer::AddAsync(
    const std::string& method,
    std::function<void(Request, std::function<void(absl::StatusOr<Response>)>)>
        handler) {
  AddUnary(method, [handler = std::move(handler)](const grpc::ByteBuffer& bytes,
                                                  const RpcReply& reply) {
    Request request;
    if (absl::Status parsed = ParseMessage(bytes, &request); !parsed.ok()) {
      return reply(parsed);
    }
    handler(std::move(request), [reply](absl::StatusOr<Response> response) {
      reply(SerializeResult(response));
    });
  });
}

template <typename Request, typename Response>
void RpcServer::AddSlowAsync(
    const std::string& method,
    std::function<void(Request, std::function<void(absl::StatusOr<Response>)>)>
        handler) {
  AddAsync<Request, Response>(
      method,
      [this, handler = std::move(handler)](
          Request request, std::function<void(absl::StatusOr<Response>)> done) {
        const bool taken =
            RunRead([handler, request, done] { handler(request, done); });
        if (!taken) done(TooManyReads());
      });
}

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_RPC_SERVER_H_
