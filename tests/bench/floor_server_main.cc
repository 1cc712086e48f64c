// floor_server: what the network stack costs. A bare completion-queue server
// for AppendEvents that looks at nothing: it answers any request of n events
// with n outcomes, n being its argument, prepared in advance.
//
//   floor_server EVENTS_PER_REQUEST
//
// Prints {"message":"listening","protocol":"grpc","port":N} to stderr.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "secondstory/v1/event_service.grpc.pb.h"

namespace {

using secondstory::v1::EventService;
using Service = EventService::WithRawMethod_AppendEvents<EventService::Service>;

grpc::ByteBuffer Answer(int event_count) {
  secondstory::v1::AppendEventsResponse response;
  for (int i = 0; i < event_count; ++i) {
    secondstory::v1::EventOutcome* outcome = response.add_outcomes();
    outcome->set_outcome(secondstory::v1::APPEND_OUTCOME_STORED);
    outcome->set_event_id(std::string(32, 'a'));
    outcome->set_position(1'000'000);
  }
  grpc::Slice slice(response.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

struct Call {
  grpc::ServerContext context;
  grpc::ByteBuffer request;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> writer{&context};
  bool answered = false;
};

void Serve(Service* service, grpc::ServerCompletionQueue* queue,
           const grpc::ByteBuffer& answer) {
  const auto post = [&] {
    auto* call = new Call;
    service->RequestAppendEvents(&call->context, &call->request, &call->writer,
                                 queue, queue, call);
  };
  for (int i = 0; i < 64; ++i) post();
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) {
    auto* call = static_cast<Call*>(tag);
    if (!ok || call->answered) {
      delete call;
      continue;
    }
    post();
    call->answered = true;
    call->writer.Finish(answer, grpc::Status::OK, call);
  }
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const grpc::ByteBuffer answer = Answer(argc > 1 ? std::atoi(argv[1]) : 1);
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
  std::thread second([&] { Serve(&service, queue.get(), answer); });
  Serve(&service, queue.get(), answer);
  second.join();
}
