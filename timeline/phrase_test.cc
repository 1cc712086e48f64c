#include "timeline/phrase.h"

#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

TEST(PhraseTest, UsesTheUnitsThatAPersonWould) {
  EXPECT_EQ(DescribeDuration(absl::ZeroDuration()), "0 s");
  EXPECT_EQ(DescribeDuration(absl::Seconds(59)), "59 s");
  EXPECT_EQ(DescribeDuration(absl::Seconds(250)), "4 min");
  EXPECT_EQ(DescribeDuration(absl::Minutes(200)), "3 h 20 min");
  EXPECT_EQ(DescribeDuration(absl::Minutes(120)), "2 h");
  EXPECT_EQ(DescribeDuration(absl::Minutes(25 * 60 + 7)), "25 h");
  EXPECT_EQ(DescribeDuration(absl::Hours(72)), "72 h");
  EXPECT_EQ(DescribeDuration(absl::Hours(122)), "5 d 2 h");
  EXPECT_EQ(DescribeDuration(absl::Hours(120)), "5 d");
}

TEST(PhraseTest, CountsInSingularAndPlural) {
  EXPECT_EQ(DescribeCount(1, "alert"), "1 alert");
  EXPECT_EQ(DescribeCount(0, "alert"), "0 alerts");
}

}  // namespace
}  // namespace secondstory::timeline
