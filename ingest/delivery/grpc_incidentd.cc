#include "ingest/delivery/grpc_incidentd.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/limits.h"
#include "base/status_macros.h"
#include "secondstory/v1/event_service.grpc.pb.h"

namespace secondstory::ingest {
namespace {

grpc::ChannelArguments MakeChannelArguments() {
  grpc::ChannelArguments arguments;
  // Channels of one process to one address would share a connection, and so
  // its back-off.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(limits::kMessageBytesMax);
  arguments.SetMaxSendMessageSize(limits::kMessageBytesMax);
  // The worker waits between tries itself; the channel only must not wait
  // longer than it.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // Finds a peer that vanished without a word; only while a call waits.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
  return arguments;
}

class GrpcIncidentd final : public Incidentd {
 public:
  explicit GrpcIncidentd(const std::string& address)
      : address_(address),
        stub_(v1::EventService::NewStub(grpc::CreateCustomChannel(
            address, grpc::InsecureChannelCredentials(),
            MakeChannelArguments()))) {}

  absl::StatusOr<v1::AppendEventsResponse> Append(
      const v1::AppendEventsRequest& request, absl::Duration timeout) override {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    v1::AppendEventsResponse response;
    SS_RETURN_IF_ERROR(StatusOf(
        "AppendEvents", stub_->AppendEvents(&context, request, &response)));
    return response;
  }

  absl::StatusOr<std::string> GetCursor(const std::string& source,
                                        uint32_t shard,
                                        absl::Duration timeout) override {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    v1::GetCursorRequest request;
    request.set_source(source);
    request.set_shard(shard);
    v1::GetCursorResponse response;
    SS_RETURN_IF_ERROR(
        StatusOf("GetCursor", stub_->GetCursor(&context, request, &response)));
    return std::move(*response.mutable_cursor()->mutable_value());
  }

 private:
  // The codes of the two libraries are the same numbers.
  absl::Status StatusOf(absl::string_view method,
                        const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    return absl::Status(
        static_cast<absl::StatusCode>(status.error_code()),
        absl::StrCat(address_, ": ", method, ": ", status.error_message()));
  }

  const std::string address_;
  const std::unique_ptr<v1::EventService::Stub> stub_;
};

}  // namespace

std::unique_ptr<Incidentd> CreateGrpcIncidentd(const std::string& address) {
  return std::make_unique<GrpcIncidentd>(address);
}

}  // namespace secondstory::ingest
