#include "ingest/deploys/line_splitter.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SplitOptions Options(size_t line_bytes_max = 10) {
  SplitOptions options;
  options.line_bytes_max = line_bytes_max;
  return options;
}

// Too long lines are shown with a "!" behind.
std::vector<std::string> Lines(const SplitResult& result) {
  std::vector<std::string> lines;
  for (const SplitLine& line : result.lines) {
    lines.push_back(std::string(line.text) + (line.is_too_long ? "!" : ""));
  }
  return lines;
}

TEST(LineSplitterTest, LeavesAHalfWrittenLineForLater) {
  const SplitResult result = SplitLines("a\n\nbc", Options());
  EXPECT_THAT(Lines(result), ElementsAre("a", ""));
  EXPECT_EQ(result.consumed_bytes, 3u);
  EXPECT_EQ(result.newline_count, 2);
  EXPECT_EQ(SplitLines("bc", Options()).consumed_bytes, 0u);
}

TEST(LineSplitterTest, TakesTheRestAsALineWhenNothingWillFollow) {
  SplitOptions options = Options();
  options.is_complete = true;
  const SplitResult result = SplitLines("a\nbc", options);
  EXPECT_THAT(Lines(result), ElementsAre("a", "bc"));
  EXPECT_EQ(result.consumed_bytes, 4u);
  EXPECT_FALSE(result.is_skipping);
  EXPECT_THAT(Lines(SplitLines("a\n", options)), ElementsAre("a"));
  EXPECT_THAT(Lines(SplitLines("", options)), IsEmpty());
}

TEST(LineSplitterTest, StopsAtTheMostLinesAskedFor) {
  SplitOptions options = Options();
  options.line_count_max = 2;
  const SplitResult result = SplitLines("a\nb\nc\n", options);
  EXPECT_THAT(Lines(result), ElementsAre("a", "b"));
  EXPECT_EQ(result.consumed_bytes, 4u);
}

TEST(LineSplitterTest, ReturnsALineThatIsTooLongOnceAndSkipsItsRest) {
  const std::string text(11, 'x');
  const std::string begun = "a\n" + text;
  SplitResult result = SplitLines(begun, Options());
  EXPECT_THAT(Lines(result), ElementsAre("a", text + "!"));
  EXPECT_EQ(result.consumed_bytes, 13u);
  EXPECT_EQ(result.newline_count, 1);
  ASSERT_TRUE(result.is_skipping);

  SplitOptions options = Options();
  options.is_skipping = true;
  result = SplitLines("more of it", options);
  EXPECT_THAT(Lines(result), IsEmpty());
  EXPECT_EQ(result.consumed_bytes, 10u);
  ASSERT_TRUE(result.is_skipping);

  result = SplitLines("end\nb\n", options);
  EXPECT_THAT(Lines(result), ElementsAre("b"));
  EXPECT_EQ(result.newline_count, 2);
  EXPECT_FALSE(result.is_skipping);
}

TEST(LineSplitterTest, TakesALineOfExactlyTheMostBytes) {
  const std::string text(10, 'x');
  const std::string exact = text + "\n";
  EXPECT_THAT(Lines(SplitLines(exact, Options())), ElementsAre(text));
  EXPECT_EQ(SplitLines(text, Options()).consumed_bytes, 0u);
  const std::string longer = text + "y\nz\n";
  EXPECT_THAT(Lines(SplitLines(longer, Options())),
              ElementsAre(text + "y!", "z"));
}

TEST(LineSplitterTest, SkipsNulBytesInFrontOfALineHoweverMany) {
  const std::string nul(50, '\0');
  const std::string holed = "a\n" + nul + "b\n";
  EXPECT_THAT(Lines(SplitLines(holed, Options())), ElementsAre("a", "b"));
  const SplitResult result = SplitLines(nul, Options());
  EXPECT_THAT(Lines(result), IsEmpty());
  EXPECT_EQ(result.consumed_bytes, 50u);
  EXPECT_FALSE(result.is_skipping);
}

}  // namespace
}  // namespace secondstory::ingest
