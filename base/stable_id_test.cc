#include "base/stable_id.h"

#include "gtest/gtest.h"

namespace secondstory {
namespace {

TEST(StableIdTest, StaysTheSameForEver) {
  // Pinned: ids are on disk. Computed with sha256sum.
  EXPECT_EQ(IdToHex(StableId({"alertmanager/prod-eu", "f00d"})),
            "95d4476498b347011a9ea78f4f8956ce");
}

TEST(StableIdTest, DiffersWhereOnlyTheBorderOfPartsDiffers) {
  EXPECT_NE(StableId({"ab", "c"}), StableId({"a", "bc"}));
  EXPECT_NE(StableId({"abc"}), StableId({"abc", ""}));
}

TEST(StableIdTest, GivesBackTheIdFromItsHexDigits) {
  const Id id = RandomId();
  EXPECT_EQ(Id(IdFromHex(IdToHex(id))), id);
}

TEST(StableIdTest, RefusesTextThatIsNoId) {
  EXPECT_EQ(IdFromHex(""), "");
  EXPECT_EQ(IdFromHex("0123456789abcdef0123456789abcde"), "");
  EXPECT_EQ(IdFromHex("0123456789ABCDEF0123456789ABCDEF"), "");
  EXPECT_EQ(IdFromHex("0123456789abcdef0123456789abcdeg"), "");
}

TEST(StableIdTest, SortsAsItsBytesDo) {
  const Id low(std::string(kIdBytes, '\x7f')),
      high(std::string(kIdBytes, '\x80'));
  EXPECT_LT(low, high);
  EXPECT_FALSE(high < low);
}

TEST(RandomIdTest, NeverRepeats) { EXPECT_NE(RandomId(), RandomId()); }

}  // namespace
}  // namespace secondstory
