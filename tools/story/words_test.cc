#include "tools/story/words.h"

#include "gtest/gtest.h"

namespace secondstory::story {
namespace {

TEST(WordsTest, ReadsAKindOfANewerServerAsANote) {
  EXPECT_EQ(KindInWords(static_cast<v1::EventKind>(77)), "note");
}

TEST(WordsTest, HasWordsForEveryKindAndState) {
  for (int kind = v1::EventKind_MIN + 1; kind < v1::EventKind_MAX; ++kind) {
    EXPECT_NE(KindInWords(static_cast<v1::EventKind>(kind)), "note") << kind;
  }
  for (int state = 1; state <= v1::CandidateState_MAX; ++state) {
    EXPECT_NE(StateInWords(static_cast<v1::CandidateState>(state)), "unknown");
    EXPECT_NE(StateExplained(static_cast<v1::CandidateState>(state)),
              "unknown to this version");
  }
  for (int state = 1; state <= v1::IncidentState_MAX; ++state) {
    EXPECT_NE(StateInWords(static_cast<v1::IncidentState>(state)), "unknown");
  }
}

TEST(WordsTest, SaysOfAChangeThatItContributed) {
  v1::CandidateEvent change;
  change.set_contributed(true);
  EXPECT_EQ(WhyInWords(change), "found to have contributed");
  change.set_reason("same service as an alert");
  EXPECT_EQ(WhyInWords(change),
            "same service as an alert; found to have contributed");
  change.set_contributed(false);
  EXPECT_EQ(WhyInWords(change), "same service as an alert");
}

TEST(WordsTest, SaysDurationsInAtMostTwoUnits) {
  EXPECT_EQ(InWords(absl::Seconds(7)), "7 s");
  EXPECT_EQ(InWords(absl::Seconds(130)), "2 min 10 s");
  EXPECT_EQ(InWords(absl::Minutes(55) + absl::Seconds(3)), "55 min");
  EXPECT_EQ(InWords(absl::Minutes(233)), "3 h 53 min");
  EXPECT_EQ(InWords(absl::Hours(52)), "2 d 4 h");
}

TEST(WordsTest, NeverClaimsCertaintyByRounding) {
  EXPECT_EQ(Percent(0.0001), "<1 %");
  EXPECT_EQ(Percent(0.9999), ">99 %");
  EXPECT_EQ(Percent(0.714), "71 %");
  EXPECT_EQ(Percent(0), "0 %");
}

TEST(WordsTest, SaysLikelihoodsInOrder) {
  EXPECT_EQ(LikelihoodInWords(0.9), "very likely");
  EXPECT_EQ(LikelihoodInWords(0.6), "likely");
  EXPECT_EQ(LikelihoodInWords(0.3), "plausible");
  EXPECT_EQ(LikelihoodInWords(0.1), "possible");
  EXPECT_EQ(LikelihoodInWords(0.01), "unlikely");
}

}  // namespace
}  // namespace secondstory::story
