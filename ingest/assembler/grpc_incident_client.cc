#include "ingest/assembler/grpc_incident_client.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/limits.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"

namespace secondstory::ingest {
namespace {

constexpr char kCursorSource[] = "assemblerd";
constexpr absl::Duration kCallTimeout = absl::Seconds(30);
constexpr absl::Duration kHeartbeat = absl::Seconds(5);
// Three heartbeats.
constexpr absl::Duration kSilenceMax = absl::Seconds(15);
// How long a stop may go unnoticed; and what is idle.
constexpr absl::Duration kIdle = absl::Milliseconds(100);

grpc::ChannelArguments MakeChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(2 * limits::kMessageBytesMax);
  arguments.SetMaxSendMessageSize(limits::kMessageBytesMax);
  // The follower waits between tries itself; the channel only must not wait
  // longer than it.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  return arguments;
}

// One call of WatchEvents, read with a deadline for each response.
class WatchCall {
 public:
  WatchCall(v1::EventService::Stub* stub, uint64_t after_position,
            const std::function<bool()>& stopped,
            absl::FunctionRef<absl::Status()> idle)
      : stopped_(stopped), idle_(idle) {
    v1::WatchEventsRequest request;
    request.set_after_position(after_position);
    request.set_with_decisions(true);
    *request.mutable_heartbeat_interval() = FromDuration(kHeartbeat);
    reader_ = stub->PrepareAsyncWatchEvents(&context_, request, &queue_);
    reader_->StartCall(Tag());
  }

  ~WatchCall() {
    context_.TryCancel();
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  // True: `response` came. False: the stream ended; see Finish().
  absl::StatusOr<bool> Read(v1::WatchEventsResponse* response) {
    if (!started_) {
      SS_ASSIGN_OR_RETURN(started_, Await());
      if (!started_) return false;
    }
    reader_->Read(response, Tag());
    return Await();
  }

  grpc::Status Finish() {
    grpc::Status status;
    reader_->Finish(&status, Tag());
    void* tag;
    bool ok;
    queue_.Next(&tag, &ok);
    return status;
  }

 private:
  void* Tag() { return this; }

  absl::StatusOr<bool> Await() {
    const absl::Time deadline = absl::Now() + kSilenceMax;
    while (true) {
      void* tag;
      bool ok;
      switch (queue_.AsyncNext(&tag, &ok,
                               absl::ToChronoTime(absl::Now() + kIdle))) {
        case grpc::CompletionQueue::GOT_EVENT:
          return ok;
        case grpc::CompletionQueue::SHUTDOWN:
          return false;
        case grpc::CompletionQueue::TIMEOUT:
          break;
      }
      if (stopped_()) return absl::CancelledError("asked to stop");
      SS_RETURN_IF_ERROR(idle_());
      if (absl::Now() >= deadline) {
        return absl::DeadlineExceededError(absl::StrCat(
            "no heartbeat for ", absl::FormatDuration(kSilenceMax)));
      }
    }
  }

  const std::function<bool()>& stopped_;
  const absl::FunctionRef<absl::Status()> idle_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchEventsResponse>> reader_;
  bool started_ = false;
};

class GrpcIncidentClient final : public IncidentClient {
 public:
  GrpcIncidentClient(const std::string& address, std::function<bool()> stopped)
      : address_(address),
        stopped_(std::move(stopped)),
        channel_(grpc::CreateCustomChannel(address,
                                           grpc::InsecureChannelCredentials(),
                                           MakeChannelArguments())),
        events_(v1::EventService::NewStub(channel_)),
        candidates_(v1::CandidateService::NewStub(channel_)) {}

