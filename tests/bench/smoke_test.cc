// Every scenario of the benchmark, tiny: each server starts, answers and says
// what is right. No figure is looked at.
#include <string>

#include "gtest/gtest.h"
#include "tests/support/subprocess.h"

namespace secondstory::bench {
namespace {

TEST(BenchSmokeTest, FindsEveryAnswerRight) {
  auto bench = support::Subprocess::Start(
      "tests/bench/bench", {"--smoke", "--dir=" + testing::TempDir()});
  ASSERT_TRUE(bench.ok()) << bench.status();
  const auto code = (*bench)->Wait(absl::Minutes(4));
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(*code, 0) << (*bench)->stdout_text();
}

}  // namespace
}  // namespace secondstory::bench
