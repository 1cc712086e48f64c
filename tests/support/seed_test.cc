#include "tests/support/seed.h"

#include <stdlib.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::support {
namespace {

// The seed is chosen once in a process, so the cases share one test.
TEST(SeedTest, TakesTheSeedThatIsGivenAndPrintsItAfterAFailure) {
  setenv("SECONDSTORY_SEED", "4711", 1);
  EXPECT_EQ(Seed(), 4711u);
  setenv("SECONDSTORY_SEED", "1", 1);
  EXPECT_EQ(Seed(), 4711u);
}

}  // namespace
}  // namespace secondstory::support
