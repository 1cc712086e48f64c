#include "tests/bench/events.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::bench {
namespace {

TEST(EventGeneratorTest, MakesTheSameEventsForTheSameSeed) {
  EventGenerator a(7), b(7), c(8);
  for (int i = 0; i < 100; ++i) {
    const v1::Event event = a.Next();
    EXPECT_EQ(event.source_event_id(), b.Next().source_event_id());
    EXPECT_NE(event.source_event_id(), c.Next().source_event_id());
  }
}

TEST(EventGeneratorTest, MakesEventsOfRealisticSizeAndKind) {
  EventGenerator generator(1);
  size_t bytes = 0, changes = 0;
  std::set<std::string> services;
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    const v1::Event event = generator.Next();
    bytes += event.ByteSizeLong();
    changes += event.has_change();
    services.insert(event.service());
  }
  EXPECT_GT(bytes / kCount, 500u);
  EXPECT_LT(bytes / kCount, 1000u);
  EXPECT_GT(changes, 10u);
  EXPECT_LT(changes, 500u);
  EXPECT_GT(services.size(), 100u);
}

}  // namespace
}  // namespace secondstory::bench
