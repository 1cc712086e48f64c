#include "ingest/deploys/text.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/limits.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

TEST(TextTest, FindsTheFirstByteThatIsNotUtf8) {
  EXPECT_EQ(FindInvalidUtf8("pl\u00e4n \U0001F600"), absl::string_view::npos);
  EXPECT_EQ(FindInvalidUtf8("pl\xE4n"), 2u);
  EXPECT_EQ(FindInvalidUtf8("ok\xC3"), 2u);
  EXPECT_EQ(FindInvalidUtf8("\xED\xA0\x80"), 0u);
}

TEST(TextTest, ReplacesEveryByteThatIsNotUtf8) {
  EXPECT_EQ(ToUtf8("pl\xE4n\xFF"), "pl\uFFFDn\uFFFD");
  EXPECT_EQ(ToUtf8("pl\u00e4n"), "pl\u00e4n");
}

TEST(TextTest, CutsBetweenCharacters) {
  EXPECT_EQ(CutText("abcdef", 6), "abcdef");
  EXPECT_EQ(CutText("abcdefg", 6), "abc...");
  EXPECT_EQ(CutText("ab\u00e4\u00e4\u00e4", 6), "ab...");
}

TEST(TextTest, PutsTextOnOneLine) {
  EXPECT_EQ(ToOneLine(" a\nb\tc\r\n"), "a b c");
  EXPECT_EQ(ToOneLine("\n"), "");
}

TEST(TextTest, TakesOnlyHttpUrls) {
  EXPECT_TRUE(IsUrl("https://ci.example/runs/1?a=b#c"));
  EXPECT_TRUE(IsUrl("http://x"));
  for (const char* text : {"", "http://", "ftp://x", "javascript:alert(1)",
                           "https://a b", "https://a\nb", "x https://a"}) {
    EXPECT_FALSE(IsUrl(text)) << text;
  }
  EXPECT_FALSE(IsUrl("http://" + std::string(limits::kUrlBytesMax, 'x')));
}

TEST(TextTest, SaysHowManyPathsThereWereWhenTheyDoNotFit) {
  std::vector<std::string> paths = {
      "a", std::string(limits::kChangePathBytesMax + 1, 'x')};
  v1::Event event;
  SetPaths(paths, &event);
  EXPECT_THAT(event.change().paths(), testing::ElementsAre("a"));
  EXPECT_EQ(event.labels().at("paths_total"), "2");

  paths.assign(limits::kChangePathCountMax, "b");
  event.Clear();
  SetPaths(paths, &event);
  EXPECT_EQ(event.change().paths_size(), limits::kChangePathCountMax);
  EXPECT_TRUE(event.labels().empty());

  paths.push_back("c");
  event.Clear();
  SetPaths(paths, &event);
  EXPECT_EQ(event.change().paths_size(), limits::kChangePathCountMax);
  EXPECT_EQ(event.labels().at("paths_total"), "1001");
}

}  // namespace
}  // namespace secondstory::ingest
