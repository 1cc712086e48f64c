#include "services/incidentd/rpc_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/status_macros.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/proto_buffer_writer.h"
#include "services/incidentd/acceptor.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {
namespace {

// Calls that wait for a client. As many can be taken at one moment; more wait
// inside gRPC until one of these was posted again, which is at once.
constexpr int kPostedCallCount = 128;
constexpr int kStreamsPerConnectionMax = 1024;
constexpr int kStatusCodeCount = 17;

enum class Shape { kUnary, kPipelined, kStreaming };

struct Method {
  Shape shape;
  RpcServer::OnRequest on_request;
  RpcServer::OnStream on_stream;
  std::string service;
  std::string name;
  // One counter a code, made when it is first needed.
  std::array<std::atomic<Counter*>, kStatusCodeCount> finished{};
  Histogram* seconds = nullptr;
  Gauge* in_flight = nullptr;
};

// A fixed number of threads and a queue with an end.
class ReadPool {
 public:
  ReadPool(int thread_count, int queue_max) : queue_max_(queue_max) {
    for (int i = 0; i < thread_count; ++i) {
      threads_.emplace_back([this] { Run(); });
    }
  }

  // Finishes what was taken.
  ~ReadPool() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
  }

  bool Add(std::function<void()> work) {
    absl::MutexLock lock(&mutex_);
    if (queue_.size() >= static_cast<size_t>(queue_max_)) return false;
    queue_.push_back(std::move(work));
    return true;
  }

 private:
  void Run() {
    const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return stopping_ || !queue_.empty();
    };
    while (true) {
      std::function<void()> work;
      {
        absl::MutexLock lock(&mutex_, absl::Condition(&ready));
        if (queue_.empty()) return;
        work = std::move(queue_.front());
        queue_.pop_front();
      }
      work();
    }
  }

  const int queue_max_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

class Server;

// One RPC, from the moment in which it is posted to its end. Every operation
// that is under way keeps it alive.
class Call final : public RpcStream, public std::enable_shared_from_this<Call> {
 public:
  enum Op { kRequest, kRead, kWrite, kFinish, kDone, kOpCount };
  struct Tag {
    Call* call = nullptr;
    Op op = kRequest;
    std::shared_ptr<Call> keep_alive;
  };

  explicit Call(Server* server) : server_(server) {
    for (int op = 0; op < kOpCount; ++op) {
      tags_[op].call = this;
      tags_[op].op = static_cast<Op>(op);
    }
  }
  ~Call() override;

  void Post();
  void On(Op op, bool ok);

  void Write(grpc::ByteBuffer response,
             std::function<void(bool)> on_sent) override;
  void Finish(const absl::Status& status) override;
  void OnEnd(std::function<void()> on_end) override;

 private:
  // One request of a pipelined call, and its answer once there is one.
  struct Slot {
    std::optional<absl::StatusOr<grpc::ByteBuffer>> answer;
  };

  Tag* Begin(Op op) {
    tags_[op].keep_alive = shared_from_this();
    return &tags_[op];
  }

  void OnRequest(bool ok);
  void OnRead(bool ok);
  void OnWrite(bool ok);
  void OnDone();
  void OnUnaryRead(bool ok);
  void OnPipelinedRead(bool ok);
  void AnswerSlot(size_t number, absl::StatusOr<grpc::ByteBuffer> answer);
  void PumpSlots() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadMore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reply(absl::StatusOr<grpc::ByteBuffer> answer);
  void FinishLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Server* const server_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter rpc_{&context_};
  std::array<Tag, kOpCount> tags_;
  Method* method_ = nullptr;
  absl::Time start_;
  grpc::ByteBuffer request_;

