#include "storage/apply.h"

#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "storage/memory/memory_tables.h"
#include "storage/store.h"
#include "tests/support/event_append.h"

namespace secondstory::storage {
namespace {

v1::Event MakeEvent(const std::string& id, int64_t micros,
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

// Records of events, with what they point into.
class EventRecords {
 public:
  explicit EventRecords(const std::vector<v1::Event>& events)
      : append_(support::AppendOf(events)) {
    for (const NewEvent& event : append_.events) {
      records_.push_back({7, &event, ""});
    }
  }
  void Add(NewRecord record) { records_.push_back(std::move(record)); }
  operator absl::Span<const NewRecord>() const { return records_; }

 private:
  EventAppend append_;
  std::vector<NewRecord> records_;
};

int CountIndexKeys(const Mutations& mutations) {
  int count = 0;
  for (size_t i = 0; i < mutations.size(); ++i) {
    count += FamilyOf(mutations[i].key) == Family::kIndex;
  }
  return count;
}

TEST(ApplyTest, GivesTheSameMutationsEveryTime) {
  const EventRecords records({MakeEvent("a", 5), MakeEvent("b", 6, "cart")});
  const Mutations first = Apply(10, records), second = Apply(10, records);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].key, second[i].key);
    EXPECT_EQ(first[i].value, second[i].value);
  }
}

TEST(ApplyTest, WritesOneIndexKeyForAllEventsOfAServiceAndMinute) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 100; ++i) {
    events.push_back(MakeEvent(std::to_string(i), 1000 + i));
  }
  // By service, by time.
  EXPECT_EQ(CountIndexKeys(Apply(1, EventRecords(events))), 2);
}

TEST(ApplyTest, ListsAChangeUnderEveryServiceThatItTouchesOnce) {
  v1::Event change = MakeEvent("c", 5, "shop");
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  change.mutable_change()->add_services("cart");
  change.mutable_change()->add_services("shop");
  const std::string bytes = change.SerializeAsString();
  EXPECT_THAT(MakeNewEvent(bytes).facts.services,
              testing::ElementsAre("shop", "cart"));
  EXPECT_EQ(CountIndexKeys(Apply(1, EventRecords({change}))), 3);
}

TEST(ApplyTest, RebuildsTheSameTablesFromTheLogAlone) {
  MemoryTables original;
  EventRecords records({MakeEvent("a", 5), MakeEvent("b", 6)});
  stored::v1::Record cursor;
  cursor.mutable_cursor()->set_source("test");
  cursor.mutable_cursor()->set_value("offset 2");
  records.Add(EncodeRecord(cursor, 7));
  SS_ASSERT_OK(original.Write(Apply(1, records)));

  SS_ASSERT_OK_AND_ASSIGN(const LogPage page,
                          Store(&original).ReadLog(0, 100, 1 << 20));
  std::vector<v1::Event> events;
  for (const auto& [position, record] : page.records) {
    if (record.has_event()) events.push_back(record.event());
  }
  EventRecords again(events);
  again.Add(EncodeRecord(page.records.back().second, 7));
  MemoryTables rebuilt;
  SS_ASSERT_OK(rebuilt.Write(Apply(1, again)));
  EXPECT_EQ(rebuilt.Contents(), original.Contents());
}

TEST(ApplyTest, MovesACandidateInTheListWhenItsOnsetMoves) {
  const std::string id(32, 'a');
  MemoryTables tables;
  stored::v1::Record record;
  v1::Candidate* candidate = record.mutable_candidate()->mutable_candidate();
  candidate->set_candidate_id(id);
  candidate->set_revision(1);
  *candidate->mutable_onset_time() = FromMicros(2000);
  SS_ASSERT_OK(tables.Write(Apply(1, {EncodeRecord(record, 1)})));

  candidate->set_revision(2);
  *candidate->mutable_onset_time() = FromMicros(1000);
  record.mutable_candidate()->set_previous_onset_micros(2000);
  SS_ASSERT_OK(tables.Write(Apply(2, {EncodeRecord(record, 1)})));

  SS_ASSERT_OK_AND_ASSIGN(const Page<ListedCandidate> page,
                          Store(&tables).ListCandidates({}));
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].place, CandidatePlace(1000, IdFromHex(id)));
  v1::Candidate listed;
  ASSERT_TRUE(listed.ParseFromString(page.items[0].bytes));
  EXPECT_EQ(ToMicros(listed.onset_time()), 1000);
}

