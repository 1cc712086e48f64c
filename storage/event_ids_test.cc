#include "storage/event_ids.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "secondstory/stored/v1/record.pb.h"
#include "storage/memory/memory_tables.h"

namespace secondstory::storage {
namespace {

using testing::Optional;

Id IdOf(int number) { return StableId({"test", absl::StrCat(number)}); }

// A log of events of which the ids are kept.
class EventIdsTest : public testing::Test {
 protected:
  void Open(size_t gathered_count = 10) {
    ids_.reset();
    auto opened = EventIds::Open(&tables_, head_, gathered_count);
    ASSERT_THAT(opened, IsOk());
    ids_ = *std::move(opened);
  }

  void WriteLog(int number) {
    stored::v1::Record record;
    record.mutable_event()->set_source("test");
    record.mutable_event()->set_source_event_id(absl::StrCat(number));
    SS_ASSERT_OK(tables_.Write({{keys::Log(static_cast<Position>(number)),
                                 record.SerializeAsString()}}));
    head_ = static_cast<Position>(number);
  }

  // Events first to last; the n-th is at position n.
  void Append(int first, int last) {
    for (int i = first; i <= last; ++i) {
      WriteLog(i);
      ids_->Add({{IdOf(i), head_}}, head_);
    }
  }

  void ExpectKnown(int first, int last) {
    for (int i = first; i <= last; ++i) {
      EXPECT_THAT(ids_->Find(IdOf(i)),
                  IsOkAndHolds(Optional(static_cast<Position>(i))));
    }
    EXPECT_THAT(ids_->Find(IdOf(last + 1)), IsOkAndHolds(std::nullopt));
  }

  MemoryTables tables_;
  Position head_ = 0;
  std::unique_ptr<EventIds> ids_;
};

TEST_F(EventIdsTest, KnowsWhatWasAdded) {
  Open();
  ExpectKnown(1, 0);
  Append(1, 5);
  ExpectKnown(1, 5);
}

TEST_F(EventIdsTest, KnowsItStillOnceItWasWritten) {
  Open();
  Append(1, 35);
  ids_->WaitUntilWritten();
  EXPECT_THAT(tables_.Get(keys::EventId(IdOf(1))),
              IsOkAndHolds(Optional(EncodeUint64(1))));
  ExpectKnown(1, 35);
}

TEST_F(EventIdsTest, FindsInTheLogWhatWasNotWritten) {
  Open();
  Append(1, 35);
  Open();
  ExpectKnown(1, 35);
  Open(1000);
  ExpectKnown(1, 35);
}

TEST_F(EventIdsTest, ReadsTheWholeLogWhereIdsWereNeverWritten) {
  for (int i = 1; i <= 100; ++i) WriteLog(i);
  Open();
  ExpectKnown(1, 100);
  EXPECT_THAT(tables_.Get(keys::EventIdsThrough()),
              IsOkAndHolds(testing::Ne(std::nullopt)));
}

TEST_F(EventIdsTest, ForgetsWhatTheLogHasLost) {
  Open();
  Append(1, 20);
  ids_->WaitUntilWritten();
  Open(1);  // writes the rest
  ids_->WaitUntilWritten();
  head_ = 15;
  for (Position lost = 16; lost <= 20; ++lost) {
    SS_ASSERT_OK(tables_.Write({{keys::Log(lost), std::nullopt}}));
  }
  Open();
  ExpectKnown(1, 15);
  // Other events take the positions.
  WriteLog(16);
  ids_->Add({{IdOf(99), 16}}, 16);
  EXPECT_THAT(ids_->Find(IdOf(99)), IsOkAndHolds(Optional(Position{16})));
  EXPECT_THAT(ids_->Find(IdOf(16)), IsOkAndHolds(std::nullopt));
}

TEST_F(EventIdsTest, KeepsInMemoryWhatCannotBeWritten) {
  Open();
  for (int i = 1; i <= 9; ++i) Append(i, i);
  tables_.FailNextWrite();
  // Past what one file takes; the log itself fails from here on.
  std::vector<std::pair<Id, Position>> more;
  for (int i = 10; i <= 40; ++i) more.emplace_back(IdOf(i), Position(i));
  ids_->Add(more, 40);
  ExpectKnown(1, 40);
}

TEST_F(EventIdsTest, FindsManyAtOnce) {
  Open();
  Append(1, 35);
  std::vector<Id> wanted;
  for (int i = 1; i <= 70; i += 2) wanted.push_back(IdOf(i));
  std::sort(wanted.begin(), wanted.end());
  EventIds::Positions found;
  SS_ASSERT_OK(ids_->FindAll(wanted, &found));
  EXPECT_EQ(found.size(), 18u);
  for (int i = 1; i <= 35; i += 2) {
    EXPECT_EQ(found.at(IdOf(i)), static_cast<Position>(i));
  }
}

TEST_F(EventIdsTest, FindsManyInWhateverOrderTheyCome) {
  Open();
  Append(1, 95);
  ids_->WaitUntilWritten();
  const auto expect_found = [this](const std::vector<int>& numbers) {
    std::vector<Id> wanted;
    EventIds::Positions expected;
    for (const int number : numbers) {
      wanted.push_back(IdOf(number));
      if (number <= 95) expected[IdOf(number)] = static_cast<Position>(number);
    }
    EventIds::Positions found;
    SS_ASSERT_OK(ids_->FindAll(wanted, &found));
    EXPECT_EQ(found, expected);
  };
  std::vector<int> numbers(60);
  std::iota(numbers.begin(), numbers.end(), 11);
  expect_found(numbers);
  // A record that cannot be read is known all the same.
  SS_ASSERT_OK(tables_.Write({{keys::Log(20), "\x12\x05"}}));
  expect_found(numbers);
  numbers[30] = 500;  // not known
  expect_found(numbers);
  numbers[40] = 12;  // there already
  expect_found(numbers);
  numbers[0] = 501;
  expect_found(numbers);
  std::reverse(numbers.begin(), numbers.end());
  expect_found(numbers);
  std::iota(numbers.begin(), numbers.end(), 80);  // past the end of the log
  expect_found(numbers);
}

TEST_F(EventIdsTest, FindsWhatWasAddedSinceItLooked) {
  Open(100);
  Append(1, 5);
  const std::vector<Id> wanted = {IdOf(5), IdOf(6), IdOf(7)};
  EventIds::Positions found;
  uint64_t mark = 0;
  SS_ASSERT_OK(ids_->FindAll(wanted, &found, &mark));
  EXPECT_EQ(found, (EventIds::Positions{{IdOf(5), 5}}));
  Append(6, 6);
  ASSERT_TRUE(ids_->FindSince(mark, wanted, &found));
  EXPECT_EQ(found, (EventIds::Positions{{IdOf(5), 5}, {IdOf(6), 6}}));
}

TEST_F(EventIdsTest, LooksAgainOnceWhatWasAddedSinceMayBeInAFile) {
  Open(10);
  EventIds::Positions found;
  uint64_t mark = 0;
  SS_ASSERT_OK(ids_->FindAll({IdOf(1)}, &found, &mark));
  Append(1, 10);
  ids_->WaitUntilWritten();
  EXPECT_FALSE(ids_->FindSince(mark, {IdOf(1)}, &found));
  EXPECT_TRUE(found.empty());
  SS_ASSERT_OK(ids_->FindAll({IdOf(1)}, &found, &mark));
  EXPECT_EQ(found, (EventIds::Positions{{IdOf(1), 1}}));
  EXPECT_TRUE(ids_->FindSince(mark, {IdOf(1)}, &found));
}

}  // namespace
}  // namespace secondstory::storage
