// Goal: a storm of alerts is one candidate that a person can read, and does not
// fill the disk; and what is learnt late is told as such.
// Method: real incidentd, assemblerd and story. Sizes are held, times are not.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/running_incidentd.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::RunningIncidentd;
using support::Subprocess;
using support::WaitUntil;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kAlertCount = 10000;
constexpr int kSignatureCount = 12;
constexpr int kBatch = 50;

class StormTest : public testing::Test {
 protected:
  StormTest()
      : incidentd_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    auto started =
        Subprocess::Start("ingest/assembler/assemblerd",
                          {"--incidentd_address=" + incidentd_.address,
                           "--metrics_address=127.0.0.1:0"});
    EXPECT_THAT(started, IsOk());
    assemblerd_ = *std::move(started);
    EXPECT_THAT(assemblerd_->WaitForLog("ready"), IsOk());
  }

  static v1::Event MakeEvent(v1::EventKind kind, absl::Time time,
                             const std::string& service,
                             const std::string& title) {
    v1::Event event;
    event.set_source("test");
    event.set_source_event_id(absl::StrCat(title, service, ToUnixNanos(time)));
    event.set_kind(kind);
    *event.mutable_event_time() = FromTime(time);
    event.set_service(service);
    event.set_title(title);
    return event;
  }

  // The number `i` of a storm of a minute: 12 alerts on 400 machines each.
  v1::Event StormAlert(int i) const {
    const std::string name = absl::StrCat("Alert", i % kSignatureCount);
    v1::Event alert =
        MakeEvent(v1::EVENT_KIND_ALERT_FIRED,
                  start_ + absl::Minutes(1) * i / kAlertCount, "cart", name);
    (*alert.mutable_labels())["alertname"] = name;
    (*alert.mutable_labels())["instance"] = absl::StrCat("cart-", i % 400);
    return alert;
  }

  void Append(const std::vector<v1::Event>& events) {
    v1::AppendEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    v1::AppendEventsResponse response;
    support::Context context;
    const grpc::Status status =
        incidentd_.events->AppendEvents(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::vector<v1::Candidate> List() {
    v1::ListCandidatesRequest request;
    v1::ListCandidatesResponse response;
    support::Context context;
    incidentd_.candidates->ListCandidates(&context, request, &response);
    return {response.candidates().begin(), response.candidates().end()};
  }

  // The revision; the latest for 0.
  v1::Candidate Get(const std::string& id, uint64_t revision) {
    v1::GetCandidateRequest request;
    request.set_candidate_id(id);
    request.set_revision(revision);
    v1::GetCandidateResponse response;
    support::Context context;
    EXPECT_TRUE(
        incidentd_.candidates->GetCandidate(&context, request, &response).ok());
    return response.candidate();
  }

  std::string Show(const std::string& id) {
    const auto process = Subprocess::Start(
        "tools/story/story",
        {"candidates", "get", id, "--address=" + incidentd_.address});
    EXPECT_THAT(process, IsOk());
    EXPECT_THAT((*process)->Wait(), IsOkAndHolds(0));
    return (*process)->stdout_text();
  }

  static int64_t ToUnixNanos(absl::Time time) {
    return absl::ToUnixNanos(time);
  }

  const absl::Time start_ = absl::Now() - absl::Minutes(50);
  RunningIncidentd incidentd_;
  std::unique_ptr<Subprocess> assemblerd_;
};

uint32_t CountAlerts(const v1::Candidate& candidate) {
  uint32_t count = 0;
  for (const v1::CandidateEvent& event : candidate.events()) {
    count += 1 + event.repeat_count();
  }
  return count;
}

TEST_F(StormTest, IsOneCandidateWithALineForEachAlertAndItsCount) {
  for (int i = 0; i < kAlertCount; i += kBatch) {
    std::vector<v1::Event> batch;
    for (int j = 0; j < kBatch; ++j) batch.push_back(StormAlert(i + j));
    Append(batch);
  }
  ASSERT_TRUE(WaitUntil("all alerts are in the candidate", [&] {
    const std::vector<v1::Candidate> all = List();
    return !all.empty() && CountAlerts(Get(all[0].candidate_id(), 0)) ==
                               static_cast<uint32_t>(kAlertCount);
  }));
  const std::vector<v1::Candidate> all = List();
  ASSERT_THAT(all, SizeIs(1));
  const v1::Candidate last = Get(all[0].candidate_id(), 0);
  EXPECT_THAT(last.events(), SizeIs(kSignatureCount));

  // What is written grows with the storm, not with its square.
  size_t bytes = 0;
  for (uint64_t revision = 1; revision <= last.revision(); ++revision) {
    bytes += Get(last.candidate_id(), revision).ByteSizeLong();
  }
  EXPECT_LT(bytes, 20 * last.ByteSizeLong()) << last.revision() << " revisions";

  const std::string page = Show(last.candidate_id());
  EXPECT_THAT(
      page, AllOf(HasSubstr("Alert0"), HasSubstr("Alert11"), HasSubstr("x 834"),
                  HasSubstr("still firing"), HasSubstr("more of 12 alerts")));
  const std::vector<std::string> lines = absl::StrSplit(page, '\n');
  EXPECT_LT(lines.size(), 70u) << page;
}

TEST_F(StormTest, TellsOfADeployThatWasLearntLate) {
  Append({MakeEvent(v1::EVENT_KIND_ALERT_FIRED, start_, "shop-api",
                    "HighErrorRate")});
  ASSERT_TRUE(
      WaitUntil("there is a candidate", [&] { return !List().empty(); }));
  const std::string id = List()[0].candidate_id();
  v1::Event deploy =
      MakeEvent(v1::EVENT_KIND_CHANGE_FINISHED, start_ - absl::Minutes(4),
                "shop-api", "Deploy 3.2.1");
  deploy.mutable_change()->set_revision("3.2.1");
  Append({deploy});
  ASSERT_TRUE(WaitUntil("the deploy is in the candidate",
                        [&] { return Get(id, 0).ranked_changes_size() == 1; }));
  EXPECT_THAT(Get(id, 0).differences(0),
              HasSubstr("added: change of shop-api 3.2.1, \"Deploy 3.2.1\", "
                        "learnt 5"));

  // As late as can be.
  v1::Event migration =
      MakeEvent(v1::EVENT_KIND_CHANGE_FINISHED, start_ - absl::Hours(22),
                "shop-api", "Migrate the orders table");
  Append({migration});
  ASSERT_TRUE(WaitUntil("the migration is in the candidate",
                        [&] { return Get(id, 0).ranked_changes_size() == 2; }));
  const std::string page = Show(id);
  EXPECT_THAT(page, AllOf(HasSubstr("added: change of shop-api, \"Migrate the "
                                    "orders table\", learnt 22 h"),
                          HasSubstr("4 min before the first alert")));
}

TEST_F(StormTest, TellsThatAnEarlierAlertTakesACandidateOver) {
  Append({MakeEvent(v1::EVENT_KIND_ALERT_FIRED, start_, "shop-api",
                    "HighErrorRate")});
  ASSERT_TRUE(
      WaitUntil("there is a candidate", [&] { return !List().empty(); }));
  const std::string old_id = List()[0].candidate_id();
  Append({MakeEvent(v1::EVENT_KIND_ALERT_FIRED, start_ - absl::Minutes(2),
                    "shop-api", "HighLatency")});
  ASSERT_TRUE(WaitUntil("the candidate has merged", [&] {
    return Get(old_id, 0).state() == v1::CANDIDATE_STATE_MERGED;
  }));
  EXPECT_THAT(Show(old_id),
              HasSubstr("later evidence connects it with candidate "));
}

}  // namespace
}  // namespace secondstory
