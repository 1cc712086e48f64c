// The promises of storage/log.h, and what Store reads from such a log, on
// every storage.
#include <future>
#include <random>
#include <set>
#include <thread>

#include "base/limits.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "storage/group_log.h"
#include "tests/conformance/storage_under_test.h"
#include "tests/support/event_append.h"

namespace secondstory::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int64_t kMinute = kMicrosPerMinute;

v1::Event MakeEvent(const std::string& id, int64_t micros = 1000,
                    const std::string& service = "checkout") {
  v1::Event event;
  event.set_source("test");
  event.set_source_event_id(id);
  event.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  event.set_service(service);
  event.set_title("title of " + id);
  *event.mutable_event_time() = FromMicros(micros);
  return event;
}

v1::CursorUpdate MoveCursor(const std::string& from, const std::string& to) {
  v1::CursorUpdate update;
  update.mutable_cursor()->set_source("test");
  update.mutable_cursor()->set_value(to);
  update.set_previous_value(from);
  return update;
}

std::vector<std::string> Ids(const std::vector<v1::Event>& events) {
  std::vector<std::string> ids;
  for (const v1::Event& event : events) ids.push_back(event.source_event_id());
  return ids;
}

class LogContractTest : public testing::TestWithParam<std::string> {
 protected:
  LogContractTest() { OpenLog(); }

  void OpenLog() {
    log_.reset();
    storage_.Reopen();
    store_ = std::make_unique<Store>(storage_.tables());
    auto opened = GroupLog::Open(storage_.tables(), clock_);
    ASSERT_THAT(opened, IsOk());
    log_ = *std::move(opened);
  }

  absl::StatusOr<AppendedEvents> Append(
      const std::vector<v1::Event>& events,
      std::optional<v1::CursorUpdate> cursor = {}) {
    EventAppend append = support::AppendOf(events);
    append.cursor = std::move(cursor);
    return AwaitAppend(std::move(append));
  }

  absl::StatusOr<AppendedEvents> AwaitAppend(EventAppend append) {
    std::promise<absl::StatusOr<AppendedEvents>> result;
    log_->AppendEvents(std::move(append),
                       [&](auto outcome) { result.set_value(outcome); });
    return result.get_future().get();
  }

  absl::Status Transact(std::vector<std::string> objects, Log::Decide decide) {
    std::promise<absl::Status> result;
    log_->Transact(std::move(objects), std::move(decide),
                   [&](absl::Status status) { result.set_value(status); });
    return result.get_future().get();
  }

  std::vector<std::string> AllIds() {
    EventQuery query;
    query.limit = 100000;
    auto page = store_->QueryEvents(query);
    EXPECT_THAT(page, IsOk());
    return Ids(page->items);
  }

  ManualClock clock_{absl::FromUnixSeconds(1000)};
  StorageUnderTest storage_{GetParam()};
  std::unique_ptr<Store> store_;
  std::unique_ptr<GroupLog> log_;
};

TEST_P(LogContractTest, StoresEachEventOnceHoweverOftenItComes) {
  SS_ASSERT_OK_AND_ASSIGN(
      const auto first,
      Append({MakeEvent("a"), MakeEvent("b"), MakeEvent("a")}));
  EXPECT_FALSE(first[0].known);
  EXPECT_FALSE(first[1].known);
  EXPECT_TRUE(first[2].known);
  EXPECT_EQ(first[2].position, first[0].position);
  OpenLog();
  SS_ASSERT_OK_AND_ASSIGN(const auto second,
                          Append({MakeEvent("b"), MakeEvent("c")}));
  EXPECT_TRUE(second[0].known);
  EXPECT_EQ(second[0].position, first[1].position);
  EXPECT_FALSE(second[1].known);
  EXPECT_THAT(AllIds(), ElementsAre("a", "b", "c"));
}

