#include "ingest/delivery/grpc_incidentd.h"

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/delivery/fake_event_service.h"

namespace secondstory::ingest {
namespace {

using ::testing::HasSubstr;

class GrpcIncidentdTest : public testing::Test {
 protected:
  GrpcIncidentdTest() {
    service_.Start();
    incidentd_ = CreateGrpcIncidentd(service_.address());
  }

  FakeEventService service_;
  std::unique_ptr<Incidentd> incidentd_;
};

TEST_F(GrpcIncidentdTest, AppendsEventsAndReadsTheCursor) {
  v1::AppendEventsRequest request;
  request.add_events()->set_source_event_id("1");
  request.mutable_cursor()->mutable_cursor()->set_source("test/a");
  request.mutable_cursor()->mutable_cursor()->set_value("at 1");
  SS_ASSERT_OK_AND_ASSIGN(auto response,
                          incidentd_->Append(request, absl::Seconds(30)));
  ASSERT_EQ(response.outcomes_size(), 1);
  EXPECT_EQ(response.outcomes(0).outcome(), v1::APPEND_OUTCOME_STORED);
  EXPECT_THAT(incidentd_->GetCursor("test/a", 0, absl::Seconds(30)),
              IsOkAndHolds("at 1"));
}

TEST_F(GrpcIncidentdTest, KeepsTheServersCodeAndSaysWhoAnswered) {
  service_.incidentd().SetPoison("poison");
  v1::AppendEventsRequest request;
  request.add_events()->set_title("poison");
  EXPECT_THAT(
      incidentd_->Append(request, absl::Seconds(30)),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr(service_.address() + ": AppendEvents: poison")));
}

TEST_F(GrpcIncidentdTest, DeliversOnceTheServerIsBack) {
  service_.Stop();
  EXPECT_THAT(incidentd_->GetCursor("test/a", 0, absl::Seconds(30)),
              StatusIs(absl::StatusCode::kUnavailable));

  DeliveryOptions options;
  options.spool_dir = testing::TempDir() + "/back";
  Metrics metrics("test");
  SS_ASSERT_OK_AND_ASSIGN(auto delivery,
                          Delivery::Open(options, incidentd_.get(), &metrics));
  v1::Event event;
  event.set_source("test/a");
  event.set_source_event_id("1");
  SS_ASSERT_OK(delivery->Accept({event}, WorkerCursor{"test/a", 0, "at 1"}));
  service_.Start();
  ASSERT_TRUE(delivery->WaitUntilDelivered(absl::Now() + absl::Seconds(60)));
  EXPECT_THAT(service_.incidentd().event_ids(), testing::ElementsAre("1"));
  EXPECT_EQ(service_.incidentd().cursor("test/a"), "at 1");
}

}  // namespace
}  // namespace secondstory::ingest