int CountKeys(const MemoryTables& tables, const KeyRange& range) {
  int count = 0;
  const auto it = tables.NewIterator(range);
  for (it->SeekToFirst(); it->Valid(); it->Next()) ++count;
  return count;
}

stored::v1::Record ActionRecordOf(v1::ActionState state, int64_t due_micros) {
  stored::v1::Record record;
  v1::ActionItem* action = record.mutable_action()->mutable_action();
  action->set_incident_id(std::string(32, 'a'));
  action->set_action_id(std::string(32, 'b'));
  action->set_state(state);
  if (due_micros > 0) *action->mutable_due_time() = FromMicros(due_micros);
  return record;
}

TEST(ApplyTest, ListsAnActionByItsDueTimeWhileItIsOpen) {
  MemoryTables tables;
  const auto apply = [&tables](const stored::v1::Record& record) {
    SS_EXPECT_OK(tables.Write(Apply(1, {EncodeRecord(record, 1)})));
  };
  apply(ActionRecordOf(v1::ACTION_STATE_OPEN, 0));
  EXPECT_EQ(CountKeys(tables, keys::AllActionsByDue()), 1);
  EXPECT_EQ(CountKeys(tables, keys::ActionsByDue(1000)), 0);

  apply(ActionRecordOf(v1::ACTION_STATE_IN_PROGRESS, 500));
  EXPECT_EQ(CountKeys(tables, keys::AllActionsByDue()), 1);
  EXPECT_EQ(CountKeys(tables, keys::ActionsByDue(1000)), 1);

  stored::v1::Record later = ActionRecordOf(v1::ACTION_STATE_OPEN, 2000);
  later.mutable_action()->set_previous_due_micros(500);
  apply(later);
  EXPECT_EQ(CountKeys(tables, keys::AllActionsByDue()), 1);
  EXPECT_EQ(CountKeys(tables, keys::ActionsByDue(1000)), 0);

  apply(ActionRecordOf(v1::ACTION_STATE_DONE, 2000));
  EXPECT_EQ(CountKeys(tables, keys::AllActionsByDue()), 0);
  EXPECT_EQ(CountKeys(tables, keys::AllActions()), 1);
}

TEST(ApplyTest, ListsEveryRecordOfAnIncidentInItsHistory) {
  const std::string incident(32, 'a');
  MemoryTables tables;
  stored::v1::Record record;
  record.mutable_incident()->mutable_incident()->set_incident_id(incident);
  SS_ASSERT_OK(tables.Write(Apply(1, {EncodeRecord(record, 1)})));
  record.Clear();
  record.mutable_account()->mutable_account()->set_incident_id(incident);
  record.mutable_account()->mutable_account()->set_account_id(
      std::string(32, 'c'));
  SS_ASSERT_OK(tables.Write(Apply(2, {EncodeRecord(record, 1)})));
  record.Clear();
  record.mutable_reveal()->set_incident_id(incident);
  SS_ASSERT_OK(tables.Write(Apply(3, {EncodeRecord(record, 1)})));

  const std::string id = IdFromHex(incident);
  EXPECT_EQ(CountKeys(tables, keys::IncidentHistoryAfter(id, 0)), 3);
  EXPECT_EQ(CountKeys(tables, keys::IncidentHistoryAfter(id, 2)), 1);
  EXPECT_EQ(CountKeys(tables, keys::ToldAfter(1)), 2);
}

}  // namespace
}  // namespace secondstory::storage