TEST_P(LogContractTest, KnowsWhatCameSinceItWasLookedUp) {
  SS_ASSERT_OK(Append({MakeEvent("a")}));
  EventAppend late =
      support::AppendOf({MakeEvent("a"), MakeEvent("b"), MakeEvent("c")});
  log_->LookUp(&late);
  SS_ASSERT_OK(Append({MakeEvent("b")}));
  SS_ASSERT_OK_AND_ASSIGN(const auto outcomes, AwaitAppend(std::move(late)));
  EXPECT_TRUE(outcomes[0].known);
  EXPECT_EQ(outcomes[0].position, 1u);
  EXPECT_TRUE(outcomes[1].known);
  EXPECT_EQ(outcomes[1].position, 2u);
  EXPECT_FALSE(outcomes[2].known);
  EXPECT_THAT(AllIds(), ElementsAre("a", "b", "c"));
}

TEST_P(LogContractTest, StoresAMillionCopiesOfAnEventOnce) {
  const std::vector<v1::Event> copies(1000, MakeEvent("a"));
  for (int i = 0; i < 1000; ++i) {
    SS_ASSERT_OK_AND_ASSIGN(const auto outcomes, Append(copies));
    ASSERT_EQ(outcomes.back().position, 1u);
  }
  EXPECT_EQ(log_->head(), 1u);
  EXPECT_THAT(AllIds(), ElementsAre("a"));
}

TEST_P(LogContractTest, KnowsAnEventByItsIdentityAndNotByItsTime) {
  SS_ASSERT_OK(Append({MakeEvent("a", 1 * kMinute)}).status());
  SS_ASSERT_OK_AND_ASSIGN(const auto again,
                          Append({MakeEvent("a", 9 * kMinute)}));
  EXPECT_TRUE(again[0].known);
  EXPECT_THAT(AllIds(), ElementsAre("a"));
}

TEST_P(LogContractTest, GivesBackEveryFieldAndItsOwn) {
  v1::Event event = MakeEvent("a");
  (*event.mutable_labels())["pod"] = "a\xc3\xa4";
  event.mutable_change()->add_paths("x/y");
  SS_ASSERT_OK_AND_ASSIGN(const auto outcome, Append({event}));
  const Id id = StableId({"test", "a"});
  EXPECT_THAT(log_->FindEvent(id), IsOkAndHolds(outcome[0].position));
  SS_ASSERT_OK_AND_ASSIGN(v1::Event stored,
                          store_->GetEvent(outcome[0].position));
  EXPECT_EQ(stored.event_id(), IdToHex(id));
  EXPECT_EQ(stored.position(), outcome[0].position);
  EXPECT_EQ(ToTime(stored.append_time()), clock_.Now());
  stored.clear_event_id();
  stored.clear_position();
  stored.clear_append_time();
  EXPECT_EQ(stored.SerializeAsString(), event.SerializeAsString());
  EXPECT_THAT(log_->FindEvent(StableId({"test", "b"})),
              IsOkAndHolds(std::nullopt));
}

TEST_P(LogContractTest, NeverLetsAppendTimesFallBackWithTheClock) {
  SS_ASSERT_OK(Append({MakeEvent("a")}).status());
  clock_.Set(absl::FromUnixSeconds(1));
  OpenLog();
  SS_ASSERT_OK(Append({MakeEvent("b")}).status());
  SS_ASSERT_OK_AND_ASSIGN(const LogPage page, store_->ReadLog(0, 10, 1 << 20));
  EXPECT_EQ(page.records.at(1).second.append_micros(), 1'000'000'000);
}

TEST_P(LogContractTest, MovesTheCursorWithItsEventsOrNeither) {
  SS_ASSERT_OK(Append({MakeEvent("a")}, MoveCursor("", "1")).status());
  EXPECT_THAT(Append({MakeEvent("b")}, MoveCursor("", "2")),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       testing::AllOf(HasSubstr("\"1\""), HasSubstr("test"))));
  EXPECT_THAT(AllIds(), ElementsAre("a"));
  SS_ASSERT_OK(Append({MakeEvent("b")}, MoveCursor("1", "2")).status());
  OpenLog();
  SS_ASSERT_OK_AND_ASSIGN(const v1::Cursor cursor,
                          store_->GetCursor("test", 0));
  EXPECT_EQ(cursor.value(), "2");
  EXPECT_EQ(ToTime(cursor.update_time()), clock_.Now());
  SS_ASSERT_OK_AND_ASSIGN(const v1::Cursor other, store_->GetCursor("test", 1));
  EXPECT_EQ(other.value(), "");
}

