#include "services/incidentd/rpc_server.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/status_macros.h"
#include "grpcpp/alarm.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/proto_buffer_writer.h"
#include "services/incidentd/acceptor.h"
#include "services/incidentd/connections.h"
#include "services/incidentd/rpc_status.h"
#include "services/incidentd/work_queue.h"

// Of libgrpc, which exports it and does not declare it in a public header. If a
// later one no longer has it, the link fails.
namespace grpc_core {
class Executor {
 public:
  static void SetThreadingDefault(bool enable);
};
}  // namespace grpc_core

namespace secondstory::incidentd {
namespace {

// Calls of each method that wait for a client. More wait inside gRPC until one
// was posted again, which is at once. They cost every call: whenever an
// operation ends, Debian's gRPC, built with its checks, looks it up in a list
// of all that are under way, these first.
constexpr int kPostedCallCount = 16;
constexpr int kStreamsPerConnectionMax = 1024;
constexpr int kStatusCodeCount = 17;
// How often the I/O thread is asked for a sign of life, and for how long it may
// compute until it gives one; twice, the second time to see whom it reads from.
constexpr absl::Duration kProbeInterval = absl::Milliseconds(50);
constexpr absl::Duration kAnswerTime = absl::Milliseconds(50);
// For how long the host of a client that was cut off may not come back.
constexpr absl::Duration kHoldOffTime = absl::Seconds(5);

enum class Shape { kUnary, kPipelined, kStreaming };

grpc::internal::RpcMethod::RpcType RpcTypeOf(Shape shape) {
  switch (shape) {
    case Shape::kUnary:
      return grpc::internal::RpcMethod::NORMAL_RPC;
    case Shape::kPipelined:
      return grpc::internal::RpcMethod::BIDI_STREAMING;
    case Shape::kStreaming:
      return grpc::internal::RpcMethod::SERVER_STREAMING;
  }
  return grpc::internal::RpcMethod::NORMAL_RPC;
}

// One method of ours, as one service of gRPC's, with messages left as bytes.
// Registered methods wait in queues of their own, so that a flood of calls to
// one does not delay the others; and gRPC reads the request of a unary or
// streaming call before it tells us, so that a call that is reset before it
// said anything never reaches us.
class Method final : public grpc::Service {
 public:
  Method(const std::string& path, Shape method_shape)
      : shape(method_shape), path_(path) {
    AddMethod(new grpc::internal::RpcServiceMethod(path_.c_str(),
                                                   RpcTypeOf(shape), nullptr));
    MarkMethodRaw(0);
  }

  void Request(grpc::ServerContext* context, grpc::ByteBuffer* request,
               grpc::internal::ServerAsyncStreamingInterface* stream,
               grpc::ServerCompletionQueue* queue, void* tag) {
    if (shape == Shape::kPipelined) {
      RequestAsyncBidiStreaming(0, context, stream, queue, queue, tag);
    } else {
      RequestAsyncUnary(0, context, request, stream, queue, queue, tag);
    }
  }

  const Shape shape;
  RpcServer::OnRequest on_request;
  RpcServer::OnStream on_stream;
  std::string service;
  std::string name;
  // One counter a code, made when it is first needed.
  std::array<std::atomic<Counter*>, kStatusCodeCount> finished{};
  Histogram* seconds = nullptr;
  Gauge* in_flight = nullptr;

 private:
  const std::string path_;  // gRPC keeps a pointer to it
};

class Server;

// One RPC, from the moment in which it is posted to its end. Every operation
// that is under way keeps it alive.
class Call : public std::enable_shared_from_this<Call> {
 public:
  enum Op { kRequest, kRead, kWrite, kFinish, kDone, kOpCount };
  struct Tag {
    Call* call = nullptr;
    Op op = kRequest;
    std::shared_ptr<Call> keep_alive;
  };

  Call(Server* server, Method* method) : server_(server), method_(method) {
    for (int op = 0; op < kOpCount; ++op) {
      tags_[op].call = this;
      tags_[op].op = static_cast<Op>(op);
    }
  }
  virtual ~Call();

  virtual void Post() = 0;
  void On(Op op, bool ok);
  // The name of the client's end of the connection.
  std::string peer() const { return context_.peer(); }

