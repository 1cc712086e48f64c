#include "services/incidentd/page_token.h"

#include "base/status_matchers.h"

namespace secondstory::incidentd {
namespace {

TEST(PageTokenTest, GivesBackThePlaceForTheSameFilters) {
  for (const PagePlace& place :
       {PagePlace{0, ""}, PagePlace{-1, "a.b"}, PagePlace{123456, "77"}}) {
    SS_ASSERT_OK_AND_ASSIGN(const auto read,
                            ReadPageToken("f", MakePageToken("f", place)));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->micros, place.micros);
    EXPECT_EQ(read->rest, place.rest);
  }
}

TEST(PageTokenTest, TakesAnEmptyTokenForTheFirstPage) {
  SS_ASSERT_OK_AND_ASSIGN(const auto read, ReadPageToken("f", ""));
  EXPECT_FALSE(read.has_value());
}

TEST(PageTokenTest, RefusesTokensOfOtherFiltersAndInventedOnes) {
  const std::string token = MakePageToken("f", {5, "x"});
  for (const std::string& bad :
       {MakePageToken("g", {5, "x"}), token + "00", token.substr(2),
        std::string("zz"), std::string("0"), std::string("00")}) {
    EXPECT_THAT(ReadPageToken("f", bad),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         testing::HasSubstr("page_token")))
        << bad;
  }
}

}  // namespace
}  // namespace secondstory::incidentd
