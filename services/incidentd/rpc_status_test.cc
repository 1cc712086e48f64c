#include "services/incidentd/rpc_status.h"

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::HasSubstr;

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

template <typename Message>
Message FindDetail(const google::rpc::Status& status) {
  Message message;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(&message)) return message;
  }
  ADD_FAILURE() << "no " << message.GetTypeName();
  return message;
}

TEST(RpcStatusTest, GivesOkNoDetails) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(RpcStatusTest, TellsProgramsTheReasonAndTheFields) {
  const grpc::Status status = ToGrpcStatus(BadRequest(
      {{"title", "is missing; say it"}, {"severity", "is 9; 1 to 5"}}));
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(),
            "title is missing; say it; severity is 9; 1 to 5");
  const google::rpc::Status details = DetailsOf(status);
  EXPECT_EQ(details.code(), grpc::INVALID_ARGUMENT);
  const auto info = FindDetail<google::rpc::ErrorInfo>(details);
  EXPECT_EQ(info.reason(), "INVALID_ARGUMENT");
  EXPECT_EQ(info.domain(), "secondstory");
  const auto request = FindDetail<google::rpc::BadRequest>(details);
  ASSERT_EQ(request.field_violations_size(), 2);
  EXPECT_EQ(request.field_violations(1).field(), "severity");
}

TEST(RpcStatusTest, TellsWhenToTryAgainWhereThatHelps) {
  const auto retry = FindDetail<google::rpc::RetryInfo>(
      DetailsOf(ToGrpcStatus(absl::UnavailableError("stopping"))));
  EXPECT_GT(retry.retry_delay().nanos(), 0);
}

TEST(RpcStatusTest, CutsALongMessageBetweenCharacters) {
  std::string text;
  while (text.size() < 10000) text += "\xc3\xa4";
  const grpc::Status status = ToGrpcStatus(absl::InternalError("x" + text));
  EXPECT_LE(status.error_message().size(), 4096u);
  EXPECT_THAT(status.error_message(), HasSubstr("..."));
  EXPECT_TRUE(DetailsOf(status).message() == status.error_message());
}

}  // namespace
}  // namespace secondstory::incidentd
