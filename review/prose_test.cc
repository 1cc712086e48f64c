// Goal: what is left of a text is what its author says in plain words, and
// every byte of it says where it comes from.
#include "review/prose.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/json_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seed.h"

namespace secondstory::review {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Texts(absl::string_view text) {
  std::vector<std::string> texts;
  for (const Sentence& sentence : SentencesOf(text)) {
    texts.push_back(sentence.text);
  }
  return texts;
}

TEST(ProseTest, DividesTextIntoSentences) {
  EXPECT_THAT(
      Texts("One here. Two!  Three?\nFour\ngoes on\n\nFive"),
      ElementsAre("One here.", "Two!", "Three?", "Four goes on", "Five"));
  EXPECT_THAT(Texts(""), IsEmpty());
  EXPECT_THAT(Texts(" \n\t\n"), IsEmpty());
}

TEST(ProseTest, TakesBlocksOfMarkdownApart) {
  EXPECT_THAT(Texts("## What we saw ##\ntext\n- first\n  goes on\n* second\n"
                    "1. third\n- [x] done\n\n    - nested\n\nTitle\n=====\n"
                    "| a | b c |\n|---|---|\n12:01 one\n12:02 two\n"),
              ElementsAre("What we saw ##", "text", "first goes on", "second",
                          "third", "done", "nested", "Title", "a", "b c",
                          "12:01 one", "12:02 two"));
}

TEST(ProseTest, LeavesCodeOut) {
  EXPECT_THAT(Texts("before\n```\nfenced\n```\nafter\n~~~~ sh\n~~~\n~~~~\nend"),
              ElementsAre("before", "after", "end"));
  EXPECT_THAT(Texts("text\n\n    indented\n\nmore"),
              ElementsAre("text", "more"));
  EXPECT_THAT(Texts("a `b` c ``d ` e`` f"), ElementsAre("a ` c ` f"));
  EXPECT_THAT(Texts("```\nnever closed"), IsEmpty());
}

TEST(ProseTest, ReadsOnBehindABacktickThatNothingCloses) {
  EXPECT_THAT(Texts("a ` b `` c"), ElementsAre("a b c"));
}

TEST(ProseTest, LeavesOutWhatOthersSaid) {
  EXPECT_THAT(Texts("he said \"I was there\" twice"),
              ElementsAre("he said \" twice"));
  EXPECT_THAT(Texts("“one” «two» „drei“ ‘four’ 'five' end"),
              ElementsAre("\" \" \" \" \" end"));
  EXPECT_THAT(Texts("> quoted\nmine"), ElementsAre("mine"));
}

TEST(ProseTest, DoesNotTakeApostrophesForQuotationMarks) {
  EXPECT_THAT(Texts("the engineers' view isn't the operators' view"),
              ElementsAre("the engineers' view isn't the operators' view"));
  EXPECT_THAT(Texts("a 19\" rack and \"no end"),
              ElementsAre("a 19\" rack and \"no end"));
}

TEST(ProseTest, LeavesOutAddressesAndIdentifiers) {
  EXPECT_THAT(Texts("see https://a.example/human-error, /etc/x.d and a_b=c."),
              ElementsAre("see `, ` and `."));
  EXPECT_THAT(
      Texts("[the page](https://a.example/x) and <b>bold</b> <!-- n -->"),
      ElementsAre("the page and bold"));
}

TEST(ProseTest, LeavesOutLinesOfLogs) {
  for (const char* line :
       {"2024-03-01T12:00:03Z ERROR api failed to check",
        "[12:00:03.1] WARN it failed", "ERROR: failed", "[INFO] failed",
        "E0412 12:00:01.123 controller.go:114] failed",
        "Mar  1 12:00:03 web-1 sshd[12]: failed", "%BGP-3-NOTIFICATION: failed",
        R"({"level":"error","msg":"failed"})",
        R"(level=error msg="failed to check" caller=a.go)"}) {
    EXPECT_THAT(Texts(line), IsEmpty()) << line;
  }
  EXPECT_THAT(Texts("14:02 The alert fired"),
              ElementsAre("14:02 The alert fired"));
}

TEST(ProseTest, ReadsTypographyAsPlainCharacters) {
  EXPECT_THAT(Texts("it’s\u00A0a well\u2011known co\u00ADoperation—here…"),
              ElementsAre("it's a well-known cooperation - here."));
  EXPECT_THAT(Texts("**should** __have__ ~~been~~ \\*done\\*"),
              ElementsAre("should have been *done*"));
}

TEST(ProseTest, KnowsWhereEveryByteComesFrom) {
  const std::string text = "# Eins\n\n- it’s **ü** `code` fine";
  const std::vector<Sentence> sentences = SentencesOf(text);
  ASSERT_EQ(sentences.size(), 2);
  const Sentence& sentence = sentences[1];
  EXPECT_EQ(sentence.text, "it's ü ` fine");
  const auto original = [&](absl::string_view words) {
    const size_t at = sentence.text.find(std::string(words));
    return text.substr(sentence.begin[at], sentence.end[at + words.size() - 1] -
                                               sentence.begin[at]);
  };
  EXPECT_EQ(original("it's"), "it’s");
  EXPECT_EQ(original("'s"), "’s");
  EXPECT_EQ(original("ü ` fine"), "ü** `code` fine");
}

TEST(ProseTest, CutsLongSentencesBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "ü";
  size_t bytes = 0;
  for (const Sentence& sentence : SentencesOf(text)) {
    EXPECT_LE(sentence.text.size(), kSentenceBytesMax);
    EXPECT_TRUE(IsUtf8(sentence.text));
    bytes += sentence.text.size();
  }
  EXPECT_EQ(bytes, text.size());
}

// Seed: printed on failure; set SECONDSTORY_SEED to replay.
TEST(ProseTest, TakesAnyBytesWithinItsPromises) {
  std::mt19937_64 random(support::Seed());
  const std::vector<absl::string_view> pieces = {
      "a",    "word ",  "\n",   "\n\n",     "`",    "``", "```\n", "\"",
      "'",    "“",      "”",    "„",        "‘",    "’",  "](",    ")",
      "<a",   ">",      "*",    "_",        "|",    "- ", "> ",    "# ",
      "\\",   "—",      "…",    "ü",        "\xFF", "/",  "://",   ". ",
      "\r\n", "12:00 ", "    ", "\xE2\x80", "=",    "\0"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (size_t i = random() % 60; i > 0; --i) {
      absl::StrAppend(&text, pieces[random() % pieces.size()]);
    }
    for (const Sentence& sentence : SentencesOf(text)) {
      ASSERT_FALSE(sentence.text.empty());
      ASSERT_LE(sentence.text.size(), kSentenceBytesMax);
      ASSERT_TRUE(IsUtf8(sentence.text)) << text;
      ASSERT_EQ(sentence.begin.size(), sentence.text.size());
      ASSERT_EQ(sentence.end.size(), sentence.text.size());
      for (size_t i = 0; i < sentence.text.size(); ++i) {
        ASSERT_LE(sentence.begin[i], sentence.end[i]);
        ASSERT_LE(sentence.end[i], text.size());
        ASSERT_GE(sentence.begin[i], sentence.begin[i == 0 ? 0 : i - 1]);
      }
    }
  }
}

}  // namespace
}  // namespace secondstory::review
