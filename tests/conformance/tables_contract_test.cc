// The promises of storage/tables.h, on every implementation.
#include <map>
#include <random>

#include "storage/tables.h"
#include "storage/upgrade.h"
#include "tests/conformance/storage_under_test.h"

namespace secondstory::storage {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::Optional;

class TablesContractTest : public testing::TestWithParam<std::string> {
 protected:
  StorageUnderTest storage_{GetParam()};
  Tables* tables() { return storage_.tables(); }

  std::vector<std::string> Walk(const KeyRange& range, bool backwards = false) {
    std::vector<std::string> values;
    const auto it = tables()->NewIterator(range);
    backwards ? it->SeekToLast() : it->SeekToFirst();
    while (it->Valid()) {
      values.emplace_back(it->value());
      backwards ? it->Previous() : it->Next();
    }
    SS_EXPECT_OK(it->status());
    return values;
  }
};

TEST_P(TablesContractTest, GivesBackWhatWasWrittenEvenAfterAReopen) {
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), "one"}, {keys::Log(2), ""}}));
  for (int i = 0; i < 2; ++i, storage_.Reopen()) {
    EXPECT_THAT(tables()->Get(keys::Log(1)), IsOkAndHolds(Optional(Eq("one"))));
    EXPECT_THAT(tables()->Get(keys::Log(2)), IsOkAndHolds(Optional(Eq(""))));
    EXPECT_THAT(tables()->Get(keys::Log(3)), IsOkAndHolds(std::nullopt));
  }
}

TEST_P(TablesContractTest, TakesAWriteOverAllFamiliesAsOne) {
  const std::string id(16, 'x');
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), "log"},
                                {keys::EventId(id), "id"},
                                {keys::ByTime(1, 1), "index"},
                                {keys::Candidate(id), "table"}}));
  storage_.Reopen();
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{keys::Log(1), "log"},
                                          {keys::EventId(id), "id"},
                                          {keys::ByTime(1, 1), "index"},
                                          {keys::Candidate(id), "table"}}) {
    EXPECT_THAT(tables()->Get(key), IsOkAndHolds(Optional(Eq(value))));
  }
}

TEST_P(TablesContractTest, ForgetsWhatWasDeletedAndIgnoresMissingKeys) {
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), "one"}}));
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), {}}, {keys::Log(9), {}}}));
  EXPECT_THAT(tables()->Get(keys::Log(1)), IsOkAndHolds(std::nullopt));
}

TEST_P(TablesContractTest, LetsTheLastMutationOfAKeyWin) {
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), "a"}, {keys::Log(1), "b"}}));
  EXPECT_THAT(tables()->Get(keys::Log(1)), IsOkAndHolds(Optional(Eq("b"))));
}

TEST_P(TablesContractTest, ReadsManyKeysInTheirOrder) {
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), "1"}, {keys::Log(3), "3"}}));
  EXPECT_THAT(tables()->MultiGet({keys::Log(3), keys::Log(2), keys::Log(1)}),
              IsOkAndHolds(ElementsAre(Optional(Eq("3")), std::nullopt,
                                       Optional(Eq("1")))));
  EXPECT_THAT(tables()->MultiGet({}), IsOkAndHolds(ElementsAre()));
}

TEST_P(TablesContractTest, WalksOnlyTheRangeBothWays) {
  Mutations mutations;
  for (int i = 1; i <= 5; ++i) {
    mutations.Put(keys::ByTime(i, 1), std::to_string(i));
  }
  mutations.Put(keys::ByService("a", 3, 1), "other");
  SS_ASSERT_OK(tables()->Write(mutations));
  EXPECT_THAT(Walk(keys::Minutes(2, 4)), ElementsAre("2", "3", "4"));
  EXPECT_THAT(Walk(keys::Minutes(2, 4), true), ElementsAre("4", "3", "2"));
  EXPECT_THAT(Walk(keys::Minutes(6, 9)), ElementsAre());
  EXPECT_THAT(Walk(keys::Minutes(6, 9), true), ElementsAre());
}

