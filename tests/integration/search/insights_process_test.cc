// Goal: whoever opens an incident is shown past ones that are like it, and a
// look back shows what recurs. Method: the real binary, with two incidents of
// one kind and one of another.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "tests/support/running_incidentd.h"

namespace secondstory {
namespace {

using support::Context;
using support::RunningIncidentd;
using testing::Contains;
using testing::HasSubstr;

constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kDay = 24 * 60 * kMinute;
constexpr int64_t kStart = 1'700'000'000'000'000;

class InsightsProcessTest : public testing::Test {
 protected:
  InsightsProcessTest()
      : dir_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(dir_);
    service_ =
        std::make_unique<RunningIncidentd>(dir_, 0, std::vector<std::string>{});
  }
  ~InsightsProcessTest() override {
    service_.reset();
    std::filesystem::remove_all(dir_);
  }

  // An incident that began with `alert`, was resolved after 40 minutes, and in
  // which somebody took something for granted.
  v1::Incident Create(const std::string& service, const std::string& alert,
                      int64_t start, const std::string& assumption) {
    v1::CreateIncidentRequest create;
    create.mutable_incident()->set_title(absl::StrCat("trouble with ", alert));
    create.mutable_incident()->add_services(service);
    *create.mutable_incident()->mutable_start_time() = FromMicros(start);
    *create.mutable_incident()->mutable_resolve_time() =
        FromMicros(start + 40 * kMinute);
    create.set_author("kim");
    Context context;
    v1::CreateIncidentResponse created;
    grpc::Status status =
        service_->incidents->CreateIncident(&context, create, &created);
    EXPECT_TRUE(status.ok()) << status.error_message();

    v1::AddTimelineEntryRequest add;
    add.set_incident_id(created.incident().incident_id());
    add.mutable_entry()->set_kind(v1::EVENT_KIND_ALERT_FIRED);
    add.mutable_entry()->set_service(service);
    add.mutable_entry()->set_title(alert);
    *add.mutable_entry()->mutable_event_time() = FromMicros(start);
    add.set_author("kim");
    Context adding;
    v1::AddTimelineEntryResponse added;
    status = service_->incidents->AddTimelineEntry(&adding, add, &added);
    EXPECT_TRUE(status.ok()) << status.error_message();

    v1::GiveAccountRequest give;
    give.set_incident_id(created.incident().incident_id());
    give.mutable_account()->set_entry_id(added.entry().entry_id());
    give.mutable_account()->set_role("on-call");
    give.mutable_account()->set_assumption(assumption);
    give.set_author("kim");
    Context giving;
    v1::GiveAccountResponse given;
    status = service_->reviews->GiveAccount(&giving, give, &given);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return created.incident();
  }

  grpc::Status Similar(const std::string& incident,
                       v1::FindSimilarIncidentsResponse* response) {
    v1::FindSimilarIncidentsRequest request;
    request.set_incident_id(incident);
    Context context;
    response->Clear();
    return service_->learning->FindSimilarIncidents(&context, request,
                                                    response);
  }

  const std::string dir_;
  std::unique_ptr<RunningIncidentd> service_;
};

TEST_F(InsightsProcessTest, FindsThePastIncidentOfTheSameAlertAndSaysWhy) {
  const v1::Incident before =
      Create("checkout", "CheckoutLatencyHigh", kStart, "the replica is fresh");
  Create("search", "IndexLagging", kStart + kDay, "queues drain by night");
  const v1::Incident now =
      Create("checkout", "CheckoutLatencyHigh", kStart + 2 * kDay,
             "a replica is always fresh");
  v1::FindSimilarIncidentsResponse response;
  ASSERT_TRUE(Similar(now.incident_id(), &response).ok());
  ASSERT_EQ(response.incidents_size(), 1);
  EXPECT_EQ(response.incidents(0).incident().incident_id(),
            before.incident_id());
  EXPECT_THAT(response.incidents(0).reasons(),
              Contains("same alert: checkout/CheckoutLatencyHigh"));

  // What was deleted is not shown.
  v1::DeleteIncidentRequest remove;
  remove.set_incident_id(before.incident_id());
  remove.set_etag(before.etag());
  remove.set_author("kim");
  Context context;
  v1::DeleteIncidentResponse removed;
  const grpc::Status status =
      service_->incidents->DeleteIncident(&context, remove, &removed);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_TRUE(Similar(now.incident_id(), &response).ok());
  EXPECT_EQ(response.incidents_size(), 0);
}

TEST_F(InsightsProcessTest, SaysWhichIncidentItDoesNotKnow) {
  v1::FindSimilarIncidentsResponse response;
  EXPECT_EQ(Similar(std::string(32, 'a'), &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Similar("no id", &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(InsightsProcessTest, ShowsWhatRecursWithAWarningWhereFewAreBehindIt) {
  Create("checkout", "CheckoutLatencyHigh", kStart, "the replica is fresh");
  Create("checkout", "CheckoutErrors", kStart + kDay,
         "a replica is always fresh");
  Create("search", "IndexLagging", kStart + 400 * kDay, "nights are quiet");
  v1::GetInsightsRequest request;
  *request.mutable_end_time() = FromMicros(kStart + 367 * kDay);
  *request.mutable_start_time() = FromMicros(kStart - kDay);
  Context context;
  v1::GetInsightsResponse response;
  const grpc::Status status =
      service_->learning->GetInsights(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.incident_count(), 2);
  ASSERT_EQ(response.assumptions_size(), 1);
  EXPECT_EQ(response.assumptions(0).incident_count(), 2);
  EXPECT_EQ(response.assumptions(0).service(), "checkout");
  EXPECT_THAT(response.assumptions(0).words(), HasSubstr("replica"));
  EXPECT_EQ(response.assumptions(0).accounts_size(), 2);
  EXPECT_EQ(response.anniversaries_size(), 2);
  ASSERT_EQ(response.durations_size(), 4);
  EXPECT_EQ(response.durations(3).name(), "start to resolve");
  EXPECT_EQ(response.durations(3).count(), 2);
  EXPECT_EQ(response.durations(3).median().seconds(), 40 * 60);
  EXPECT_THAT(response.durations(3).warning(), HasSubstr("only 2 incidents"));
  ASSERT_EQ(response.services_size(), 1);
  EXPECT_EQ(response.services(0).incident_count(), 2);
}

}  // namespace
}  // namespace secondstory
