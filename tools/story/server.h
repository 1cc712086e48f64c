// incidentd, as the command line talks to it.
#ifndef SECONDSTORY_TOOLS_STORY_SERVER_H_
#define SECONDSTORY_TOOLS_STORY_SERVER_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "secondstory/v1/incident_service.grpc.pb.h"
#include "secondstory/v1/learning_service.grpc.pb.h"
#include "secondstory/v1/review_service.grpc.pb.h"

namespace secondstory::story {

// `status` with the field violations of its google.rpc.BadRequest, one a line,
// in the message.
absl::Status ToStatus(const grpc::Status& status);

// Threads: one at a time.
class Server {
 public:
  // Does not connect before the first call.
  explicit Server(const std::string& address);

  static constexpr std::chrono::seconds kTimeout{30};

  // One call: Call(&EventService::StubInterface::GetEvent, request).
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (Service::*method)(grpc::ClientContext*, const Request&,
                                      Response*),
      const Request& request, std::chrono::seconds timeout = kTimeout) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    Response response;
    const grpc::Status status = (Stub(static_cast<Service*>(nullptr))->*method)(
        &context, request, &response);
    if (!status.ok()) return Explain(ToStatus(status));
    return response;
  }

  v1::EventService::StubInterface* events() { return events_.get(); }
  v1::CandidateService::StubInterface* candidates() {
    return candidates_.get();
  }
  const std::string& address() const { return address_; }

  // Adds what to do about a server that is not there or is too old, and about a
  // change that somebody else was faster with.
  absl::Status Explain(const absl::Status& status) const;

 private:
  // Picks the stub by its type.
  v1::EventService::StubInterface* Stub(v1::EventService::StubInterface*) {
    return events_.get();
  }
  v1::CandidateService::StubInterface* Stub(
      v1::CandidateService::StubInterface*) {
    return candidates_.get();
  }
  v1::IncidentService::StubInterface* Stub(
      v1::IncidentService::StubInterface*) {
    return incidents_.get();
  }
  v1::ReviewService::StubInterface* Stub(v1::ReviewService::StubInterface*) {
    return reviews_.get();
  }
  v1::LearningService::StubInterface* Stub(
      v1::LearningService::StubInterface*) {
    return learning_.get();
  }

  const std::string address_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::EventService::StubInterface> events_;
  const std::unique_ptr<v1::CandidateService::StubInterface> candidates_;
  const std::unique_ptr<v1::IncidentService::StubInterface> incidents_;
  const std::unique_ptr<v1::LearningService::StubInterface> learning_;
  const std::unique_ptr<v1::ReviewService::StubInterface> reviews_;
};

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_SERVER_H_
