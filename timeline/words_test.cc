#include "timeline/words.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<std::string> Split(absl::string_view text) {
  std::vector<std::string> words;
  ForEachWord(text, [&](absl::string_view word) { words.emplace_back(word); });
  return words;
}

TEST(WordsTest, CutsAtPunctuationAndCamelCase) {
  EXPECT_THAT(Split("wmf-config/InitialiseSettings.php"),
              ElementsAre("wmf", "config", "initialise", "setting", "php"));
}

TEST(WordsTest, LeavesOutShortCommonAndBareNumbers) {
  EXPECT_THAT(Split("the db of 1234 varnish-2"), ElementsAre("varnish"));
}

TEST(WordsTest, NamesTheFamilyOfANumberedMachine) {
  EXPECT_THAT(Split("phab2001 utf8"),
              ElementsAre("phab2001", "phab", "utf8", "utf"));
}

TEST(WordsTest, KeepsLettersOfOtherScripts) {
  EXPECT_THAT(Split("Überlast größer"), ElementsAre("Überlast", "größer"));
}

TEST(WordsTest, CountsAWordOnceOverAllTexts) {
  EXPECT_THAT(WordsOf({"cart Cart", "carts"}), SizeIs(1));
}

TEST(WordsTest, FindsTheWordAgain) {
  const std::vector<Word> words = WordsOf({"Varnish"});
  EXPECT_EQ(FindWord("restart varnish now", words[0]), "varnish");
  EXPECT_EQ(FindWord("restart apache now", words[0]), "");
}

}  // namespace
}  // namespace secondstory::timeline