 protected:
  Tag* Begin(Op op) {
    tags_[op].keep_alive = shared_from_this();
    return &tags_[op];
  }
  void Forget(Op op) { tags_[op].keep_alive.reset(); }
  void PostRequest(grpc::internal::ServerAsyncStreamingInterface* stream);
  // Notes the end and its code; false when the call has ended already.
  bool End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // A client has called; the request of a unary or streaming call is there.
  virtual void OnCall() = 0;
  virtual void OnRead(bool /*ok*/) {}
  virtual void OnWrite(bool /*ok*/) {}
  virtual void OnDone() {}

  Server* const server_;
  Method* const method_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  absl::Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called, or done

 private:
  std::array<Tag, kOpCount> tags_;
  bool called_ = false;
  absl::Time start_;
  int code_ ABSL_GUARDED_BY(mutex_) = grpc::CANCELLED;
};

class UnaryCall final : public Call {
 public:
  using Call::Call;
  void Post() override { PostRequest(&writer_); }

 private:
  void OnCall() override;
  void Reply(const absl::StatusOr<grpc::ByteBuffer>& answer);

  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer_{&context_};
};

class StreamingCall final : public Call, public RpcStream {
 public:
  using Call::Call;
  void Post() override {
    context_.AsyncNotifyWhenDone(Begin(kDone));
    PostRequest(&writer_);
  }

  void Write(grpc::ByteBuffer response,
             std::function<void(bool)> on_sent) override;
  void Finish(const absl::Status& status) override;
  void OnEnd(std::function<void()> on_end) override;

 private:
  void OnCall() override;
  void OnWrite(bool ok) override;
  void OnDone() override;

  grpc::ServerAsyncWriter<grpc::ByteBuffer> writer_{&context_};
  bool done_ ABSL_GUARDED_BY(mutex_) = false;  // gRPC said so
  std::function<void(bool)> on_sent_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> on_end_ ABSL_GUARDED_BY(mutex_);
};

class PipelinedCall final : public Call {
 public:
  using Call::Call;
  void Post() override {
    context_.AsyncNotifyWhenDone(Begin(kDone));
    PostRequest(&stream_);
  }

 private:
  // A request, and its answer once there is one.
  struct Slot {
    std::optional<absl::StatusOr<grpc::ByteBuffer>> answer;
  };

  void OnCall() override;
  void OnRead(bool ok) override;
  void OnWrite(bool ok) override;
  void OnDone() override;
  void AnswerSlot(size_t number, absl::StatusOr<grpc::ByteBuffer> answer);
  void PumpSlots() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadMore() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{
      &context_};
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
        reads_("reads", options.read_thread_count,
               static_cast<size_t>(options.read_queue_max)),
        cut_connections_(metrics->AddCounter(
            "secondstory_rpc_connections_cut_total",
            "Connections that were closed because their client sent faster "
            "than calls can be taken in, so that others waited.",
            {})) {}

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
    for (const auto& method : methods_) names.push_back(method->service);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  absl::Status Start() override;
  int port() const override { return acceptor_->port(); }
  void Shutdown(absl::Duration grace) override;

  // For Call:

  // Posts one more call of `method`, unless the server stops.
  void PostCall(Method* method);
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  void BeginCall() {
    absl::MutexLock lock(&mutex_);
    ++begun_count_;
  }
  void ForgetCall(bool begun) {
    absl::MutexLock lock(&mutex_);
    --call_count_;
    if (begun) --begun_count_;
  }
  void Count(Method* method, int code, absl::Duration took);
  // Runs `work` on the I/O thread: at once if this is it, else when it next
  // looks. What other threads have gathered by then costs one wake-up, and
  // answers to calls of one connection go out together.
  void RunOnIoThread(std::function<void()> work,
                     const Call* answered = nullptr);

 private:
  struct IoWork {
    std::function<void()> run;
    const Call* answered;  // kept alive by `run`; nullptr: no answer
  };

  Method* Add(const std::string& path, Shape shape);
  void ServeQueue();
  void DoIoWork();
  // Whether the I/O thread computes for long without coming back from gRPC.
  bool IsHeld();
  void Guard();
  bool WaitForStop(absl::Duration time);

