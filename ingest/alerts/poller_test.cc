#include "ingest/alerts/poller.h"

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ingest/delivery/fake_incidentd.h"

namespace secondstory::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kA[] = "http://a:9093/api/v2/alerts";
constexpr char kB[] = "http://b:9093/api/v2/alerts";

std::string AlertJson(const std::string& fingerprint,
                      const std::string& end = "2026-03-01T12:05:00Z") {
  return absl::StrCat(
      R"({"labels": {"alertname": "A"}, "annotations": {}, "receivers": [],)",
      R"("status": {"state": "active", "silencedBy": [], "inhibitedBy": []},)",
      R"("startsAt": "2026-03-01T12:00:00Z", "endsAt": ")", end,
      R"(", "fingerprint": ")", fingerprint, "\"}");
}

std::string List(const std::vector<std::string>& alerts) {
  return absl::StrCat("[", absl::StrJoin(alerts, ","), "]");
}

// Nobody polls by himself here; see PollRound::missing_min.
constexpr absl::Duration kInterval = absl::Hours(1);
constexpr absl::Duration kLongMissing = absl::Hours(10);

class PollerTest : public testing::Test {
 protected:
  PollerTest() {
    poller_options_.alertmanagers = {
        {"alertmanager/prod", {"http://a:9093/", "http://b:9093"}}};
    poller_options_.interval = kInterval;
    answers_[kA] = List({});
    answers_[kB] = List({});
    delivery_options_.spool_dir = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    Restart();
  }

  void Restart() {
    poller_.reset();
    store_.reset();
    delivery_.reset();
    auto delivery = Delivery::Open(delivery_options_, &incidentd_, &metrics_);
    SS_ASSERT_OK(delivery);
    delivery_ = *std::move(delivery);
    auto store = OpenAlertStore::Open(delivery_options_.spool_dir);
    SS_ASSERT_OK(store);
    store_ = *std::move(store);
    refusals_ =
        std::make_unique<Refusals>(delivery_options_.spool_dir, &metrics_);
    auto poller = Poller::Create(
        poller_options_, [this](const std::string& url) { return Fetch(url); },
        store_.get(), delivery_.get(), refusals_.get(), &clock_, &metrics_);
    SS_ASSERT_OK(poller);
    poller_ = *std::move(poller);
  }

  absl::StatusOr<std::string> Fetch(const std::string& url) {
    absl::MutexLock lock(&mutex_);
    ++fetch_count_;
    return answers_.at(url);
  }

  void SetAnswer(const std::string& url,
                 const absl::StatusOr<std::string>& answer) {
    absl::MutexLock lock(&mutex_);
    answers_[url] = answer;
  }

  // The kinds of what incidentd stored, by fingerprint.
  std::vector<std::string> Delivered() {
    EXPECT_TRUE(delivery_->WaitUntilDelivered(absl::Now() + absl::Seconds(60)));
    std::vector<std::string> names;
    for (const std::string& id : incidentd_.event_ids()) {
      names.push_back(id.substr(0, id.find('/')) + id.substr(id.rfind('/')));
    }
    return names;
  }

  PollerOptions poller_options_;
  DeliveryOptions delivery_options_;
  FakeIncidentd incidentd_;
  ManualClock clock_{absl::FromUnixSeconds(1772366460)};  // 12:01:00
  Metrics metrics_{"test"};
  absl::Mutex mutex_;
  std::map<std::string, absl::StatusOr<std::string>> answers_;
  int fetch_count_ = 0;
  std::unique_ptr<Delivery> delivery_;
  std::unique_ptr<OpenAlertStore> store_;
  std::unique_ptr<Refusals> refusals_;
  std::unique_ptr<Poller> poller_;
};

TEST_F(PollerTest, FindsTheUnionOfAllReplicasOnce) {
  SetAnswer(kA, List({AlertJson("a"), AlertJson("c")}));
  SetAnswer(kB, List({AlertJson("b"), AlertJson("c")}));
  poller_->PollOnce();
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired", "b/fired", "c/fired"));
  EXPECT_EQ(incidentd_.append_count(), 1);
}

TEST_F(PollerTest, ResolvesWhatVanishedWhileItWasAway) {
  SetAnswer(kA, List({AlertJson("a"), AlertJson("b")}));
  poller_->PollOnce();
  Delivered();
  SetAnswer(kA, List({AlertJson("b", "2026-03-01T12:30:00Z")}));
  clock_.Advance(absl::Minutes(10));
  Restart();
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired", "b/fired"))
      << "an Alertmanager that was away, too, has yet to be told";
  clock_.Advance(kLongMissing);
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired", "b/fired", "a/resolved"));
  Restart();
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired", "b/fired", "a/resolved"));
}

TEST_F(PollerTest, ResolvesNothingWhileAReplicaIsAway) {
  SetAnswer(kA, List({AlertJson("a")}));
  poller_->PollOnce();
  SetAnswer(kA, List({}));
  SetAnswer(kB, absl::UnavailableError("away"));
  clock_.Advance(absl::Minutes(10));
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_alerts_unreachable_replicas{source="
                        "\"alertmanager/prod\"} 1"));
  SetAnswer(kB, List({}));
  poller_->PollOnce();
  clock_.Advance(kLongMissing);
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired", "a/resolved"));
}

TEST_F(PollerTest, LogsAReplicaThatIsAwayOncePerChange) {
  testing::internal::CaptureStderr();
  SetAnswer(kB, std::string("<html>"));
  poller_->PollOnce();
  poller_->PollOnce();
  SetAnswer(kB, List({}));
  poller_->PollOnce();
  poller_->PollOnce();
  const std::string logs = testing::internal::GetCapturedStderr();
  EXPECT_THAT(logs, testing::ContainsRegex("does not answer.*no JSON"));
  EXPECT_EQ(logs.find("does not answer"), logs.rfind("does not answer"));
  EXPECT_EQ(logs.find("answers again"), logs.rfind("answers again"));
  EXPECT_THAT(logs, HasSubstr("answers again"));
}

TEST_F(PollerTest, TellsItAgainWhenTheSpoolWasFull) {
  delivery_options_.spool_bytes_max = 1;
  Restart();
  SetAnswer(kA, List({AlertJson("a")}));
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), IsEmpty());
  delivery_options_.spool_bytes_max = 1 << 20;
  Restart();
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired"));
}

TEST_F(PollerTest, ReportsABadAlertOnceAndTakesTheOthers) {
  SetAnswer(kA, List({AlertJson("a/b"), AlertJson("a")}));
  poller_->PollOnce();
  poller_->PollOnce();
  EXPECT_THAT(Delivered(), ElementsAre("a/fired"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("secondstory_alerts_refused_total 1"));
}

TEST_F(PollerTest, PollsAtOnceWhenAsked) {
  poller_->Start();
  auto has_polled = [this](int count) {
    absl::MutexLock lock(&mutex_);
    auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return fetch_count_ >= count;
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(60));
  };
  EXPECT_TRUE(has_polled(2));
  EXPECT_TRUE(poller_->PollNow("alertmanager/prod"));
  EXPECT_TRUE(has_polled(4));
  EXPECT_FALSE(poller_->PollNow("alertmanager/other"));
}

}  // namespace
}  // namespace secondstory::ingest
