// Goal: a reader sees where, which words, why, and what to ask instead.
#include "tools/story/language_page.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const review::LanguageRule kRule = {"omission", "Because.", "What?"};

std::string Page(const std::string& text, size_t begin, size_t end,
                 int width = 60) {
  PageOptions options;
  options.width = width;
  return LanguagePage("a.md", text, {{begin, end, &kRule}}, options);
}

TEST(LanguagePageTest, UnderlinesTheWordsAndSaysWhyAndWhatToAsk) {
  EXPECT_EQ(Page("one\nsomebody failed to look.\n", 13, 27),
            "a.md:2: omission\n"
            "    somebody failed to look.\n"
            "             ^^^^^^^^^^^^^^\n"
            "    why  Because.\n"
            "    ask  What?\n"
            "\n");
}

TEST(LanguagePageTest, CountsColumnsAsATerminalDoes) {
  EXPECT_THAT(Page("die Prüfung 検査 failed\tto look", 20, 34),
              HasSubstr("\n    die Prüfung 検査 failed to look\n"
                        "                     ^^^^^^^^^^^^^^\n"));
}

TEST(LanguagePageTest, JoinsWordsThatGoOnInTheNextLine) {
  EXPECT_THAT(Page("he failed\nto look up", 3, 17),
              StartsWith("a.md:1: omission\n"
                         "    he failed to look up\n"
                         "       ^^^^^^^^^^^^^^\n"));
}

TEST(LanguagePageTest, CutsLongLinesAroundTheWords) {
  const std::string before = "many words that stand before what was found and ";
  const std::string page = Page(
      before + "failed to look" + " and many words behind it, too", 48, 62, 44);
  EXPECT_THAT(page, HasSubstr("\n    ... and failed to look and many words...\n"
                              "            ^^^^^^^^^^^^^^\n"));
}

TEST(LanguagePageTest, CutsALineThatIsLongerThanAnyScreen) {
  std::string line;
  for (int i = 0; i < 5000; ++i) line += i % 2 == 0 ? "é " : "検";
  const std::string text = absl::StrCat(line, "failed to look", line);
  const std::string page = Page(text, line.size(), line.size() + 14);
  EXPECT_THAT(page, HasSubstr(" 検failed to looké "));
  EXPECT_THAT(page, Not(HasSubstr("\uFFFD")));
}

TEST(LanguagePageTest, ShowsNothingThatATerminalObeys) {
  EXPECT_THAT(Page("x \x1B[2J failed", 7, 13), HasSubstr("x \uFFFD[2J failed"));
}

TEST(LanguagePageTest, SaysNothingAboutNothing) {
  EXPECT_THAT(LanguagePage("a.md", "text", {}, {}), IsEmpty());
  EXPECT_THAT(LanguageJson("a.md", "text", {}), IsEmpty());
}

TEST(LanguagePageTest, WritesOneJsonObjectALineForScripts) {
  EXPECT_EQ(LanguageJson("a.md", "one\n\"x\" failed", {{4, 14, &kRule}}),
            "{\"name\":\"a.md\",\"line\":2,\"begin\":4,\"end\":14,"
            "\"rule\":\"omission\",\"words\":\"\\\"x\\\" failed\","
            "\"why\":\"Because.\",\"ask\":\"What?\"}\n");
}

}  // namespace
}  // namespace secondstory::story