  const RpcServerOptions options_;
  Metrics* const metrics_;
  WorkQueue reads_;
  Counter* const cut_connections_;
  std::vector<std::unique_ptr<Method>> methods_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::thread io_thread_;
  std::thread guard_thread_;
  std::atomic<uint64_t> io_event_count_ = 0;  // that the I/O thread served
  // Set while `io_work_` holds anything; its event's tag is nullptr.
  grpc::Alarm io_alarm_;
  absl::Mutex io_mutex_;
  std::vector<IoWork> io_work_ ABSL_GUARDED_BY(io_mutex_);
  Connections open_connections_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  int call_count_ ABSL_GUARDED_BY(mutex_) = 0;   // posted or begun
  int begun_count_ ABSL_GUARDED_BY(mutex_) = 0;  // a client has called
};

// ---- Call -----------------------------------------------------------------

Call::~Call() {
  if (called_) {
    absl::MutexLock lock(&mutex_);
    server_->Count(method_, code_, absl::Now() - start_);
  }
  server_->ForgetCall(called_);
}

void Call::PostRequest(grpc::internal::ServerAsyncStreamingInterface* stream) {
  method_->Request(&context_, &request_, stream, server_->queue(),
                   Begin(kRequest));
}

void Call::On(Op op, bool ok) {
  const std::shared_ptr<Call> keep_alive = std::move(tags_[op].keep_alive);
  switch (op) {
    case kRequest:
      // Not OK: the server stops, and gRPC tells nothing more about this one.
      if (!ok) return Forget(kDone);
      server_->PostCall(method_);
      server_->BeginCall();
      called_ = true;
      start_ = absl::Now();
      method_->in_flight->Increment();
      return OnCall();
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

bool Call::End(const absl::Status& status) {
  if (ended_) return false;
  ended_ = true;
  code_ = static_cast<int>(status.code());
  if (absl::IsInternal(status) || absl::IsDataLoss(status)) {
    log::Error("a call failed",
               {{"method", method_->name}, {"status", status}});
  }
  return true;
}

// ---- UnaryCall ------------------------------------------------------------

void UnaryCall::OnCall() {
  const auto self = std::static_pointer_cast<UnaryCall>(shared_from_this());
  method_->on_request(
      std::move(request_), [self](absl::StatusOr<grpc::ByteBuffer> answer) {
        self->server_->RunOnIoThread(
            [self, answer = std::move(answer)] { self->Reply(answer); },
            self.get());
      });
}

void UnaryCall::Reply(const absl::StatusOr<grpc::ByteBuffer>& answer) {
  absl::MutexLock lock(&mutex_);
  if (!End(answer.status())) return;
  if (answer.ok()) {
    writer_.Finish(*answer, grpc::Status::OK, Begin(kFinish));
  } else {
    writer_.FinishWithError(ToGrpcStatus(answer.status()), Begin(kFinish));
  }
}

// ---- StreamingCall --------------------------------------------------------

void StreamingCall::OnCall() {
  {
    // Nobody waits for the answer any more.
    absl::MutexLock lock(&mutex_);
    if (ended_) return;
  }
  method_->on_stream(
      std::move(request_),
      std::static_pointer_cast<StreamingCall>(shared_from_this()));
}

void StreamingCall::Write(grpc::ByteBuffer response,
                          std::function<void(bool)> on_sent) {
  {
    absl::MutexLock lock(&mutex_);
    if (!ended_) {
      on_sent_ = std::move(on_sent);
      writer_.Write(response, Begin(kWrite));
      return;
    }
  }
  on_sent(false);
}

void StreamingCall::OnWrite(bool ok) {
  std::function<void(bool)> on_sent;
  {
    absl::MutexLock lock(&mutex_);
    on_sent = std::move(on_sent_);
  }
  on_sent(ok);
}

void StreamingCall::Finish(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  if (End(status)) writer_.Finish(ToGrpcStatus(status), Begin(kFinish));
}

void StreamingCall::OnEnd(std::function<void()> on_end) {
  {
    absl::MutexLock lock(&mutex_);
    if (!done_) {
      on_end_.push_back(std::move(on_end));
      return;
    }
  }
  on_end();
}

void StreamingCall::OnDone() {
  std::vector<std::function<void()>> on_end;
  {
    absl::MutexLock lock(&mutex_);
    done_ = ended_ = true;
    on_end.swap(on_end_);
  }
  for (const auto& callback : on_end) callback();
}

// ---- PipelinedCall --------------------------------------------------------

void PipelinedCall::OnCall() {
  absl::MutexLock lock(&mutex_);
  ReadMore();
}

void PipelinedCall::ReadMore() {
  if (reading_ || half_closed_ || ended_ ||
      slots_.size() >= static_cast<size_t>(limits::kStreamAppendsInFlightMax)) {
    return;
  }
  reading_ = true;
  stream_.Read(&request_, Begin(kRead));
}

void PipelinedCall::OnRead(bool ok) {
  grpc::ByteBuffer request;
  size_t number = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (!ok || ended_) {
      half_closed_ = true;
      return PumpSlots();
    }
    request.Swap(&request_);
    number = first_slot_ + slots_.size();
    slots_.emplace_back();
  }
  const auto self = std::static_pointer_cast<PipelinedCall>(shared_from_this());
  method_->on_request(
      std::move(request),
      [self, number](absl::StatusOr<grpc::ByteBuffer> answer) {
        self->server_->RunOnIoThread(
            [self, number, answer = std::move(answer)]() mutable {
              self->AnswerSlot(number, std::move(answer));
            });
      });
  // Only now, so that requests are handed over in their order.
  absl::MutexLock lock(&mutex_);
  reading_ = false;
  ReadMore();
}

void PipelinedCall::AnswerSlot(size_t number,
                               absl::StatusOr<grpc::ByteBuffer> answer) {
  absl::MutexLock lock(&mutex_);
  slots_.at(number - first_slot_).answer = std::move(answer);
  PumpSlots();
}

// Sends the oldest answer if it is there and nothing is being sent.
void PipelinedCall::PumpSlots() {
  if (writing_ || ended_) return;
  if (slots_.empty()) {
    if (half_closed_) Finish(absl::OkStatus());
    return;
  }
  const auto& answer = slots_.front().answer;
  if (!answer.has_value()) return;
  if (!answer->ok()) return Finish(answer->status());
  writing_ = true;
  grpc::WriteOptions options;
  // Answers that are there already go out in one packet. Not with an error
  // behind: it ends the stream, and overtakes what is held back.
  if (slots_.size() > 1 && slots_[1].answer.has_value() &&
      slots_[1].answer->ok()) {
    options.set_buffer_hint();
  }
  stream_.Write(**answer, options, Begin(kWrite));
}

void PipelinedCall::OnWrite(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok) return Finish(absl::CancelledError("the client is gone"));
  slots_.pop_front();
  ++first_slot_;
  // One of the two has the next move, whichever side waited for room.
  PumpSlots();
  ReadMore();
}

void PipelinedCall::Finish(const absl::Status& status) {
  if (End(status)) stream_.Finish(ToGrpcStatus(status), Begin(kFinish));
}

void PipelinedCall::OnDone() {
  absl::MutexLock lock(&mutex_);
  ended_ = true;
}

// ---- Server ---------------------------------------------------------------

Method* Server::Add(const std::string& path, Shape shape) {
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  auto method = std::make_unique<Method>(path, shape);
  method->service = parts.at(1);
  method->name = parts.at(2);
  const MetricLabels labels = {{"service", method->service},
                               {"method", method->name}};
  method->seconds = metrics_->AddHistogram(
      "secondstory_rpc_duration_seconds",
      "Time from taking a call off the wire to its end, by method.", labels);
  method->in_flight = metrics_->AddGauge("secondstory_rpc_in_flight_calls",
                                         "Calls under way, by method.", labels);
  methods_.push_back(std::move(method));
  return methods_.back().get();
}

void Server::PostCall(Method* method) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return;
  ++call_count_;
  switch (method->shape) {
    case Shape::kUnary:
      return std::make_shared<UnaryCall>(this, method)->Post();
    case Shape::kPipelined:
      return std::make_shared<PipelinedCall>(this, method)->Post();
    case Shape::kStreaming:
      return std::make_shared<StreamingCall>(this, method)->Post();
  }
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
  for (const auto& method : methods_) builder.RegisterService(method.get());
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
  // gRPC moves the work of a busy connection to a thread that all connections
  // share and that takes no second piece before the first has ended, which it
  // never does while one client starts and resets calls. Without that thread
  // the work stays on ours, which take turns.
  grpc_core::Executor::SetThreadingDefault(false);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::InternalError("gRPC does not start its server");
  }
  for (const auto& method : methods_) {
    for (int i = 0; i < kPostedCallCount; ++i) PostCall(method.get());
  }
  io_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "calls");
    ServeQueue();
  });
  guard_thread_ = std::thread([this] { Guard(); });
  acceptor_->Start(options_.connection_count_max, [this](int fd) {
    open_connections_.Add(fd);
    // Not here: gRPC begins to read at once, and may not come back.
    RunOnIoThread([this, fd] {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters
          connection;
      connection.fd = fd;
      connections_->HandleNewConnection(&connection);
    });
  });
  return absl::OkStatus();
}