TEST_P(LogContractTest, TakesARepeatedCursorUpdateForDone) {
  SS_ASSERT_OK(Append({MakeEvent("a")}, MoveCursor("", "1")).status());
  SS_ASSERT_OK_AND_ASSIGN(const auto again,
                          Append({MakeEvent("a")}, MoveCursor("", "1")));
  EXPECT_TRUE(again[0].known);
}

TEST_P(LogContractTest, LetsOnlyOneOfTwoRacingWorkersMoveACursor) {
  // Both are in the queue before the first is decided.
  std::vector<std::promise<absl::Status>> results(8);
  for (size_t i = 0; i < results.size(); ++i) {
    EventAppend append;
    append.cursor = MoveCursor("", "worker " + std::to_string(i));
    log_->AppendEvents(std::move(append), [&results, i](auto outcome) {
      results[i].set_value(outcome.status());
    });
  }
  int moved = 0;
  for (auto& result : results) moved += result.get_future().get().ok();
  EXPECT_EQ(moved, 1);
}

TEST_P(LogContractTest, KeepsOneOfEachUnderConcurrentAppendsOfTheSame) {
  constexpr int kThreads = 8, kEvents = 50;
  std::vector<std::thread> threads;
  std::atomic<int> stored = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEvents; ++i) {
        EventAppend append = support::AppendOf(
            {MakeEvent(std::to_string((i + t * 7) % kEvents))});
        if (t % 2 == 0) log_->LookUp(&append);
        auto outcome = AwaitAppend(std::move(append));
        ASSERT_THAT(outcome, IsOk());
        stored += !outcome->at(0).known;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stored, kEvents);
  const std::vector<std::string> ids = AllIds();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), kEvents + 0u);
  EXPECT_THAT(ids, SizeIs(kEvents));
}

TEST_P(LogContractTest, TellsListenersTheHeadAfterItIsReadable) {
  std::promise<absl::StatusOr<Position>> seen;
  std::atomic<bool> first = true;
  log_->OnCommit([&](Position head) {
    if (first.exchange(false)) {
      EXPECT_EQ(head, log_->head());
      seen.set_value(store_->LastPosition());
    }
  });
  SS_ASSERT_OK_AND_ASSIGN(const auto outcome, Append({MakeEvent("a")}));
  EXPECT_THAT(seen.get_future().get(), IsOkAndHolds(outcome[0].position));
}

TEST_P(LogContractTest, ReadsTheLogInPiecesWithinItsLimits) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 10; ++i) events.push_back(MakeEvent(std::to_string(i)));
  SS_ASSERT_OK(Append(events).status());
  SS_ASSERT_OK_AND_ASSIGN(const LogPage some, store_->ReadLog(3, 4, 1 << 20));
  ASSERT_THAT(some.records, SizeIs(4));
  EXPECT_EQ(some.records[0].first, 4u);
  EXPECT_EQ(some.last, 7u);
  SS_ASSERT_OK_AND_ASSIGN(const LogPage one, store_->ReadLog(3, 4, 1));
  EXPECT_THAT(one.records, SizeIs(1));
  SS_ASSERT_OK_AND_ASSIGN(const LogPage none, store_->ReadLog(10, 4, 1 << 20));
  EXPECT_THAT(none.records, SizeIs(0));
  EXPECT_EQ(none.last, 10u);
}

