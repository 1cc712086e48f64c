#include "services/incidentd/reminders.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_matchers.h"
#include "storage/group_log.h"
#include "storage/memory/memory_tables.h"

namespace secondstory::incidentd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kNow = 20'000 * kDay;

v1::Incident IncidentDue(char digit, int64_t due_micros) {
  v1::Incident incident;
  incident.set_incident_id(std::string(32, digit));
  incident.set_title("checkout down");
  incident.set_state(v1::INCIDENT_STATE_RESOLVED);
  *incident.mutable_start_time() = FromMicros(kNow - 30 * kDay);
  *incident.mutable_review_due_time() = FromMicros(due_micros);
  return incident;
}

class RemindersTest : public testing::Test {
 protected:
  RemindersTest() {
    auto log = storage::GroupLog::Open(&tables_, clock_);
    EXPECT_THAT(log, IsOk());
    log_ = *std::move(log);
    reminders_ = std::make_unique<Reminders>(
        log_.get(), &store_, &clock_, &metrics_,
        [this](const std::string& id) { refreshed_.push_back(id[0]); });
  }

  void Store(const v1::Incident& incident) {
    stored::v1::Record record;
    *record.mutable_incident()->mutable_incident() = incident;
    Append(record);
  }

  void StoreAction(char digit, char incident_digit, int64_t due_micros,
                   v1::ActionState state = v1::ACTION_STATE_OPEN) {
    stored::v1::Record record;
    v1::ActionItem* action = record.mutable_action()->mutable_action();
    action->set_action_id(std::string(32, digit));
    action->set_incident_id(std::string(32, incident_digit));
    action->set_title("alert on queue age");
    action->set_owner("team-web");
    action->set_state(state);
    *action->mutable_due_time() = FromMicros(due_micros);
    Append(record);
  }

  void Append(const stored::v1::Record& record) {
    absl::Notification done;
    log_->Transact(
        {},
        [&record](const storage::Store&, int64_t) {
          return std::vector<stored::v1::Record>{record};
        },
        [&done](const absl::Status& status) {
          EXPECT_THAT(status, IsOk());
          done.Notify();
        });
    done.WaitForNotification();
  }

  // After everything that was handed to the log.
  std::vector<v1::Event> StoredEvents() {
    absl::Notification done;
    log_->Transact(
        {},
        [](const storage::Store&, int64_t) {
          return std::vector<stored::v1::Record>();
        },
        [&done](const absl::Status&) { done.Notify(); });
    done.WaitForNotification();
    const auto page = store_.QueryEvents({});
    EXPECT_THAT(page, IsOk());
    return page->items;
  }

  ManualClock clock_{absl::FromUnixMicros(kNow)};
  storage::MemoryTables tables_;
  const storage::Store store_{&tables_};
  Metrics metrics_{"test"};
  std::unique_ptr<storage::GroupLog> log_;
  std::vector<char> refreshed_;
  std::unique_ptr<Reminders> reminders_;
};

TEST_F(RemindersTest, RemindsOnceOfAReviewThatIsOverdue) {
  Store(IncidentDue('a', kNow - kDay));
  Store(IncidentDue('b', kNow + kDay));
  v1::Incident published = IncidentDue('c', kNow - kDay);
  published.set_state(v1::INCIDENT_STATE_PUBLISHED);
  Store(published);
  v1::Incident deleted = IncidentDue('d', kNow - kDay);
  deleted.mutable_delete_time();
  Store(deleted);
  reminders_->Tick();
  reminders_->Tick();
  const auto events = StoredEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].source(), kReviewSource);
  EXPECT_EQ(events[0].labels().at("incident_id"), std::string(32, 'a'));
  EXPECT_THAT(events[0].title(),
              HasSubstr("\"checkout down\" was due on 2024-10-03"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_review_overdue_reviews 1"));
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_review_incidents{state=\"resolved\"} 2"));
  // Two days later so is the other one.
  clock_.Advance(absl::Hours(48));
  reminders_->Tick();
  EXPECT_EQ(StoredEvents().size(), 2u);
}

TEST_F(RemindersTest, RemindsOfOpenActionsAndNamesTheTeam) {
  Store(IncidentDue('a', kNow + kDay));
  v1::Incident deleted = IncidentDue('d', kNow + kDay);
  deleted.mutable_delete_time();
  Store(deleted);
  StoreAction('1', 'a', kNow - 1);
  StoreAction('2', 'a', kNow - 1, v1::ACTION_STATE_DONE);
  StoreAction('3', 'a', kNow + 1);
  StoreAction('4', 'd', kNow - 1);
  reminders_->Tick();
  const auto events = StoredEvents();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].labels().at("owner"), "team-web");
  EXPECT_EQ(events[0].labels().at("overdue"), "action");
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("secondstory_review_overdue_actions 1"));
}

TEST_F(RemindersTest, AsksForIncidentsThatGoOnToBeRefreshed) {
  v1::Incident open = IncidentDue('a', kNow);
  open.set_state(v1::INCIDENT_STATE_OPEN);
  open.add_candidate_ids(std::string(32, 'c'));
  Store(open);
  Store(IncidentDue('b', kNow));
  reminders_->Tick();
  EXPECT_THAT(refreshed_, ElementsAre('a'));
}

TEST(ReviewReminderTest, FitsIntoAnEventHoweverLongTheTitleIs) {
  v1::Incident incident = IncidentDue('a', kNow);
  std::string title;
  while (title.size() < 1023) title += "\xc3\xa4";
  incident.set_title(title);
  const v1::Event event = ReviewReminder(incident);
  EXPECT_LE(event.title().size(), 1024u);
  EXPECT_THAT(event.title(), HasSubstr("\xc3\xa4...\" was due"));
}

}  // namespace
}  // namespace secondstory::incidentd
