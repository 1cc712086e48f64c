#include "tests/bench/rounds.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::bench {
namespace {

using testing::ElementsAre;

TEST(RoundsTest, RotatesTheOrderAndDropsTheFirstRound) {
  std::vector<std::string> order;
  double value = 0;
  const auto variant = [&](const std::string& name) {
    return Variant{name, [&order, &value, name] {
                     order.push_back(name);
                     return Figures{{"x", ++value}};
                   }};
  };
  BenchOptions options;
  options.rounds = 3;
  const Rounds rounds =
      Rounds::Run(options, [] { return 1.0; }, {variant("a"), variant("b")});
  EXPECT_THAT(order, ElementsAre("a", "b", "b", "a", "a", "b"));
  EXPECT_THAT(rounds.Of("a", "x"), ElementsAre(4, 5));
  EXPECT_THAT(rounds.Of("b", "x"), ElementsAre(3, 6));
}

TEST(RoundsTest, TakesRatiosWithinARound) {
  double speed = 0;
  BenchOptions options;
  options.rounds = 6;
  const Rounds rounds =
      Rounds::Run(options, [] { return 1.0; },
                  // The machine gets faster; the one stays twice the other.
                  {{"a",
                    [&] {
                      return Figures{{"x", 2 * std::max(1.0, speed)}};
                    }},
                   {"b",
                    [&] {
                      return Figures{{"x", std::max(1.0, speed)}};
                    }},
                   {"c", [&] {
                      speed += 10;
                      return Figures{};
                    }}});
  const Interval ratio = rounds.RatioOf("x", "a", "b");
  EXPECT_GT(ratio.median, 1);
  EXPECT_LE(ratio.low, ratio.high);
  EXPECT_TRUE(rounds.Of("c", "x").empty());
}

TEST(RoundsTest, ComparesWithSeveralTogether) {
  BenchOptions options;
  options.rounds = 3;
  const auto always = [](double x) {
    return [x] { return Figures{{"x", x}}; };
  };
  const Rounds rounds =
      Rounds::Run(options, [] { return 1.0; },
                  {{"a", always(6)}, {"b", always(1)}, {"c", always(3)}});
  EXPECT_EQ(rounds.RatioToSum("x", "a", {"b", "c"}).median, 1.5);
  EXPECT_EQ(rounds.RatioOf("x", "a", "c").median, 2);
}

TEST(RoundsTest, RunsARoundAgainInWhichTheMachineWasNotItself) {
  int probe_count = 0, run_count = 0;
  BenchOptions options;
  options.rounds = 5;
  const Rounds rounds =
      Rounds::Run(options, [&] { return ++probe_count == 3 ? 5.0 : 1.0; },
                  {{"a", [&] {
                      return Figures{{"x", ++run_count}};
                    }}});
  EXPECT_EQ(run_count, 6);
  EXPECT_THAT(rounds.Of("a", "x"), ElementsAre(2, 4, 5, 6));
}

TEST(RoundsTest, GivesUpOnAMachineThatNeverSettles) {
  double probe = 1;
  BenchOptions options;
  options.rounds = 5;
  const Rounds rounds = Rounds::Run(options, [&] { return probe *= 2; },
                                    {{"a", [] {
                                        return Figures{{"x", 1}};
                                      }}});
  EXPECT_EQ(rounds.Of("a", "x").size(), 4u);
}

}  // namespace
}  // namespace secondstory::bench