TEST_P(LogContractTest, CommitsATransactionAsOneOrNotAtAll) {
  stored::v1::Record incident;
  incident.mutable_incident()->mutable_incident()->set_incident_id(
      std::string(32, 'a'));
  SS_ASSERT_OK(Transact({"x"}, [&](const Store&, int64_t) {
    return std::vector<stored::v1::Record>{incident};
  }));
  EXPECT_THAT(
      Transact({"x"},
               [&](const Store& store,
                   int64_t) -> absl::StatusOr<std::vector<stored::v1::Record>> {
                 EXPECT_THAT(store.GetIncident(std::string(16, '\xaa')),
                             IsOk());
                 return absl::AbortedError("somebody else");
               }),
      StatusIs(absl::StatusCode::kAborted, "somebody else"));
  EXPECT_EQ(log_->head(), 1u);
}

TEST_P(LogContractTest, CountsAChangeOfAnObjectBeforeItIsAnswered) {
  const uint64_t x = log_->ChangeCount("x"), y = log_->ChangeCount("y");
  stored::v1::Record incident;
  incident.mutable_incident()->mutable_incident()->set_incident_id(
      std::string(32, 'a'));
  std::promise<uint64_t> seen;
  log_->Transact(
      {"x"},
      [&](const Store&, int64_t) {
        return std::vector<stored::v1::Record>{incident};
      },
      [&](const absl::Status&) { seen.set_value(log_->ChangeCount("x")); });
  EXPECT_GT(seen.get_future().get(), x);
  EXPECT_EQ(log_->ChangeCount("y"), y);
}

TEST_P(LogContractTest, LetsTransactionsOfOneObjectSeeEachOther) {
  // Each adds one to what it read; none may be lost.
  constexpr int kCount = 40;
  std::vector<std::promise<absl::Status>> results(kCount);
  const std::string id(32, 'b');
  for (int i = 0; i < kCount; ++i) {
    log_->Transact(
        {"incident/b"},
        [&](const Store& store, int64_t) {
          stored::v1::Record record;
          v1::Incident* incident =
              record.mutable_incident()->mutable_incident();
          if (auto stored = store.GetIncident(IdFromHex(id)); stored.ok()) {
            *incident = *stored;
          }
          incident->set_incident_id(id);
          incident->set_severity(incident->severity() + 1);
          return std::vector<stored::v1::Record>{record};
        },
        [&results, i](absl::Status status) { results[i].set_value(status); });
  }
  for (auto& result : results) SS_EXPECT_OK(result.get_future().get());
  EXPECT_EQ(store_->GetIncident(IdFromHex(id))->severity(), kCount + 0u);
}

TEST_P(LogContractTest, FindsEventsByTimeServiceKindAndSource) {
  v1::Event change = MakeEvent("change", 3 * kMinute, "shop");
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  change.mutable_change()->add_services("checkout");
  v1::Event foreign = MakeEvent("foreign", 2 * kMinute);
  foreign.set_source("elsewhere");
  SS_ASSERT_OK(Append({MakeEvent("late", 90 * kMinute), change, foreign,
                       MakeEvent("early", 1 * kMinute)})
                   .status());
  const auto find = [&](EventQuery query) {
    auto page = store_->QueryEvents(query);
    EXPECT_THAT(page, IsOk());
    return Ids(page->items);
  };
  EXPECT_THAT(find({}), ElementsAre("early", "foreign", "change", "late"));
  EventQuery query;
  query.newest_first = true;
  EXPECT_THAT(find(query), ElementsAre("late", "change", "foreign", "early"));
  query = {};
  query.services = {"shop"};
  EXPECT_THAT(find(query), ElementsAre("change"));
  query.services = {"checkout", "shop"};
  EXPECT_THAT(find(query), ElementsAre("early", "foreign", "change", "late"));
  query = {};
  query.kinds = {v1::EVENT_KIND_CHANGE_FINISHED};
  EXPECT_THAT(find(query), ElementsAre("change"));
  query = {};
  query.sources = {"elsewhere"};
  EXPECT_THAT(find(query), ElementsAre("foreign"));
  query = {};
  query.time = {2 * kMinute, 3 * kMinute};
  EXPECT_THAT(find(query), ElementsAre("foreign"));
}

