// Goal: each finding is a place of the text, a reason and a question; what
// blames nobody is left alone. How well this works on many sentences is
// measured by language_corpus_test.
#include "review/language.h"

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/seed.h"

namespace secondstory::review {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "rule: words" of every finding.
std::vector<std::string> Found(const Language& language,
                               absl::string_view text) {
  std::vector<std::string> found;
  for (const LanguageFinding& finding : language.Check(text)) {
    found.push_back(
        absl::StrCat(finding.rule->id, ": ",
                     text.substr(finding.begin, finding.end - finding.begin)));
  }
  return found;
}

std::vector<std::string> Found(absl::string_view text) {
  return Found(English(), text);
}

TEST(LanguageTest, BlamesNobodyWhenAMachineIsTheSubject) {
  EXPECT_THAT(Found("The on-call engineer failed to check the dashboard."),
              ElementsAre("omission: engineer failed to check"));
  for (const char* text :
       {"failed to connect to db-3", "The health check failed to pass.",
        "Kubernetes failed to schedule the pod.",
        "The engineer's script failed to check the exit code."}) {
    EXPECT_THAT(Found(text), IsEmpty()) << text;
  }
}

TEST(LanguageTest, TellsACounterfactualFromADutyAndAGuess) {
  EXPECT_THAT(Found("We should have tested the restore."),
              ElementsAre("counterfactual: We should have tested"));
  EXPECT_THAT(Found("A canary would have caught it."),
              ElementsAre("counterfactual: would have caught"));
  for (const char* text :
       {"We could have twelve replicas.", "This should have no effect.",
        "You should have received a mail.", "It should have synced by now.",
        "The alert should have fired at 14:02."}) {
    EXPECT_THAT(Found(text), IsEmpty()) << text;
  }
}

TEST(LanguageTest, LeavesQuotationsAndCodeAlone) {
  for (const char* text :
       {"She wrote: \"I should have checked\".", "`we should have checked`",
        "> we should have checked", "```\nwe should have checked\n```",
        "He said ‘it was my mistake’."}) {
    EXPECT_THAT(Found(text), IsEmpty()) << text;
  }
}

TEST(LanguageTest, FindsTheSameInAnyTypography) {
  EXPECT_THAT(Found("we **should** have\ntested"),
              ElementsAre("counterfactual: we **should** have\ntested"));
  EXPECT_THAT(Found("We should’ve tested — it was Bob’s mistake…"),
              ElementsAre("counterfactual: We should’ve tested",
                          "personal-fault: Bob’s mistake"));
  EXPECT_THAT(Found("WE SHOULD HAVE TESTED"),
              ElementsAre("counterfactual: WE SHOULD HAVE TESTED"));
}

TEST(LanguageTest, SaysWhyAndWhatToAskInstead) {
  const std::vector<LanguageFinding> findings =
      English().Check("We should have tested.");
  ASSERT_EQ(findings.size(), 1);
  EXPECT_EQ(findings[0].begin, 0);
  EXPECT_EQ(findings[0].end, 21);
  EXPECT_THAT(findings[0].rule->why,
              HasSubstr("a day that did not take place"));
  EXPECT_THAT(findings[0].rule->ask, HasSubstr("seem right at the time?"));
}

TEST(LanguageTest, GivesEveryRuleOfEnglishAReasonAndAQuestion) {
  ASSERT_EQ(English().rules().size(), 10);
  for (const LanguageRule* rule : English().rules()) {
    EXPECT_EQ(rule->why.back(), '.') << rule->id;
    EXPECT_EQ(rule->ask.back(), '?') << rule->id;
    // Its own words are as it asks for.
    EXPECT_THAT(Found(rule->why), IsEmpty()) << rule->id;
    EXPECT_THAT(Found(rule->ask), IsEmpty()) << rule->id;
  }
}

TEST(LanguageTest, ChecksSeveralTextsInTheirOrder) {
  const std::vector<NamedFinding> findings =
      CheckTexts(English(), {{"title", "Outage"},
                             {"summary", "Human error. We should have tested."},
                             {"account", "I forgot to look"}});
  ASSERT_EQ(findings.size(), 3);
  EXPECT_EQ(findings[0].name, "summary");
  EXPECT_EQ(findings[0].finding.rule->id, "human-error");
  EXPECT_EQ(findings[1].name, "summary");
  EXPECT_EQ(findings[1].finding.begin, 13);
  EXPECT_EQ(findings[2].name, "account");
}

constexpr char kGerman[] = R"(
format: 1
language: de
name: Deutsch
words:
  wer: [wir, 'der Bediener', 'Frau \pL+', Ärztin]
rules:
- id: counterfactual
  why: Es beschreibt einen Tag, den es nicht gab.
  ask: Was machte es in dem Augenblick sinnvoll?
  find: ['{wer} hätten?( \S+){0,4} (sollen|müssen|können)', '(über)?hätte']
  unless: ['{wer} hätten? heute']
- id: character
  why: Es erklärt nichts.
  ask: Wie sah es für jemanden aus, der gute Arbeit tut?
  find: [fahrlässig, schlampig]
)";

