#include "services/incidentd/digest_cache.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/status_matchers.h"
#include "services/incidentd/transaction.h"
#include "storage/group_log.h"
#include "storage/memory/memory_tables.h"

namespace secondstory::incidentd {
namespace {

using testing::Contains;
using testing::Not;

class DigestCacheTest : public testing::Test {
 protected:
  DigestCacheTest() {
    auto log = storage::GroupLog::Open(&tables_, clock_);
    EXPECT_THAT(log, IsOk());
    log_ = *std::move(log);
    reader_ = std::make_unique<TimelineReader>(log_.get(), &store_);
    cache_ = std::make_unique<DigestCache>(log_.get(), &store_, reader_.get(),
                                           &policy_);
  }

  void Store(const std::string& object, const stored::v1::Record& record) {
    absl::Notification done;
    log_->Transact(
        {object},
        [&record](const storage::Store&, int64_t) {
          return std::vector<stored::v1::Record>{record};
        },
        [&done](const absl::Status& status) {
          EXPECT_THAT(status, IsOk());
          done.Notify();
        });
    done.WaitForNotification();
  }

  // `title` of an incident that is made of `candidate`, and, with `merged`, of
  // that incident.
  void StoreIncident(char digit, const std::string& title,
                     const std::string& merged = "") {
    stored::v1::Record record;
    v1::Incident* incident = record.mutable_incident()->mutable_incident();
    incident->set_incident_id(std::string(32, digit));
    incident->set_title(title);
    incident->set_state(v1::INCIDENT_STATE_OPEN);
    incident->add_candidate_ids(kCandidate);
    if (!merged.empty()) incident->add_merged_incident_ids(merged);
    Store(IncidentObject(incident->incident_id()), record);
  }

  void StoreCandidate(const std::vector<std::string>& alerts) {
    stored::v1::Record record;
    v1::Candidate* candidate = record.mutable_candidate()->mutable_candidate();
    candidate->set_candidate_id(kCandidate);
    for (size_t i = 0; i < alerts.size(); ++i) {
      v1::CandidateEvent* event = candidate->add_events();
      event->set_event_id(std::string(32, static_cast<char>('0' + i)));
      event->set_kind(v1::EVENT_KIND_ALERT_FIRED);
      event->set_service("checkout");
      event->set_title(alerts[i]);
    }
    Store(CandidateObject(kCandidate), record);
  }

  std::shared_ptr<const review::Digest> Get(char digit) {
    auto digest = cache_->Get(std::string(32, digit));
    EXPECT_THAT(digest, IsOk());
    return *digest;
  }

  const std::string kCandidate = std::string(32, 'c');
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  storage::MemoryTables tables_;
  const storage::Store store_{&tables_};
  SeverityPolicy policy_;
  std::unique_ptr<storage::GroupLog> log_;
  std::unique_ptr<TimelineReader> reader_;
  std::unique_ptr<DigestCache> cache_;
};

TEST_F(DigestCacheTest, ReadsAStoryOnceWhileNothingOfItChanges) {
  StoreCandidate({"LatencyHigh"});
  StoreIncident('a', "checkout is slow");
  const auto first = Get('a');
  EXPECT_EQ(first->title, "checkout is slow");
  StoreIncident('d', "another");
  EXPECT_EQ(Get('a'), first);
}

TEST_F(DigestCacheTest, ReadsAStoryAgainWhenItsIncidentChanged) {
  StoreCandidate({"LatencyHigh"});
  StoreIncident('a', "checkout is slow");
  Get('a');
  StoreIncident('a', "checkout is down");
  EXPECT_EQ(Get('a')->title, "checkout is down");
}

TEST_F(DigestCacheTest, ReadsAStoryAgainWhenSomethingJoinedItsCandidate) {
  StoreCandidate({"LatencyHigh"});
  StoreIncident('a', "checkout is slow");
  EXPECT_THAT(Get('a')->alerts, Not(Contains("checkout/ErrorsHigh")));
  StoreCandidate({"LatencyHigh", "ErrorsHigh"});
  EXPECT_THAT(Get('a')->alerts, Contains("checkout/ErrorsHigh"));
}

TEST_F(DigestCacheTest, ReadsAStoryAgainWhenAnIncidentThatItTookOverChanged) {
  StoreCandidate({});
  StoreIncident('b', "taken over");
  StoreIncident('a', "checkout is slow", std::string(32, 'b'));
  const auto first = Get('a');
  StoreIncident('b', "taken over, and changed");
  EXPECT_NE(Get('a'), first);
}

TEST_F(DigestCacheTest, SaysWhichIncidentItDoesNotKnow) {
  EXPECT_THAT(
      cache_->Get(std::string(32, 'e')),
      StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("eeee")));
}

}  // namespace
}  // namespace secondstory::incidentd
