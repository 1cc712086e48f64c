// FakeIncidentd behind a real gRPC server, for tests.
#ifndef SECONDSTORY_INGEST_DELIVERY_FAKE_EVENT_SERVICE_H_
#define SECONDSTORY_INGEST_DELIVERY_FAKE_EVENT_SERVICE_H_

#include <memory>
#include <string>

#include "grpcpp/grpcpp.h"
#include "ingest/delivery/fake_incidentd.h"
#include "secondstory/v1/event_service.grpc.pb.h"

namespace secondstory::ingest {

// Serves AppendEvents and GetCursor on a port of 127.0.0.1.
//
// Threads: one at a time, but incidentd() from any.
class FakeEventService final : public v1::EventService::Service {
 public:
  // Takes a free port the first time, and the same one again after Stop().
  void Start();
  void Stop();

  // "127.0.0.1:PORT". REQUIRES: Start() was called.
  std::string address() const;

  FakeIncidentd& incidentd() { return incidentd_; }

  grpc::Status AppendEvents(grpc::ServerContext* context,
                            const v1::AppendEventsRequest* request,
                            v1::AppendEventsResponse* response) override;
  grpc::Status GetCursor(grpc::ServerContext* context,
                         const v1::GetCursorRequest* request,
                         v1::GetCursorResponse* response) override;

 private:
  FakeIncidentd incidentd_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_FAKE_EVENT_SERVICE_H_