  absl::Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called, or done
  int code_ ABSL_GUARDED_BY(mutex_) = grpc::CANCELLED;
  std::function<void(bool)> on_sent_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> on_end_ ABSL_GUARDED_BY(mutex_);
  // Pipelined calls only.
  std::deque<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  size_t first_slot_ ABSL_GUARDED_BY(mutex_) = 0;  // number of slots_.front()
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

class Server final : public RpcServer {
 public:
  Server(const RpcServerOptions& options, Metrics* metrics)
      : options_(options),
        metrics_(metrics),
        reads_(options.read_thread_count, options.read_queue_max) {}

  ~Server() override { Shutdown(absl::ZeroDuration()); }

  void AddUnary(const std::string& method,
                RpcServer::OnRequest handler) override {
    Add(method, Shape::kUnary)->on_request = std::move(handler);
  }
  void AddPipelined(const std::string& method,
                    RpcServer::OnRequest handler) override {
    Add(method, Shape::kPipelined)->on_request = std::move(handler);
  }
  void AddStreaming(const std::string& method,
                    RpcServer::OnStream handler) override {
    Add(method, Shape::kStreaming)->on_stream = std::move(handler);
  }
  bool RunRead(std::function<void()> work) override {
    return reads_.Add(std::move(work));
  }

  std::vector<std::string> Services() const override {
    std::vector<std::string> names;
    for (const auto& [path, method] : methods_) {
      names.push_back(method->service);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  absl::Status Start() override;
  int port() const override { return acceptor_->port(); }
  void Shutdown(absl::Duration grace) override;

  // For Call:

  // Posts one more call, unless the server stops.
  void PostCall() {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return;
    ++call_count_;
    std::make_shared<Call>(this)->Post();
  }
  void RequestCall(grpc::GenericServerContext* context,
                   grpc::GenericServerAsyncReaderWriter* rpc, Call::Tag* tag) {
    generic_.RequestCall(context, rpc, queue_.get(), queue_.get(), tag);
  }
  void ForgetCall() {
    absl::MutexLock lock(&mutex_);
    --call_count_;
  }
  Method* FindMethod(const std::string& path) {
    const auto it = methods_.find(path);
    return it == methods_.end() ? nullptr : it->second.get();
  }
  void Count(Method* method, int code, absl::Duration took);

 private:
  Method* Add(const std::string& path, Shape shape);
  void ServeQueue();

  const RpcServerOptions options_;
  Metrics* const metrics_;
  ReadPool reads_;
  absl::flat_hash_map<std::string, std::unique_ptr<Method>> methods_;
  grpc::AsyncGenericService generic_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::thread> threads_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int call_count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// ---- Call -----------------------------------------------------------------

Call::~Call() {
  if (method_ != nullptr) {
    absl::MutexLock lock(&mutex_);
    server_->Count(method_, code_, absl::Now() - start_);
  }
  server_->ForgetCall();
}

void Call::Post() {
  context_.AsyncNotifyWhenDone(Begin(kDone));
  server_->RequestCall(&context_, &rpc_, Begin(kRequest));
}

void Call::On(Op op, bool ok) {
  const std::shared_ptr<Call> keep_alive = std::move(tags_[op].keep_alive);
  switch (op) {
    case kRequest:
      return OnRequest(ok);
    case kRead:
      return OnRead(ok);
    case kWrite:
      return OnWrite(ok);
    case kDone:
      return OnDone();
    case kFinish:
    case kOpCount:
      return;
  }
}

void Call::OnRequest(bool ok) {
  if (!ok) {
    // The server stops; gRPC tells nothing more about this one.
    tags_[kDone].keep_alive.reset();
    return;
  }
  server_->PostCall();
  start_ = absl::Now();
  method_ = server_->FindMethod(context_.method());
  if (method_ == nullptr) {
    return Finish(absl::UnimplementedError(absl::StrCat(
        "there is no method ", context_.method(), " on this server")));
  }
  method_->in_flight->Increment();
  absl::MutexLock lock(&mutex_);
  reading_ = true;
  rpc_.Read(&request_, Begin(kRead));
}

void Call::OnRead(bool ok) {
  if (method_->shape == Shape::kPipelined) return OnPipelinedRead(ok);
  if (!ok) {
    return Finish(absl::InvalidArgumentError("the call carries no request"));
  }
  OnUnaryRead(ok);
}

void Call::OnUnaryRead(bool /*ok*/) {
  grpc::ByteBuffer request;
  request.Swap(&request_);
  if (method_->shape == Shape::kStreaming) {
    return method_->on_stream(std::move(request), shared_from_this());
  }
  method_->on_request(std::move(request),
                      [self = shared_from_this()](auto answer) {
                        self->Reply(std::move(answer));
                      });
}

void Call::Reply(absl::StatusOr<grpc::ByteBuffer> answer) {
  absl::MutexLock lock(&mutex_);
  if (!answer.ok()) return FinishLocked(answer.status());
  if (ended_) return;
  ended_ = true;
  code_ = grpc::OK;
  rpc_.WriteAndFinish(*answer, grpc::WriteOptions(), grpc::Status::OK,
                      Begin(kFinish));
}

void Call::OnPipelinedRead(bool ok) {
  grpc::ByteBuffer request;
  size_t number = 0;
  {
    absl::MutexLock lock(&mutex_);
    reading_ = false;
    if (!ok || ended_) {
      half_closed_ = true;
      return PumpSlots();
    }
    request.Swap(&request_);
    number = first_slot_ + slots_.size();
    slots_.emplace_back();
  }
  method_->on_request(std::move(request),
                      [self = shared_from_this(), number](auto answer) {
                        self->AnswerSlot(number, std::move(answer));
                      });
  // Only now, so that requests are handed over in their order.
  absl::MutexLock lock(&mutex_);
  ReadMore();
}

void Call::AnswerSlot(size_t number, absl::StatusOr<grpc::ByteBuffer> answer) {
  absl::MutexLock lock(&mutex_);
  slots_.at(number - first_slot_).answer = std::move(answer);
  PumpSlots();
}

void Call::ReadMore() {
  if (reading_ || half_closed_ || ended_ ||
      slots_.size() >= static_cast<size_t>(limits::kStreamAppendsInFlightMax)) {
    return;
  }
  reading_ = true;
  rpc_.Read(&request_, Begin(kRead));
}

// Sends the oldest answer if it is there and nothing is being sent.
void Call::PumpSlots() {
  if (writing_ || ended_) return;
  if (slots_.empty()) {
    if (half_closed_) FinishLocked(absl::OkStatus());
    return;
  }
  const auto& answer = slots_.front().answer;
  if (!answer.has_value()) return;
  if (!answer->ok()) return FinishLocked(answer->status());
  writing_ = true;
  rpc_.Write(**answer, Begin(kWrite));
}

void Call::OnWrite(bool ok) {
  if (method_->shape != Shape::kPipelined) {
    std::function<void(bool)> on_sent;
    {
      absl::MutexLock lock(&mutex_);
      on_sent = std::move(on_sent_);
    }
    return on_sent(ok);
  }
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) return FinishLocked(absl::CancelledError("the client is gone"));
  slots_.pop_front();
  ++first_slot_;
  // One of the two has the next move, whichever side waited for room.
  PumpSlots();
  ReadMore();
}

void Call::Write(grpc::ByteBuffer response, std::function<void(bool)> on_sent) {
  {
    absl::MutexLock lock(&mutex_);
    if (!ended_) {
      on_sent_ = std::move(on_sent);
      rpc_.Write(response, Begin(kWrite));
      return;
    }
  }
  on_sent(false);
}

void Call::Finish(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  FinishLocked(status);
}

void Call::FinishLocked(const absl::Status& status) {
  if (ended_) return;
  ended_ = true;
  code_ = static_cast<int>(status.code());
  if (absl::IsInternal(status) || absl::IsDataLoss(status)) {
    log::Error("a call failed",
               {{"method", context_.method()}, {"status", status}});
  }
  rpc_.Finish(ToGrpcStatus(status), Begin(kFinish));
}

void Call::OnEnd(std::function<void()> on_end) {
  absl::MutexLock lock(&mutex_);
  on_end_.push_back(std::move(on_end));
}

void Call::OnDone() {
  std::vector<std::function<void()>> on_end;
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    on_end.swap(on_end_);
  }
  for (const auto& callback : on_end) callback();
}

// ---- Server ---------------------------------------------------------------

Method* Server::Add(const std::string& path, Shape shape) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  auto method = std::make_unique<Method>();
  method->shape = shape;
  method->service = parts.at(1);
  method->name = parts.at(2);
  const MetricLabels labels = {{"service", method->service},
                               {"method", method->name}};
  method->seconds = metrics_->AddHistogram(
      "secondstory_rpc_duration_seconds",
      "Time from taking a call off the wire to its end, by method.", labels);
  method->in_flight = metrics_->AddGauge("secondstory_rpc_in_flight_calls",
                                         "Calls under way, by method.", labels);
  return (methods_[path] = std::move(method)).get();
}

void Server::Count(Method* method, int code, absl::Duration took) {
  static constexpr std::array<const char*, kStatusCodeCount> kNames = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED"};
  if (code < 0 || code >= kStatusCodeCount) code = grpc::UNKNOWN;
  Counter* counter = method->finished[code].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = metrics_->AddCounter("secondstory_rpc_calls_total",
                                   "Calls that ended, by method and code.",
                                   {{"service", method->service},
                                    {"method", method->name},
                                    {"code", kNames[code]}});
    method->finished[code].store(counter, std::memory_order_release);
  }
  counter->Increment();
  method->seconds->Observe(absl::ToDoubleSeconds(took));
  method->in_flight->Decrement();
}