void Server::ServeQueue() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    io_event_count_.fetch_add(1, std::memory_order_relaxed);
    if (tag == nullptr) {
      DoIoWork();
    } else {
      auto* event = static_cast<Call::Tag*>(tag);
      event->call->On(event->op, ok);
    }
  }
}

bool Server::WaitForStop(absl::Duration time) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopped_), time);
}

bool Server::IsHeld() {
  clockid_t clock{};
  pthread_getcpuclockid(io_thread_.native_handle(), &clock);
  const auto used = [clock] {
    timespec time{};
    clock_gettime(clock, &time);
    return absl::DurationFromTimespec(time);
  };
  const absl::Duration end = used() + kAnswerTime;
  const uint64_t before = io_event_count_.load(std::memory_order_relaxed);
  RunOnIoThread([] {});
  while (io_event_count_.load(std::memory_order_relaxed) == before) {
    if (used() >= end) return true;
    if (WaitForStop(kProbeInterval)) return false;
  }
  return false;
}

void Server::Guard() {
  while (!WaitForStop(kProbeInterval)) {
    if (!IsHeld()) continue;
    const Connections::BytesRead before = open_connections_.ReadSoFar();
    if (!IsHeld()) continue;
    const std::string peer = open_connections_.CutBusiest(before);
    if (peer.empty()) continue;
    acceptor_->HoldOff(peer, kHoldOffTime);
    cut_connections_->Increment();
    log::Warning(
        "hung up on a client that sends faster than calls can be "
        "taken in, so that others wait; look at what it starts and "
        "gives up",
        {{"peer", peer}});
  }
}

