#include "base/sqlite.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory {
namespace {

using ::testing::HasSubstr;

constexpr char kSchema[] = "CREATE TABLE item (value BLOB)";

class SqliteTest : public testing::Test {
 protected:
  const std::string path_ =
      testing::TempDir() + "/" +
      testing::UnitTest::GetInstance()->current_test_info()->name() +
      "/sub/x.db";
};

int64_t CountItems(SqliteDatabase* database) {
  auto count = database->Prepare("SELECT count(*) FROM item");
  int64_t items = -1;
  SS_EXPECT_OK(count->Run([&] {
    items = count->Int64(0);
    return true;
  }));
  return items;
}

TEST_F(SqliteTest, KeepsAnyBytes) {
  const std::string bytes("a\0\xff", 3);
  {
    SS_ASSERT_OK_AND_ASSIGN(auto database,
                            SqliteDatabase::Open({path_, 1, kSchema}));
    SS_ASSERT_OK_AND_ASSIGN(
        SqliteStatement add,
        database->Prepare("INSERT INTO item VALUES (?), (?)"));
    SS_ASSERT_OK(add.Bind(0, bytes).Bind(1, "").Run());
  }
  SS_ASSERT_OK_AND_ASSIGN(auto database,
                          SqliteDatabase::Open({path_, 1, kSchema}));
  SS_ASSERT_OK_AND_ASSIGN(SqliteStatement read,
                          database->Prepare("SELECT value FROM item"));
  std::vector<std::string> found;
  SS_ASSERT_OK(read.Run([&] {
    EXPECT_FALSE(read.IsNull(0));
    found.push_back(read.Bytes(0));
    return true;
  }));
  EXPECT_THAT(found, testing::ElementsAre(bytes, ""));
}

TEST_F(SqliteTest, LeavesNoTraceOfAFailedTransaction) {
  SS_ASSERT_OK_AND_ASSIGN(auto database,
                          SqliteDatabase::Open({path_, 1, kSchema}));
  const absl::Status status = database->Transact([&]() -> absl::Status {
    SS_EXPECT_OK(database->Execute("INSERT INTO item VALUES ('x')"));
    return absl::CancelledError("changed my mind");
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(CountItems(database.get()), 0);
}

TEST_F(SqliteTest, RefusesASecondOwner) {
  SS_ASSERT_OK_AND_ASSIGN(auto database,
                          SqliteDatabase::Open({path_, 1, kSchema}));
  EXPECT_THAT(SqliteDatabase::Open({path_, 1, kSchema}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("another process owns it")));
}

TEST_F(SqliteTest, RefusesANewerFormat) {
  SS_ASSERT_OK(SqliteDatabase::Open({path_, 2, kSchema}));
  EXPECT_THAT(SqliteDatabase::Open({path_, 1, kSchema}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("format version 2")));
}

TEST_F(SqliteTest, RefusesAFileThatIsNotItsOwn) {
  SS_ASSERT_OK(SqliteDatabase::Open({path_, 1, kSchema}));
  const std::string other = path_ + ".txt";
  std::ofstream(other) << std::string(5000, 'x');
  EXPECT_THAT(SqliteDatabase::Open({other, 1, kSchema}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("x.db.txt")));
}

TEST_F(SqliteTest, LetsReadersLookBesideTheWriterOfADerivedFile) {
  SqliteOptions options{path_, 1, kSchema};
  options.derived = true;
  SS_ASSERT_OK_AND_ASSIGN(auto writer, SqliteDatabase::Open(options));
  SS_ASSERT_OK_AND_ASSIGN(auto reader, SqliteDatabase::OpenReader(options));
  SS_ASSERT_OK(writer->Transact([&]() -> absl::Status {
    SS_EXPECT_OK(writer->Execute("INSERT INTO item VALUES ('x')"));
    EXPECT_EQ(CountItems(reader.get()), 0);
    return absl::OkStatus();
  }));
  EXPECT_EQ(CountItems(reader.get()), 1);
  EXPECT_FALSE(reader->Execute("DELETE FROM item").ok());
}

TEST_F(SqliteTest, NamesAFolderThatCannotBeMade) {
  EXPECT_THAT(
      SqliteDatabase::Open({"/dev/null/x/y.db", 1, kSchema}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/dev/null/x")));
}

}  // namespace
}  // namespace secondstory
