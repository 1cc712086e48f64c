#include "storage/search/name_tokenizer.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(NameTokenizerTest, TakesNamesThatAreWrittenTogetherApart) {
  EXPECT_THAT(PartsOfName("CheckoutLatencyHigh"),
              ElementsAre("Checkout", "Latency", "High"));
  EXPECT_THAT(PartsOfName("connectionPool"), ElementsAre("connection", "Pool"));
}

TEST(NameTokenizerTest, KeepsAbbreviationsWhole) {
  EXPECT_THAT(PartsOfName("HTTPServerDown"),
              ElementsAre("HTTP", "Server", "Down"));
  EXPECT_THAT(PartsOfName("NodeCPU"), ElementsAre("Node", "CPU"));
}

TEST(NameTokenizerTest, LeavesOtherWordsAlone) {
  for (const char* word : {"", "a", "A", "pool", "POOL", "Pool", "p99"}) {
    EXPECT_THAT(PartsOfName(word), IsEmpty()) << word;
  }
  EXPECT_THAT(PartsOfName("ÄußerstLangsam"), IsEmpty());
}

}  // namespace
}  // namespace secondstory::storage