TEST_P(TablesContractTest, SeeksToTheFirstKeyAtOrAfter) {
  SS_ASSERT_OK(tables()->Write(
      {{keys::Log(2), "2"}, {keys::Log(4), "4"}, {keys::Log(6), "6"}}));
  const auto it = tables()->NewIterator({keys::Log(3), keys::Log(6)});
  it->Seek(keys::Log(4));
  EXPECT_EQ(it->value(), "4");
  it->Seek(keys::Log(1));
  EXPECT_EQ(it->value(), "4");
  it->Seek(keys::Log(5));
  EXPECT_FALSE(it->Valid());
}

TEST_P(TablesContractTest, AgreesWithAMapOnRandomWrites) {
  std::mt19937_64 random(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(testing::UnitTest::GetInstance()->random_seed());
  std::map<std::string, std::string> model;
  for (int round = 0; round < 50; ++round) {
    Mutations mutations;
    for (int i = 0; i < 20; ++i) {
      const std::string key = keys::Log(random() % 100 + 1);
      if (random() % 4 == 0) {
        mutations.Delete(key);
        model.erase(key);
      } else {
        model[key] = std::to_string(random());
        mutations.Put(key, model[key]);
      }
    }
    SS_ASSERT_OK(tables()->Write(mutations));
    if (round % 10 == 0) storage_.Reopen();
  }
  std::vector<std::string> expected;
  for (const auto& [key, value] : model) expected.push_back(value);
  EXPECT_EQ(Walk(keys::AllLog()), expected);
}

TEST_P(TablesContractTest, ImportsSortedKeysOverThoseThatAreThere) {
  const std::string a(16, 'a'), b(16, 'b'), c(16, 'c');
  SS_ASSERT_OK(
      tables()->Import({{keys::EventId(a), "1"}, {keys::EventId(b), "2"}}));
  SS_ASSERT_OK(tables()->Write({{keys::Log(1), "log"}}));
  SS_ASSERT_OK(tables()->Import({{keys::EventId(a), "3"},
                                 {keys::EventId(b), std::nullopt},
                                 {keys::EventId(c), "4"}}));
  SS_ASSERT_OK(tables()->Import({}));
  storage_.Reopen();
  EXPECT_THAT(tables()->MultiGet(
                  {keys::EventId(a), keys::EventId(b), keys::EventId(c)}),
              IsOkAndHolds(ElementsAre(Optional(Eq("3")), std::nullopt,
                                       Optional(Eq("4")))));
  EXPECT_THAT(Walk(keys::AllEventIds()), ElementsAre("3", "4"));
}

TEST_P(TablesContractTest, RefusesToImportKeysThatAreNotSortedAsBytes) {
  const std::string low(16, '\x7f'), high(16, '\x80');
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("does not sort behind"));
  EXPECT_THAT(
      tables()->Import({{keys::EventId(high), "1"}, {keys::EventId(low), "2"}}),
      refused);
  EXPECT_THAT(
      tables()->Import({{keys::EventId(low), "1"}, {keys::EventId(low), "2"}}),
      refused);
  SS_ASSERT_OK(tables()->Import(
      {{keys::EventId(low), "1"}, {keys::EventId(high), "2"}}));
}

TEST_P(TablesContractTest, TakesOverTablesOfAnOlderFormat) {
  SS_ASSERT_OK(tables()->Write({{keys::Format(), EncodeUint32(1)}}));
  SS_ASSERT_OK(Upgrade(tables()));
  EXPECT_THAT(tables()->Get(keys::Format()),
              IsOkAndHolds(Optional(EncodeUint32(kFormatVersion))));
}

TEST_P(TablesContractTest, RefusesTablesOfANewerFormat) {
  SS_ASSERT_OK(Upgrade(tables()));
  SS_ASSERT_OK(Upgrade(tables()));
  SS_ASSERT_OK(
      tables()->Write({{keys::Format(), EncodeUint32(kFormatVersion + 1)}}));
  EXPECT_THAT(Upgrade(tables()), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("newer program")));
}

INSTANTIATE_TEST_SUITE_P(Tables, TablesContractTest,
                         testing::Values("memory", "rocksdb"),
                         [](const auto& p) { return p.param; });

}  // namespace
}  // namespace secondstory::storage
