#include "tools/story/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

using testing::ElementsAre;

TEST(OneLineTest, TakesNothingThatATerminalWouldObey) {
  EXPECT_EQ(OneLine("a\x1b[2Jb\x07"), "a\uFFFD[2Jb\uFFFD");
  EXPECT_EQ(OneLine("a\u202Eb\u0085"), "a\uFFFDb\uFFFD");
  EXPECT_EQ(OneLine("a\xFFz"), "a\uFFFDz");
}

TEST(OneLineTest, MakesOneLineOfMany) {
  EXPECT_EQ(OneLine("  a\r\n\tb  "), "a b");
  EXPECT_EQ(OneLine(""), "");
}

TEST(DisplayWidthTest, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("caf\u00e9"), 4);
  EXPECT_EQ(DisplayWidth("cafe\u0301"), 4);
  EXPECT_EQ(DisplayWidth("\u6771\u4eac"), 4);
  EXPECT_EQ(DisplayWidth("\U0001F525!"), 3);
}

TEST(PadToTest, AlignsWhateverTheCharacters) {
  EXPECT_EQ(PadTo("\u6771", 4), "\u6771  ");
  EXPECT_EQ(PadTo("long", 2), "long");
}

TEST(CutToTest, ShowsThatSomethingIsMissing) {
  EXPECT_EQ(CutTo("checkout", 8), "checkout");
  EXPECT_EQ(CutTo("checkouts", 8), "check...");
  EXPECT_EQ(CutTo("\u6771\u4eac\u6771\u4eac", 6), "\u6771...");
}

TEST(WrapTest, BreaksAtBlanks) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("", 7), ElementsAre(""));
}

TEST(WrapTest, BreaksALongWordWhereItMust) {
  EXPECT_THAT(Wrap("a/b/c/d e", 4), ElementsAre("a/b/", "c/d", "e"));
  EXPECT_THAT(Wrap("\u6771\u4eac\u90fd", 3),
              ElementsAre("\u6771", "\u4eac", "\u90fd"));
}

}  // namespace
}  // namespace secondstory::story
