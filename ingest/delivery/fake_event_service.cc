#include "ingest/delivery/fake_event_service.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

}  // namespace

void FakeEventService::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_),
                           grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
}

void FakeEventService::Stop() {
  server_->Shutdown();
  server_.reset();
}

std::string FakeEventService::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

grpc::Status FakeEventService::AppendEvents(
    grpc::ServerContext*, const v1::AppendEventsRequest* request,
    v1::AppendEventsResponse* response) {
  auto result = incidentd_.Append(*request, absl::Seconds(1));
  if (result.ok()) *response = *result;
  return ToGrpc(result.status());
}

grpc::Status FakeEventService::GetCursor(grpc::ServerContext*,
                                         const v1::GetCursorRequest* request,
                                         v1::GetCursorResponse* response) {
  auto result = incidentd_.GetCursor(request->source(), request->shard(),
                                     absl::Seconds(1));
  if (result.ok()) response->mutable_cursor()->set_value(*result);
  return ToGrpc(result.status());
}

}  // namespace secondstory::ingest