  absl::Status Watch(
      uint64_t after_position,
      absl::FunctionRef<absl::Status(const v1::WatchEventsResponse&)> take,
      absl::FunctionRef<absl::Status()> idle) override {
    // Outlives the call, which writes into it until it is over.
    v1::WatchEventsResponse response;
    WatchCall call(events_.get(), after_position, stopped_, idle);
    while (true) {
      // Here no read is under way; while responses keep coming, only here.
      if (stopped_()) return absl::CancelledError("asked to stop");
      SS_ASSIGN_OR_RETURN(const bool came, call.Read(&response));
      if (!came) break;
      SS_RETURN_IF_ERROR(take(response));
    }
    const absl::Status status = StatusOf("WatchEvents", call.Finish());
    return status.ok() ? absl::UnavailableError(
                             absl::StrCat(address_, ": WatchEvents ended"))
                       : status;
  }

  absl::StatusOr<std::string> GetCursor() override {
    v1::GetCursorRequest request;
    request.set_source(kCursorSource);
    v1::GetCursorResponse response;
    SS_RETURN_IF_ERROR(Call("GetCursor", [&](grpc::ClientContext* context) {
      return events_->GetCursor(context, request, &response);
    }));
    return response.cursor().value();
  }

  absl::Status StoreCursor(const std::string& value,
                           const std::string& previous) override {
    v1::AppendEventsRequest request;
    request.mutable_cursor()->mutable_cursor()->set_source(kCursorSource);
    request.mutable_cursor()->mutable_cursor()->set_value(value);
    request.mutable_cursor()->set_previous_value(previous);
    v1::AppendEventsResponse response;
    return Call("AppendEvents", [&](grpc::ClientContext* context) {
      return events_->AppendEvents(context, request, &response);
    });
  }

  absl::StatusOr<std::optional<v1::Candidate>> GetCandidate(
      const std::string& id) override {
    v1::GetCandidateRequest request;
    request.set_candidate_id(id);
    v1::GetCandidateResponse response;
    const absl::Status status =
        Call("GetCandidate", [&](grpc::ClientContext* context) {
          return candidates_->GetCandidate(context, request, &response);
        });
    if (absl::IsNotFound(status)) return std::optional<v1::Candidate>();
    SS_RETURN_IF_ERROR(status);
    return std::optional<v1::Candidate>(
        std::move(*response.mutable_candidate()));
  }

  absl::StatusOr<bool> SubmitCandidate(
      const v1::Candidate& candidate) override {
    v1::SubmitCandidateRequest request;
    *request.mutable_candidate() = candidate;
    v1::SubmitCandidateResponse response;
    SS_RETURN_IF_ERROR(
        Call("SubmitCandidate", [&](grpc::ClientContext* context) {
          return candidates_->SubmitCandidate(context, request, &response);
        }));
    return response.stored();
  }

  absl::StatusOr<std::vector<std::string>> ListCandidateIds(
      absl::Time onset) override {
    v1::ListCandidatesRequest request;
    *request.mutable_start_time() = FromTime(onset);
    request.set_page_size(limits::kListPageMax);
    std::vector<std::string> ids;
    do {
      v1::ListCandidatesResponse response;
      SS_RETURN_IF_ERROR(
          Call("ListCandidates", [&](grpc::ClientContext* context) {
            return candidates_->ListCandidates(context, request, &response);
          }));
      for (const v1::Candidate& candidate : response.candidates()) {
        ids.push_back(candidate.candidate_id());
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return ids;
  }

 private:
  absl::Status Call(
      absl::string_view method,
      absl::FunctionRef<grpc::Status(grpc::ClientContext*)> call) const {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kCallTimeout));
    return StatusOf(method, call(&context));
  }

  // The codes of the two libraries are the same numbers.
  absl::Status StatusOf(absl::string_view method,
                        const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    return absl::Status(
        static_cast<absl::StatusCode>(status.error_code()),
        absl::StrCat(address_, ": ", method, ": ", status.error_message()));
  }

  const std::string address_;
  const std::function<bool()> stopped_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::EventService::Stub> events_;
  const std::unique_ptr<v1::CandidateService::Stub> candidates_;
};

}  // namespace

std::unique_ptr<IncidentClient> CreateGrpcIncidentClient(
    const std::string& address, std::function<bool()> stopped) {
  return std::make_unique<GrpcIncidentClient>(address, std::move(stopped));
}

}  // namespace secondstory::ingest