TEST(LanguageTest, ReadsAnotherLanguage) {
  const auto german = Language::Parse(kGerman, "de.yaml");
  ASSERT_THAT(german, IsOk());
  EXPECT_EQ(german->language(), "de");
  EXPECT_EQ(german->name(), "Deutsch");
  EXPECT_THAT(Found(*german,
                    "„Fahrlässig“ schrieb man. WIR HÄTTEN das prüfen "
                    "müssen, sagte die Ärztin schlampig."),
              ElementsAre("counterfactual: WIR HÄTTEN das prüfen müssen",
                          "character: schlampig"));
  EXPECT_THAT(Found(*german, "Wir hätten heute prüfen können."), IsEmpty());
}

TEST(LanguageTest, TakesWholeWordsOfAnyAlphabet) {
  const auto german = Language::Parse(kGerman, "de.yaml");
  ASSERT_THAT(german, IsOk());
  EXPECT_THAT(Found(*german, "unüberhätte überhättet über-hätte"), IsEmpty());
  EXPECT_THAT(
      Found(*german, "überhätte hätte"),
      ElementsAre("counterfactual: überhätte", "counterfactual: hätte"));
}

TEST(LanguageTest, SaysWhatIsWrongWithAFileOfRules) {
  EXPECT_THAT(Language::Parse("format: 1", "x.yaml").status().message(),
              HasSubstr("x.yaml:1: language: is missing"));
}

// Nothing here takes time that a test would notice; a text that made the check
// quadratic would run into the test's time limit.
TEST(LanguageTest, TakesHostileTexts) {
  std::vector<std::string> texts;
  for (const char* piece : {"a",
                            "`",
                            "\"",
                            "“",
                            "'",
                            "(",
                            "](",
                            "<a",
                            "|",
                            "\n",
                            "- ",
                            "\xFF",
                            "ü",
                            "should have ",
                            "the engineer, ",
                            "who ",
                            "we should have tested ",
                            "had ",
                            "if only ",
                            "blame ",
                            "it was clear that ",
                            "not ",
                            "_a",
                            "/",
                            "``` ",
                            "1=1 ",
                            "the operator failed to, "}) {
    std::string text;
    while (text.size() < 16 * limits::kTextBytesMax) text += piece;
    texts.push_back(std::move(text));
  }
  for (const std::string& text : texts) {
    for (const LanguageFinding& finding : English().Check(text)) {
      ASSERT_LT(finding.begin, finding.end);
      ASSERT_LE(finding.end, text.size());
    }
  }
}

// Seed: printed on failure; set SECONDSTORY_SEED to replay.
TEST(LanguageTest, NeverCutsACharacterAndNeverOverlaps) {
  std::mt19937_64 random(support::Seed());
  const std::vector<absl::string_view> pieces = {"we ",        "the engineer ",
                                                 "should ",    "have ",
                                                 "should’ve ", "tested",
                                                 " ",          "ü",
                                                 "**",         "’",
                                                 "“",          "”",
                                                 "\"",         "`",
                                                 ". ",         "\n",
                                                 "failed to ", "check ",
                                                 "Bob’s ",     "mistake",
                                                 "blame ",     "human ",
                                                 "error",      "\xC3",
                                                 "—",          "not ",
                                                 "root ",      "cause "};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (size_t i = random() % 40; i > 0; --i) {
      absl::StrAppend(&text, pieces[random() % pieces.size()]);
    }
    size_t end = 0;
    for (const LanguageFinding& finding : English().Check(text)) {
      ASSERT_LE(end, finding.begin) << text;
      end = finding.end;
      ASSERT_TRUE(IsUtf8(text.substr(finding.begin, end - finding.begin)) ||
                  text.find('\xC3', finding.begin) < end)
          << text;
      ASSERT_NE(static_cast<unsigned char>(text[finding.begin]) & 0xC0, 0x80);
    }
  }
}

TEST(LanguageTest, AnswersManyThreadsAlike) {
  const std::string text = "We should have tested. Human error, said Bob.";
  const std::vector<std::string> expected = Found(text);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_EQ(Found(text), expected);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace secondstory::review
