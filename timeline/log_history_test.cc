#include "timeline/log_history.h"

#include <string>

#include "gtest/gtest.h"

namespace secondstory::timeline {
namespace {

using History = LogHistory<std::string>;

void Append(uint64_t position, const std::string& text, History* history) {
  history->Add(position, [&](std::string* state) { *state += text; });
}

TEST(LogHistoryTest, GivesTheBeginningWhenNothingChangedIt) {
  EXPECT_EQ(History().Before(0), "");
  EXPECT_EQ(History("start").Before(100), "start");
}

TEST(LogHistoryTest, GivesWhatStandsBeforeThePosition) {
  History history;
  Append(10, "a", &history);
  Append(20, "b", &history);
  EXPECT_EQ(history.Before(10), "");
  EXPECT_EQ(history.Before(11), "a");
  EXPECT_EQ(history.Before(20), "a");
  EXPECT_EQ(history.Before(21), "ab");
  EXPECT_EQ(history.latest(), "ab");
}

TEST(LogHistoryTest, IgnoresWhatItKnows) {
  History history;
  Append(10, "a", &history);
  Append(10, "b", &history);
  Append(5, "c", &history);
  EXPECT_EQ(history.latest(), "a");
}

TEST(LogHistoryTest, KeepsWhatIsNeededAfterForgetting) {
  History history;
  for (uint64_t position : {10, 20, 30}) Append(position, "a", &history);
  history.ForgetThrough(20);
  EXPECT_EQ(history.retained_count(), 2u);
  EXPECT_EQ(history.Before(21), "aa");
  EXPECT_EQ(history.Before(31), "aaa");
}

TEST(LogHistoryTest, GoesOnFromWhatWasStored) {
  History history("ab");
  Append(40, "c", &history);
  EXPECT_EQ(history.Before(1), "ab");
  EXPECT_EQ(history.Before(41), "abc");
}

}  // namespace
}  // namespace secondstory::timeline