TEST_P(LogContractTest, PagesThroughEverythingExactlyOnceEitherWay) {
  std::mt19937_64 random(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::UnitTest::GetInstance()->random_seed());
  std::vector<std::pair<int64_t, std::string>> model;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<v1::Event> events;
    for (int i = 0; i < 15; ++i) {
      const std::string id = std::to_string(batch * 100 + i);
      // Few distinct times, so that pages end between equal ones.
      const auto micros = static_cast<int64_t>(random() % 10) * 20'000'000;
      events.push_back(MakeEvent(id, micros, "s" + std::to_string(i % 3)));
      model.emplace_back(micros, id);
    }
    SS_ASSERT_OK(Append(events).status());
  }
  std::stable_sort(
      model.begin(), model.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> expected;
  for (const auto& [micros, id] : model) expected.push_back(id);
  for (bool newest_first : {false, true}) {
    for (bool by_source : {false, true}) {
      EventQuery query;
      query.limit = 7;
      query.newest_first = newest_first;
      if (by_source) query.sources = {"test"};
      query.services = {"s0", "s1", "s2"};
      std::vector<std::string> got;
      while (true) {
        SS_ASSERT_OK_AND_ASSIGN(const Page<v1::Event> page,
                                store_->QueryEvents(query));
        for (const std::string& id : Ids(page.items)) got.push_back(id);
        if (!page.more) break;
        ASSERT_THAT(page.items, SizeIs(7));
        query.after = {ToMicros(page.items.back().event_time()),
                       page.items.back().position()};
      }
      EXPECT_EQ(got, expected);
    }
    std::reverse(expected.begin(), expected.end());
  }
}

TEST_P(LogContractTest, RefusesAppendsWhileTooMuchWaits) {
  // The sequencer is held inside a decision, so that everything else waits.
  std::promise<void> entered, leave;
  std::promise<absl::Status> held;
  log_->Transact(
      {},
      [&](const Store&, int64_t) {
        entered.set_value();
        leave.get_future().wait();
        return std::vector<stored::v1::Record>{};
      },
      [&](absl::Status status) { held.set_value(status); });
  entered.get_future().wait();
  v1::Event large = MakeEvent("large");
  large.set_description(std::string(1 << 20, 'x'));
  std::atomic<int> taken = 0, refused = 0;
  for (size_t i = 0; i < (limits::kPendingAppendBytesMax >> 20) + 1; ++i) {
    large.set_source_event_id(std::to_string(i));
    log_->AppendEvents(support::AppendOf({large}), [&](auto outcome) {
      outcome.ok() ? ++taken : ++refused;
      if (!outcome.ok()) {
        EXPECT_THAT(outcome, StatusIs(absl::StatusCode::kResourceExhausted));
      }
    });
  }
  EXPECT_GE(refused, 1);
  EXPECT_EQ(taken, 0);
  leave.set_value();
  SS_EXPECT_OK(held.get_future().get());
  log_.reset();  // finishes what it took
  EXPECT_EQ(taken + refused, (limits::kPendingAppendBytesMax >> 20) + 1);
}

INSTANTIATE_TEST_SUITE_P(Logs, LogContractTest,
                         testing::Values("memory", "rocksdb"),
                         [](const auto& p) { return p.param; });

// Only tables that can be told to fail show this one.
TEST(GroupLogTest, AcknowledgesNothingAfterAFailedWrite) {
  MemoryTables tables;
  const ManualClock clock(absl::FromUnixSeconds(1));
  SS_ASSERT_OK_AND_ASSIGN(auto log, GroupLog::Open(&tables, clock));
  tables.FailNextWrite();
  for (int i = 0; i < 3; ++i) {
    std::promise<absl::Status> result;
    EventAppend append = support::AppendOf({MakeEvent(std::to_string(i))});
    log->AppendEvents(std::move(append), [&](auto outcome) {
      result.set_value(outcome.status());
    });
    EXPECT_THAT(result.get_future().get(),
                StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(log->health(), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(log->head(), 0u);
}

}  // namespace
}  // namespace secondstory::storage
