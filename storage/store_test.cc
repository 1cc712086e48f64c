// What the read side says of what people told. Events and candidates are read
// in //tests/conformance:log_contract.
#include "storage/store.h"

#include <string>
#include <utility>
#include <vector>

#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_matchers.h"
#include "storage/apply.h"
#include "storage/memory/memory_tables.h"

namespace secondstory::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const char kIncident[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const char kOther[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

class StoreTest : public testing::Test {
 protected:
  void Append(const stored::v1::Record& record) {
    SS_ASSERT_OK(tables_.Write(Apply(next_, {EncodeRecord(record, next_)})));
    ++next_;
  }

  void AppendAction(char digit, std::optional<int64_t> due,
                    const std::string& owner = "",
                    v1::ActionState state = v1::ACTION_STATE_OPEN,
                    const char* incident = kIncident) {
    stored::v1::Record record;
    v1::ActionItem* action = record.mutable_action()->mutable_action();
    action->set_incident_id(incident);
    action->set_action_id(std::string(32, digit));
    action->set_owner(owner);
    action->set_state(state);
    if (due.has_value()) *action->mutable_due_time() = FromMicros(*due);
    Append(record);
  }

  void AppendAccount(char digit, int64_t create_micros) {
    stored::v1::Record record;
    v1::Account* account = record.mutable_account()->mutable_account();
    account->set_incident_id(kIncident);
    account->set_account_id(std::string(32, digit));
    *account->mutable_create_time() = FromMicros(create_micros);
    Append(record);
  }

  // The first digits of the ids, over pages of `limit`.
  std::string ListAll(ActionQuery query, size_t limit) {
    query.limit = limit;
    std::string digits;
    while (true) {
      const auto page = store_.ListActions(query);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) return digits;
      for (const v1::ActionItem& action : page->items) {
        digits += action.action_id()[0];
      }
      if (!page->more) return digits;
      query.after = PlaceOf(page->items.back());
    }
  }

  MemoryTables tables_;
  const Store store_{&tables_};
  Position next_ = 1;
};

TEST_F(StoreTest, ListsActionsByWhenTheyAreDueOverPages) {
  AppendAction('1', std::nullopt);
  AppendAction('2', 30, "web");
  AppendAction('3', 10);
  AppendAction('4', 20, "web", v1::ACTION_STATE_IN_PROGRESS, kOther);
  AppendAction('5', 10, "web", v1::ACTION_STATE_DONE);
  for (const size_t limit : {1, 2, 10}) {
    EXPECT_EQ(ListAll({}, limit), "3421") << limit;
    ActionQuery of_web;
    of_web.owners = {"web"};
    EXPECT_EQ(ListAll(of_web, limit), "42") << limit;
    ActionQuery of_one;
    of_one.incident = IdFromHex(kIncident);
    EXPECT_EQ(ListAll(of_one, limit), "321") << limit;
    ActionQuery done;
    done.states = {v1::ACTION_STATE_DONE, v1::ACTION_STATE_OPEN};
    EXPECT_EQ(ListAll(done, limit), "3521") << limit;
    ActionQuery overdue;
    overdue.due_before_micros = 21;
    EXPECT_EQ(ListAll(overdue, limit), "34") << limit;
  }
}

TEST_F(StoreTest, GivesAccountsInTheOrderInWhichTheyWereGiven) {
  AppendAccount('9', 1);
  AppendAccount('1', 2);
  AppendAccount('5', 3);
  SS_ASSERT_OK_AND_ASSIGN(const auto accounts,
                          store_.Accounts(IdFromHex(kIncident)));
  std::string digits;
  for (const auto& record : accounts) {
    digits += record.account().account_id()[0];
  }
  EXPECT_EQ(digits, "915");
  SS_ASSERT_OK_AND_ASSIGN(const auto none, store_.Accounts(IdFromHex(kOther)));
  EXPECT_THAT(none, IsEmpty());
  EXPECT_THAT(store_.GetAccount(IdFromHex(kOther), IdFromHex(kOther)),
              StatusIs(absl::StatusCode::kNotFound,
                       testing::HasSubstr("account bbbb")));
}

TEST_F(StoreTest, ReadsTheHistoryOfOneIncidentAndWhatWasToldOfAll) {
  AppendAction('1', 10);                                     // 1
  AppendAction('2', 10, "", v1::ACTION_STATE_OPEN, kOther);  // 2
  stored::v1::Record cursor;
  cursor.mutable_cursor()->set_source("s");
  Append(cursor);         // 3
  AppendAccount('3', 5);  // 4
  const auto positions = [](const absl::StatusOr<LogPage>& page) {
    std::vector<Position> found;
    for (const auto& [position, record] : page->records) {
      found.push_back(position);
    }
    return found;
  };
  const std::string incident = IdFromHex(kIncident);
  EXPECT_THAT(positions(store_.ReadHistory(incident, 0, 10, 1 << 20)),
              ElementsAre(1, 4));
  EXPECT_THAT(positions(store_.ReadHistory(incident, 1, 10, 1 << 20)),
              ElementsAre(4));
  EXPECT_THAT(positions(store_.ReadTold(0, 2, 1 << 20)), ElementsAre(1, 2));
  EXPECT_THAT(positions(store_.ReadTold(2, 2, 1 << 20)), ElementsAre(4));
  // One record is always given, however large.
  EXPECT_THAT(positions(store_.ReadTold(0, 10, 1)), ElementsAre(1));
  EXPECT_EQ(store_.ReadTold(4, 10, 1)->last, 4u);
}

}  // namespace
}  // namespace secondstory::storage
