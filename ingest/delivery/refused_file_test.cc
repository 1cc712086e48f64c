#include "ingest/delivery/refused_file.h"

#include <fstream>
#include <sstream>
#include <string>

#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using ::testing::HasSubstr;

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string FreshPath() {
  return testing::TempDir() + "/" +
         testing::UnitTest::GetInstance()->current_test_info()->name() +
         ".jsonl";
}

TEST(RefusedFileTest, AppendsLines) {
  const std::string path = FreshPath();
  SS_ASSERT_OK(RefusedFile(path).Append({"{\"a\":1}", "{\"a\":2}"}));
  SS_ASSERT_OK(RefusedFile(path).Append({"{\"a\":3}"}));
  EXPECT_EQ(Read(path), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
}

TEST(RefusedFileTest, BeginsANewLineBehindOneThatACrashCutOff) {
  const std::string path = FreshPath();
  std::ofstream(path) << "{\"a\":1}\n{\"a\"";
  SS_ASSERT_OK(RefusedFile(path).Append({"{\"a\":2}"}));
  EXPECT_EQ(Read(path), "{\"a\":1}\n{\"a\"\n{\"a\":2}\n");
}

TEST(RefusedFileTest, KeepsOneOlderFileWhenItGrowsTooLarge) {
  const std::string path = FreshPath();
  RefusedFile file(path, /*bytes_max=*/10);
  for (const char* line : {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"}) {
    SS_ASSERT_OK(file.Append({line}));
  }
  EXPECT_EQ(Read(path), "{\"a\":3}\n");
  EXPECT_EQ(Read(path + ".1"), "{\"a\":2}\n");
}

TEST(RefusedFileTest, NamesTheFileThatCannotBeWritten) {
  EXPECT_THAT(RefusedFile("/dev/full").Append({"{}"}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/dev/full")));
  EXPECT_THAT(
      RefusedFile("/no/such/folder/x").Append({"{}"}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("No such file")));
}

TEST(JsonObjectTest, EscapesNamesAndKeepsValues) {
  EXPECT_EQ(JsonObject({{"a\"b", "1"}, {"c", JsonQuote("x\ny")}}),
            "{\"a\\\"b\":1,\"c\":\"x\\ny\"}");
}

}  // namespace
}  // namespace secondstory::ingest
