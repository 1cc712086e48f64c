#include "tests/support/wait_until.h"

#include <string>

namespace secondstory::support {
namespace {

TEST(WaitUntilTest, AsksUntilItIsSo) {
  int asked = 0;
  EXPECT_TRUE(WaitUntil("asked three times", [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
}

TEST(WaitUntilTest, SaysWhatItWaitedFor) {
  const testing::AssertionResult result = WaitUntil(
      "the moon is green", [] { return false; }, absl::Milliseconds(5));
  EXPECT_FALSE(result);
  EXPECT_EQ(std::string(result.message()), "not within 5ms: the moon is green");
}

}  // namespace
}  // namespace secondstory::support
