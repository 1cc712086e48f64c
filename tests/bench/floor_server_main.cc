// floor_server: what the network stack costs. A bare completion-queue server
// for AppendEvents and StreamAppendEvents that looks at nothing: it answers any
// request of n events with n outcomes, n being its argument, prepared in
// advance.
//
//   floor_server EVENTS_PER_REQUEST
//
// Prints {"message":"listening","protocol":"grpc","port":N} to stderr.
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/event_service.grpc.pb.h"

namespace {

using secondstory::v1::EventService;
using Service = EventService::WithRawMethod_AppendEvents<
    EventService::WithRawMethod_StreamAppendEvents<EventService::Service>>;

secondstory::v1::AppendEventsResponse Answer(int event_count) {
  secondstory::v1::AppendEventsResponse response;
  for (int i = 0; i < event_count; ++i) {
    secondstory::v1::EventOutcome* outcome = response.add_outcomes();
    outcome->set_outcome(secondstory::v1::APPEND_OUTCOME_STORED);
    outcome->set_event_id(std::string(32, 'a'));
    outcome->set_position(1'000'000);
  }
  return response;
}

grpc::ByteBuffer Serialized(const google::protobuf::Message& message) {
  grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

class Floor {
 public:
  Floor(int event_count, Service* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue) {
    secondstory::v1::StreamAppendEventsResponse streamed;
    *streamed.mutable_batch() = Answer(event_count);
    answer_ = Serialized(streamed.batch());
    streamed_answer_ = Serialized(streamed);
  }

  // Until the process ends, on any number of threads.
  void Serve() {
    for (int i = 0; i < 64; ++i) PostCall();
    PostStream();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
      (*static_cast<std::function<void(bool)>*>(tag))(ok);
    }
  }

 private:
  struct Call {
    grpc::ServerContext context;
    grpc::ByteBuffer request;
    grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer{&context};
    std::function<void(bool)> on_request, on_answer;
  };

  void PostCall() {
    auto* call = new Call;
    call->on_answer = [call](bool) { delete call; };
    call->on_request = [this, call](bool) {
      PostCall();
      call->writer.Finish(answer_, grpc::Status::OK, &call->on_answer);
    };
    service_->RequestAppendEvents(&call->context, &call->request, &call->writer,
                                  queue_, queue_, &call->on_request);
  }

  // At most one read and one write are under way. There are few, and they stay.
  struct Stream {
    grpc::ServerContext context;
    grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> calls{
        &context};
    grpc::ByteBuffer request;
    std::function<void(bool)> on_start, on_request, on_answer, on_end;
    absl::Mutex mutex;
    int unanswered = 0;
    bool writing = false;
    bool over = false;
  };

  void PostStream() {
    Stream* stream = nullptr;
    {
      absl::MutexLock lock(&mutex_);
      stream = &streams_.emplace_back();
    }
    stream->on_start = [this, stream](bool) {
      PostStream();
      stream->calls.Read(&stream->request, &stream->on_request);
    };
    stream->on_request = [this, stream](bool ok) {
      absl::MutexLock lock(&stream->mutex);
      if (ok) {
        ++stream->unanswered;
        stream->calls.Read(&stream->request, &stream->on_request);
      } else {
        stream->over = true;
      }
      AnswerNext(stream);
    };
    stream->on_answer = [this, stream](bool) {
      absl::MutexLock lock(&stream->mutex);
      stream->writing = false;
      AnswerNext(stream);
    };
    stream->on_end = [](bool) {};
    service_->RequestStreamAppendEvents(&stream->context, &stream->calls,
                                        queue_, queue_, &stream->on_start);
  }

  void AnswerNext(Stream* stream) {
    if (stream->writing) return;
    stream->writing = true;
    if (stream->unanswered > 0) {
      grpc::WriteOptions options;
      // What can be answered already goes out in one packet.
      if (--stream->unanswered > 0) options.set_buffer_hint();
      stream->calls.Write(streamed_answer_, options, &stream->on_answer);
    } else if (stream->over) {
      stream->calls.Finish(grpc::Status::OK, &stream->on_end);
    } else {
      stream->writing = false;
    }
  }

  Service* const service_;
  grpc::ServerCompletionQueue* const queue_;
  grpc::ByteBuffer answer_, streamed_answer_;
  absl::Mutex mutex_;
  std::deque<Stream> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  std::fprintf(
      stderr, "{\"message\":\"listening\",\"protocol\":\"grpc\",\"port\":%d}\n",
      port);
  Floor floor(argc > 1 ? std::atoi(argv[1]) : 1, &service, queue.get());
  std::thread second([&] { floor.Serve(); });
  floor.Serve();
  second.join();
}
