#include "tests/support/seed.h"

#include <cstdlib>
#include <iostream>
#include <random>

#include "absl/strings/numbers.h"
#include "gtest/gtest.h"

namespace secondstory::support {
namespace {

class SeedPrinter final : public testing::EmptyTestEventListener {
 public:
  explicit SeedPrinter(uint64_t seed) : seed_(seed) {}

  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Failed()) return;
    std::cout << "To play this again: SECONDSTORY_SEED=" << seed_ << "\n";
  }

 private:
  const uint64_t seed_;
};

uint64_t ChooseSeed() {
  const char* const given = std::getenv("SECONDSTORY_SEED");
  uint64_t seed = 0;
  if (given == nullptr || !absl::SimpleAtoi(given, &seed)) {
    seed = std::random_device()();
  }
  // googletest owns the listener from here on.
  testing::UnitTest::GetInstance()->listeners().Append(new SeedPrinter(seed));
  return seed;
}

}  // namespace

uint64_t Seed() {
  static const uint64_t seed = ChooseSeed();
  return seed;
}

}  // namespace secondstory::support
