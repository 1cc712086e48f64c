// Goal: a file of rules says what it means, and every mistake names its line.
#include "review/language_file.h"

#include <string>

#include "absl/strings/str_replace.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::review {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kFile[] = R"(format: 1
language: en
name: English
words:
  person: [engineer, '{group}']
  group: [team, crew]
rules:
- id: omission
  why: Because.
  ask: What?
  find: ['{person} failed', 'forgot to \p{L}+']
  unless: ['{group} failed{2}']
- id: blame
  why: Because.
  ask: Who?
  find: [blame]
)";

// kFile with `from` replaced.
std::string With(absl::string_view from, absl::string_view to) {
  return absl::StrReplaceAll(kFile, {{from, to}});
}

std::string ErrorOf(const std::string& yaml) {
  const auto file = ParseLanguageFile(yaml, "en.yaml");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(file.status().message());
}

TEST(LanguageFileTest, PutsListsOfWordsIntoPatterns) {
  const auto file = ParseLanguageFile(kFile, "en.yaml");
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->language, "en");
  EXPECT_EQ(file->name, "English");
  ASSERT_EQ(file->rules.size(), 2);
  EXPECT_EQ(file->rules[0].id, "omission");
  EXPECT_EQ(file->rules[0].why, "Because.");
  EXPECT_EQ(file->rules[0].ask, "What?");
  EXPECT_THAT(
      file->rules[0].find,
      ElementsAre("(?:engineer|(?:team|crew)) failed", R"(forgot to \p{L}+)"));
  EXPECT_THAT(file->rules[0].unless, ElementsAre("(?:team|crew) failed{2}"));
  EXPECT_THAT(file->rules[1].unless, IsEmpty());
}

TEST(LanguageFileTest, NamesTheLineOfEveryMistake) {
  EXPECT_EQ(ErrorOf(With("  ask: Who?\n", "")),
            "en.yaml:13: rules[1].ask: is missing; expected a text");
  EXPECT_EQ(ErrorOf(With("ask: Who?", "question: Who?\n  ask: Who?")),
            "en.yaml:15: rules[1].question: unknown key; known here: id, why, "
            "ask, find, unless");
  EXPECT_EQ(ErrorOf(With("[blame]", "['bl(ame']")),
            "en.yaml:16: rules[1].find[0]: \"bl(ame\": missing ): bl(ame");
  EXPECT_THAT(ErrorOf(With("[blame]", "['{nobody} x', 'x{4,2}']")),
              AllOf(HasSubstr("en.yaml:16: rules[1].find[0]: \"{nobody} x\": "
                              "there is no list {nobody} in words\n"),
                    HasSubstr("en.yaml:16: rules[1].find[1]: \"x{4,2}\": ")));
  EXPECT_THAT(
      ErrorOf(With("id: blame", "id: omission")),
      HasSubstr("en.yaml:13: rules[1].id: \"omission\" is given twice"));
  EXPECT_THAT(ErrorOf(With("id: blame", "id: Blame 1")),
              HasSubstr("expected lower-case letters and hyphens"));
  EXPECT_THAT(ErrorOf(With("group: [", "Group: [")),
              HasSubstr("en.yaml:6: words.Group: no name"));
  EXPECT_THAT(ErrorOf(With("group: [team, crew]", "group: team")),
              HasSubstr("en.yaml:6: words.group: expected a list"));
}

TEST(LanguageFileTest, RefusesPatternThatMatchesNothing) {
  EXPECT_THAT(ErrorOf(With("[blame]", "['(blame)?']")),
              HasSubstr("\"(blame)?\": matches nothing at all"));
}

TEST(LanguageFileTest, RefusesListThatContainsItself) {
  EXPECT_THAT(ErrorOf(With("team, crew", "team, '{person}'")),
              HasSubstr("contains itself"));
}

TEST(LanguageFileTest, RefusesFormatThatItDoesNotKnow) {
  EXPECT_EQ(ErrorOf(With("format: 1", "format: 2")),
            "en.yaml:1: format: 2; expected 1, the only one there is");
}

TEST(LanguageFileTest, RefusesWhatIsNoFileOfRules) {
  EXPECT_THAT(ErrorOf("- 1\n- 2\n"),
              HasSubstr("en.yaml:1: expected a mapping"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("expected a mapping"));
  EXPECT_THAT(ErrorOf("a: [1\nb: 2"), HasSubstr("en.yaml:2: no YAML: "));
  EXPECT_THAT(ErrorOf(With("rules:", "rules: []\nfoo:")),
              HasSubstr("foo: unknown key"));
}

}  // namespace
}  // namespace secondstory::review
