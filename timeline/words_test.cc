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

TEST(WordsTest, LeavesOutSingleLettersCommonWordsAndShortNumbers) {
  EXPECT_THAT(Split("the x of 503 varnish-2 was in it; this does"),
              ElementsAre("varnish"));
}

TEST(WordsTest, KeepsNamesOfTwoLetters) {
  EXPECT_THAT(Split("db in CI"), ElementsAre("db", "ci"));
  EXPECT_THAT(Split("s1 m5"), ElementsAre());
}

TEST(WordsTest, TakesPluralsForOne) {
  EXPECT_THAT(Split("jobs job VMs VM"), ElementsAre("job", "job", "vm", "vm"));
  EXPECT_THAT(Split("dns nfs pass"), ElementsAre("dns", "nfs", "pass"));
}

TEST(WordsTest, KeepsPortsAndTicketsButNotCounts) {
  EXPECT_THAT(Split("port 8080, 3 of 120"), ElementsAre("port", "8080"));
}

TEST(WordsTest, TakesNumbersWithDotsForOneWord) {
  EXPECT_THAT(Split("calico 3.17.1"), ElementsAre("3.17.1", "calico"));
  EXPECT_THAT(Split("v1.2.0-rc.4"), ElementsAre("1.2.0", "rc"));
  EXPECT_THAT(Split("10.64.0.1:8080."), ElementsAre("10.64.0.1", "8080"));
  EXPECT_THAT(Split(".5 5. a.5 5.a 1..2"), ElementsAre());
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
