#include "tools/story/server.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "tools/story/text.h"

namespace secondstory::story {
namespace {

constexpr int kMessageBytesMax = 64 << 20;

std::string FieldViolations(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "";
  std::string text;
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::BadRequest bad_request;
    if (!detail.UnpackTo(&bad_request)) continue;
    for (const auto& violation : bad_request.field_violations()) {
      // One violation alone is often the whole message.
      if (absl::StrContains(status.error_message(), violation.description())) {
        continue;
      }
      absl::StrAppend(&text, "\n  ", OneLine(violation.field()), ": ",
                      OneLine(violation.description()));
    }
  }
  return text;
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

absl::Status ToStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(
      static_cast<absl::StatusCode>(status.error_code()),
      absl::StrCat(OneLine(status.error_message()), FieldViolations(status)));
}

Server::Server(const std::string& address)
    : address_(address),
      channel_(Connect(address)),
      events_(v1::EventService::NewStub(channel_)),
      candidates_(v1::CandidateService::NewStub(channel_)),
      incidents_(v1::IncidentService::NewStub(channel_)),
      learning_(v1::LearningService::NewStub(channel_)),
      reviews_(v1::ReviewService::NewStub(channel_)) {}

absl::Status Server::Explain(const absl::Status& status) const {
  if (status.code() == absl::StatusCode::kAborted) {
    return absl::AbortedError(absl::StrCat(
        "somebody else was faster: ", status.message(),
        "\nNothing was changed. Read it again, then repeat the command if it "
        "still holds."));
  }
  if (status.code() == absl::StatusCode::kUnimplemented) {
    return absl::UnimplementedError(
        absl::StrCat("incidentd at ", address_,
                     " does not know this call; is it older than story?"));
  }
  if (status.code() != absl::StatusCode::kUnavailable &&
      status.code() != absl::StatusCode::kDeadlineExceeded) {
    return status;
  }
  return absl::Status(
      status.code(),
      absl::StrCat("no answer from incidentd at ", address_, ": ",
                   status.message(),
                   "\nIs it running? --address says where it is."));
}

}  // namespace secondstory::story