absl::Status Server::Start() {
  SS_ASSIGN_OR_RETURN(acceptor_, Acceptor::Listen(options_.address));
  grpc::ServerBuilder builder;
  connections_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  builder.RegisterAsyncGenericService(&generic_);
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMessageBytesMax));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             kStreamsPerConnectionMax);
  // A peer that vanished is noticed; a client may ask the same as often.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  queue_ = builder.AddCompletionQueue();
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::InternalError("gRPC does not start its server");
  }
  for (int i = 0; i < kPostedCallCount; ++i) PostCall();
  for (int i = 0; i < options_.io_thread_count; ++i) {
    threads_.emplace_back([this] { ServeQueue(); });
  }
  acceptor_->Start(options_.connection_count_max, [this](int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
        connection;
    connection.fd = fd;
    connections_->HandleNewConnection(&connection);
  });
  return absl::OkStatus();
}

void Server::ServeQueue() {
  void* raw = nullptr;
  bool ok = false;
  while (queue_->Next(&raw, &ok)) {
    auto* tag = static_cast<Call::Tag*>(raw);
    tag->call->On(tag->op, ok);
  }
}

void Server::Shutdown(absl::Duration grace) {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || server_ == nullptr) return;
    stopping_ = true;
  }
  acceptor_->Stop();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  {
    // An answer to a call that the client gave up still needs the queue.
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return call_count_ == 0;
    };
    absl::MutexLock lock(&mutex_, absl::Condition(&idle));
  }
  queue_->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace

absl::Status ParseMessage(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite* message) {
  grpc::ByteBuffer copy = bytes;  // shares the bytes
  grpc::ProtoBufferReader reader(&copy);
  if (!reader.status().ok() || !message->ParseFromZeroCopyStream(&reader)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the request is no ", message->GetTypeName(),
        " (bytes that are not this message, or text that is not UTF-8)"));
  }
  return absl::OkStatus();
}

grpc::ByteBuffer SerializeMessage(
    const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  // The slice is ours alone until it is in a buffer.
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

std::unique_ptr<RpcServer> RpcServer::Create(const RpcServerOptions& options,
                                             Metrics* metrics) {
  return std::make_unique<Server>(options, metrics);
}

}  // namespace secondstory::incidentd