void Server::RunOnIoThread(std::function<void()> work, const Call* answered) {
  if (std::this_thread::get_id() == io_thread_.get_id()) return work();
  absl::MutexLock lock(&io_mutex_);
  io_work_.push_back({std::move(work), answered});
  if (io_work_.size() > 1) return;
  io_alarm_.Set(queue_.get(), gpr_time_0(GPR_CLOCK_MONOTONIC), nullptr);
}

void Server::DoIoWork() {
  std::vector<IoWork> work;
  {
    absl::MutexLock lock(&io_mutex_);
    work.swap(io_work_);
  }
  absl::flat_hash_map<std::string, std::vector<const IoWork*>> by_peer;
  for (const IoWork& one : work) {
    if (one.answered == nullptr || work.size() == 1) {
      one.run();
    } else {
      by_peer[one.answered->peer()].push_back(&one);
    }
  }
  for (const auto& [peer, answers] : by_peer) {
    const HeldBack held_back(answers.size() > 1 ? open_connections_.Find(peer)
                                                : -1);
    for (const IoWork* answer : answers) answer->run();
  }
}

void Server::Shutdown(absl::Duration grace) {
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_ || server_ == nullptr) return;
    stopping_ = true;
  }
  acceptor_->Stop();
  const auto none_begun = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return begun_count_ == 0;
  };
  {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&none_begun), grace);
  }
  // Without a grace of its own: gRPC would spend it waiting for clients that
  // are merely connected.
  server_->Shutdown(absl::ToChronoTime(absl::Now()));
  {
    // An answer to a call that the client gave up still needs the queue.
    const auto none_left = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return call_count_ == 0;
    };
    absl::MutexLock lock(&mutex_, absl::Condition(&none_left));
    stopped_ = true;
  }
  guard_thread_.join();
  queue_->Shutdown();
  io_thread_.join();
}

}  // namespace

absl::Status ParseMessage(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite* message) {
  grpc::ByteBuffer copy = bytes;  // shares the bytes
  grpc::ProtoBufferReader reader(&copy);
  if (!reader.status().ok() || !message->ParseFromZeroCopyStream(&reader)) {
    return UnreadableRequest();
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

bool ReadBytes(const grpc::ByteBuffer& bytes, grpc::Slice* slice) {
  return bytes.TrySingleSlice(slice).ok() ||
         bytes.DumpToSingleSlice(slice).ok();
}

absl::string_view ToView(const grpc::Slice& slice) {
  return absl::string_view(reinterpret_cast<const char*>(slice.begin()),
                           slice.size());
}

absl::Status UnreadableRequest() {
  return absl::InvalidArgumentError(
      "the request cannot be read: its bytes are not the message that this "
      "method takes, or a text in them is not UTF-8");
}

absl::Status TooManyReads() {
  return absl::ResourceExhaustedError(
      "too many reads wait; retry with back-off");
}

std::unique_ptr<RpcServer> RpcServer::Create(const RpcServerOptions& options,
                                             Metrics* metrics) {
  return std::make_unique<Server>(options, metrics);
}

}  // namespace secondstory::incidentd
