#include "ingest/delivery/grpc_incidentd.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/delivery/fake_incidentd.h"
#include "secondstory/v1/event_service.grpc.pb.h"

namespace secondstory::ingest {
namespace {

using ::testing::HasSubstr;

// The fake behind a real server.
class FakeEventService final : public v1::EventService::Service {
 public:
  grpc::Status AppendEvents(grpc::ServerContext*,
                            const v1::AppendEventsRequest* request,
                            v1::AppendEventsResponse* response) override {
    auto result = incidentd.Append(*request, absl::Seconds(1));
    if (result.ok()) *response = *result;
    return ToGrpc(result.status());
  }
  grpc::Status GetCursor(grpc::ServerContext*,
                         const v1::GetCursorRequest* request,
                         v1::GetCursorResponse* response) override {
    auto result = incidentd.GetCursor(request->source(), request->shard(),
                                      absl::Seconds(1));
    if (result.ok()) response->mutable_cursor()->set_value(*result);
    return ToGrpc(result.status());
  }

  FakeIncidentd incidentd;

 private:
  static grpc::Status ToGrpc(const absl::Status& status) {
    return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                        std::string(status.message()));
  }
};

class GrpcIncidentdTest : public testing::Test {
 protected:
  void StartServer() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_),
                             grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  int port_ = 0;
  FakeEventService service_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(GrpcIncidentdTest, AppendsEventsAndReadsTheCursor) {
  StartServer();
  auto incidentd = CreateGrpcIncidentd(absl::StrCat("127.0.0.1:", port_));
  v1::AppendEventsRequest request;
  request.add_events()->set_source_event_id("1");
  request.mutable_cursor()->mutable_cursor()->set_source("test/a");
  request.mutable_cursor()->mutable_cursor()->set_value("at 1");
  SS_ASSERT_OK_AND_ASSIGN(auto response,
                          incidentd->Append(request, absl::Seconds(30)));
  ASSERT_EQ(response.outcomes_size(), 1);
  EXPECT_EQ(response.outcomes(0).outcome(), v1::APPEND_OUTCOME_STORED);
  EXPECT_THAT(incidentd->GetCursor("test/a", 0, absl::Seconds(30)),
              IsOkAndHolds("at 1"));
}

TEST_F(GrpcIncidentdTest, KeepsTheServersCodeAndSaysWhoAnswered) {
  StartServer();
  service_.incidentd.SetPoison("poison");
  const std::string address = absl::StrCat("127.0.0.1:", port_);
  auto incidentd = CreateGrpcIncidentd(address);
  v1::AppendEventsRequest request;
  request.add_events()->set_title("poison");
  EXPECT_THAT(incidentd->Append(request, absl::Seconds(30)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(address + ": AppendEvents: poison")));
}

TEST_F(GrpcIncidentdTest, DeliversOnceTheServerIsBack) {
  StartServer();
  auto incidentd = CreateGrpcIncidentd(absl::StrCat("127.0.0.1:", port_));
  server_->Shutdown();
  server_.reset();
  EXPECT_THAT(incidentd->GetCursor("test/a", 0, absl::Seconds(30)),
              StatusIs(absl::StatusCode::kUnavailable));

  DeliveryOptions options;
  options.spool_dir = testing::TempDir() + "/back";
  Metrics metrics("test");
  SS_ASSERT_OK_AND_ASSIGN(auto delivery,
                          Delivery::Open(options, incidentd.get(), &metrics));
  v1::Event event;
  event.set_source("test/a");
  event.set_source_event_id("1");
  SS_ASSERT_OK(delivery->Accept({event}, WorkerCursor{"test/a", 0, "at 1"}));
  StartServer();
  ASSERT_TRUE(delivery->WaitUntilDelivered(absl::Now() + absl::Seconds(60)));
  EXPECT_THAT(service_.incidentd.event_ids(), testing::ElementsAre("1"));
  EXPECT_EQ(service_.incidentd.cursor("test/a"), "at 1");
}

}  // namespace
}  // namespace secondstory::ingest
