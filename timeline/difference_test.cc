#include "timeline/difference.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TimelineLine MakeLine(int minute, absl::string_view title) {
  TimelineLine line;
  line.kind = EventKind::kAlertFired;
  line.event_time = ScenarioStart() + absl::Minutes(minute);
  line.event_id = absl::StrCat(minute);
  line.title = std::string(title);
  line.service = "cart";
  return line;
}

RankedChange MakeRanked(absl::string_view title, double score) {
  RankedChange change;
  change.event_id = std::string(title);
  change.title = std::string(title);
  change.event_time = ScenarioStart();
  change.score = score;
  return change;
}

TEST(DifferenceTest, SaysNothingOfTheSame) {
  Candidate candidate;
  candidate.lines = {MakeLine(1, "HighLatency")};
  EXPECT_THAT(Diff(candidate, candidate), IsEmpty());
}

TEST(DifferenceTest, SaysHowMuchLaterALineWasLearnt) {
  Candidate before;
  before.lines = {MakeLine(1, "HighLatency")};
  Candidate after = before;
  after.lines.push_back(MakeLine(2, "HighErrorRate"));
  after.lines.back().append_time = ScenarioStart() + absl::Minutes(92);
  EXPECT_THAT(
      Diff(before, after),
      ElementsAre(
          "added: alert HighErrorRate (cart), learnt 1 h 30 min later"));
}

TEST(DifferenceTest, SaysWhenALineOfThePastWasFilledIn) {
  Candidate before;
  Candidate after;
  after.lines = {MakeLine(2, "HighErrorRate")};
  after.lines[0].append_time =
      absl::FromCivil(absl::CivilDay(2031, 5, 9), absl::UTCTimeZone());
  EXPECT_THAT(
      Diff(before, after),
      ElementsAre("added: alert HighErrorRate (cart), learnt on 2031-05-09"));
}

TEST(DifferenceTest, CountsRepeatsAndNamesResolves) {
  Candidate before;
  before.lines = {MakeLine(1, "HighLatency")};
  Candidate after = before;
  after.lines[0].repeat_count = 3;
  after.lines[0].resolve_time = ScenarioStart() + absl::Minutes(9);
  EXPECT_THAT(Diff(before, after), ElementsAre("3 more of HighLatency (cart)",
                                               "resolved: HighLatency (cart)"));
}

TEST(DifferenceTest, AddsUpTheRepeatsOfAStorm) {
  Candidate before;
  for (int i = 0; i < 12; ++i) before.lines.push_back(MakeLine(i, "HighLoad"));
  Candidate after = before;
  for (TimelineLine& line : after.lines) line.repeat_count = 475;
  EXPECT_THAT(Diff(before, after), ElementsAre("5700 more of 12 alerts"));
  EXPECT_TRUE(IsMoreOfTheSame(before, after));
}

TEST(DifferenceTest, KnowsARepeatFromNews) {
  Candidate before;
  before.lines = {MakeLine(1, "HighLatency")};
  Candidate more = before;
  more.title = "HighLatency, then 3 more";
  more.lines[0].repeat_count = 3;
  EXPECT_TRUE(IsMoreOfTheSame(before, more));
  EXPECT_FALSE(IsMoreOfTheSame(more, before)) << "fewer are news";
  Candidate resolved = more;
  resolved.lines[0].resolve_time = ScenarioStart() + absl::Minutes(9);
  EXPECT_FALSE(IsMoreOfTheSame(before, resolved));
  Candidate another = more;
  another.lines.push_back(MakeLine(2, "QueueGrows"));
  EXPECT_FALSE(IsMoreOfTheSame(before, another));
  Candidate quiet = more;
  quiet.state = CandidateState::kQuiet;
  EXPECT_FALSE(IsMoreOfTheSame(before, quiet));
}

TEST(DifferenceTest, NamesWhatLeft) {
  Candidate before;
  before.lines = {MakeLine(1, "HighLatency"), MakeLine(2, "QueueGrows")};
  Candidate after = before;
  after.lines.pop_back();
  EXPECT_THAT(Diff(before, after),
              ElementsAre("removed: alert QueueGrows (cart), which seems to "
                          "belong elsewhere"));
}

TEST(DifferenceTest, NamesTheChangeThatIsLikeliestNow) {
  Candidate before;
  before.no_change_score = 0.2;
  before.ranked_changes = {MakeRanked("first", 0.5), MakeRanked("second", 0.2)};
  Candidate after = before;
  std::swap(after.ranked_changes[0].event_id, after.ranked_changes[1].event_id);
  std::swap(after.ranked_changes[0].title, after.ranked_changes[1].title);
  EXPECT_THAT(Diff(before, after),
              ElementsAre("likeliest to have contributed now: change, "
                          "\"second\""));
}

TEST(DifferenceTest, SaysIntoWhichCandidateItMerged) {
  Candidate before;
  before.lines = {MakeLine(1, "HighLatency")};
  Candidate after;
  after.state = CandidateState::kMerged;
  after.merged_into = "other";
  EXPECT_THAT(Diff(before, after),
              ElementsAre("later evidence connects it with candidate other"));
}

TEST(DifferenceTest, CountsWhatIsTooMuchToSay) {
  Candidate before;
  Candidate after;
  for (int i = 0; i < 200; ++i) after.lines.push_back(MakeLine(i, "Alert"));
  const std::vector<std::string> sentences = Diff(before, after);
  ASSERT_THAT(sentences, SizeIs(kDifferenceCountMax));
  EXPECT_EQ(sentences.back(), "and 151 more");
}

}  // namespace
}  // namespace secondstory::timeline
