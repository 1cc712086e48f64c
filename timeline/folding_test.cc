#include "timeline/folding.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "timeline/scenario.h"

namespace secondstory::timeline {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TimelineLine MakeLine(EventKind kind, int minute, uint64_t signature,
                      uint64_t occurrence) {
  TimelineLine line;
  line.kind = kind;
  line.event_time = ScenarioStart() + absl::Minutes(minute);
  line.event_id = std::to_string(minute);
  line.signature = signature;
  line.occurrence = occurrence;
  return line;
}

Candidate MakeCandidate(std::vector<TimelineLine> lines) {
  Candidate candidate;
  candidate.lines = std::move(lines);
  return candidate;
}

TEST(FoldingTest, KeepsTheFirstOfEachAlertAndCountsTheOthers) {
  const Candidate folded =
      FoldRepeats(MakeCandidate({MakeLine(EventKind::kAlertFired, 1, 7, 70),
                                 MakeLine(EventKind::kAlertFired, 2, 8, 80),
                                 MakeLine(EventKind::kAlertFired, 3, 7, 71),
                                 MakeLine(EventKind::kAlertFired, 4, 7, 70)}));
  ASSERT_THAT(folded.lines, SizeIs(2));
  EXPECT_EQ(folded.lines[0].event_id, "1");
  EXPECT_EQ(folded.lines[0].repeat_count, 2u);
  EXPECT_THAT(folded.lines[0].repeat_event_ids, ElementsAre("3", "4"));
  EXPECT_EQ(folded.lines[0].last_event_time,
            ScenarioStart() + absl::Minutes(4));
  EXPECT_EQ(folded.lines[1].repeat_count, 0u);
}

TEST(FoldingTest, ResolvesTheLineOnceEveryInstanceHasResolved) {
  std::vector<TimelineLine> lines = {
      MakeLine(EventKind::kAlertFired, 1, 7, 70),
      MakeLine(EventKind::kAlertFired, 2, 7, 71),
      MakeLine(EventKind::kAlertResolved, 3, 7, 70)};
  Candidate folded = FoldRepeats(MakeCandidate(lines));
  ASSERT_THAT(folded.lines, SizeIs(1));
  EXPECT_EQ(folded.lines[0].resolve_time, absl::InfinitePast());
  lines.push_back(MakeLine(EventKind::kAlertResolved, 5, 7, 71));
  folded = FoldRepeats(MakeCandidate(lines));
  EXPECT_EQ(folded.lines[0].resolve_time, ScenarioStart() + absl::Minutes(5));
}

TEST(FoldingTest, FiresAgainAfterTheResolve) {
  const Candidate folded =
      FoldRepeats(MakeCandidate({MakeLine(EventKind::kAlertFired, 1, 7, 70),
                                 MakeLine(EventKind::kAlertResolved, 3, 7, 70),
                                 MakeLine(EventKind::kAlertFired, 4, 7, 70)}));
  ASSERT_THAT(folded.lines, SizeIs(1));
  EXPECT_EQ(folded.lines[0].resolve_time, absl::InfinitePast());
}

TEST(FoldingTest, KeepsAResolveOfAnotherAlertAndAllContext) {
  const Candidate folded = FoldRepeats(
      MakeCandidate({MakeLine(EventKind::kAlertFired, 1, 7, 70),
                     MakeLine(EventKind::kHumanAction, 2, 0, 0),
                     MakeLine(EventKind::kHumanAction, 3, 0, 0),
                     MakeLine(EventKind::kAlertResolved, 4, 9, 90)}));
  EXPECT_THAT(folded.lines, SizeIs(4));
}

}  // namespace
}  // namespace secondstory::timeline
