#include "storage/search/search_terms.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::storage {
namespace {

using testing::HasSubstr;

std::string MatchOf(absl::string_view query) {
  const auto terms = ParseSearchTerms(query);
  return terms.ok() ? terms->match : std::string(terms.status().message());
}

std::string ExcludeOf(absl::string_view query) {
  const auto terms = ParseSearchTerms(query);
  return terms.ok() ? terms->exclude : std::string(terms.status().message());
}

TEST(SearchTermsTest, AsksForAllWords) {
  EXPECT_EQ(MatchOf("pool  exhausted\n"), R"("pool" AND "exhausted")");
}

TEST(SearchTermsTest, KeepsAPhraseTogether) {
  EXPECT_EQ(MatchOf(R"("connection pool" db-3)"),
            R"("connection pool" AND "db-3")");
}

TEST(SearchTermsTest, ReadsAStarAtTheEndAsAPrefix) {
  EXPECT_EQ(MatchOf("check*"), R"("check*" *)");
  EXPECT_EQ(MatchOf(R"("pool exh"*)"), R"("pool exh" *)");
  EXPECT_EQ(MatchOf("a*b"), R"("a*b")");
}

TEST(SearchTermsTest, ExcludesWhatHasAMinusBeforeIt) {
  EXPECT_EQ(MatchOf(R"(pool -deploy -"roll back")"), R"("pool")");
  EXPECT_EQ(ExcludeOf(R"(pool -deploy -"roll back")"),
            R"("deploy" OR "roll back")");
  EXPECT_EQ(MatchOf("-deploy"), "");
  EXPECT_EQ(ExcludeOf("-deploy"), R"("deploy")");
}

TEST(SearchTermsTest, LooksForNothingInAnEmptyQuery) {
  EXPECT_EQ(MatchOf(""), "");
  EXPECT_EQ(ExcludeOf(""), "");
}

TEST(SearchTermsTest, QuotesTheEnginesOwnWords) {
  EXPECT_EQ(MatchOf("a AND b"), R"("a" AND "AND" AND "b")");
  EXPECT_EQ(MatchOf("NEAR(c ^e {title}:f"),
            R"x("NEAR(c" AND "^e" AND "{title}:f")x");
}

TEST(SearchTermsTest, PassesOverMarksThatStandAlone) {
  EXPECT_EQ(MatchOf("checkout - latency — high … !"),
            R"("checkout" AND "latency" AND "high")");
}

TEST(SearchTermsTest, FindsWordsOfOtherAlphabets) {
  EXPECT_EQ(MatchOf("überlastet"), R"("überlastet")");
  EXPECT_EQ(MatchOf("データベース"), R"("データベース")");
}

TEST(SearchTermsTest, SeparatesAtControlCharacters) {
  EXPECT_EQ(MatchOf(absl::string_view("a\0b", 3)), R"("a" AND "b")");
  EXPECT_EQ(MatchOf(absl::string_view("\"a\0b\"", 5)), R"("a b")");
}

TEST(SearchTermsTest, SaysWhereAQuoteIsNotClosed) {
  EXPECT_THAT(ParseSearchTerms("pool \"connection"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("at byte 5: a quote that is not closed")));
}

TEST(SearchTermsTest, RefusesAQueryOfNothingButMarks) {
  EXPECT_THAT(ParseSearchTerms("* \"\" --"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no letter or digit")));
}

TEST(SearchTermsTest, RefusesMoreTermsThanItTakes) {
  std::string query;
  for (int i = 0; i < 33; ++i) absl::StrAppend(&query, "w", i, " ");
  EXPECT_THAT(
      ParseSearchTerms(query),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 32")));
}

TEST(SearchTermsTest, MatchesAnyOfTheWordsOfAText) {
  EXPECT_EQ(MatchAnyOf({"pool", "say \"no\"", "--"}),
            R"("pool" OR "say ""no""")");
  EXPECT_EQ(MatchAnyOf({}), "");
}

}  // namespace
}  // namespace secondstory::storage
