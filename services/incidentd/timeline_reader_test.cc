#include "services/incidentd/timeline_reader.h"

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::TimelineEntry Entry(const std::string& id, int64_t micros) {
  v1::TimelineEntry entry;
  entry.set_entry_id(id);
  entry.set_author("sam");
  *entry.mutable_event_time() = FromMicros(micros);
  return entry;
}

v1::Candidate CandidateOf(
    const std::string& id,
    const std::vector<std::pair<std::string, int64_t>>& events) {
  v1::Candidate candidate;
  candidate.set_candidate_id(id);
  for (const auto& [event_id, micros] : events) {
    v1::CandidateEvent* event = candidate.add_events();
    event->set_event_id(event_id);
    event->set_reason("why " + event_id);
    *event->mutable_event_time() = FromMicros(micros);
  }
  return candidate;
}

std::vector<std::string> Ids(const std::vector<v1::TimelineEntry>& entries) {
  std::vector<std::string> ids;
  for (const v1::TimelineEntry& entry : entries) {
    ids.push_back(entry.entry_id());
  }
  return ids;
}

TEST(MergeTimelineTest, OrdersWhatPeopleAddedAmongWhatMachinesSaw) {
  const auto timeline =
      MergeTimeline({Entry("n2", 25), Entry("n1", 5)},
                    {CandidateOf("c", {{"e1", 10}, {"e2", 20}})});
  EXPECT_THAT(Ids(timeline), ElementsAre("n1", "e1", "e2", "n2"));
  EXPECT_EQ(timeline[1].candidate_id(), "c");
  EXPECT_EQ(timeline[1].event().reason(), "why e1");
  EXPECT_EQ(timeline[1].author(), "");
}

TEST(MergeTimelineTest, ShowsAnEventOfTwoCandidatesOnce) {
  const auto timeline =
      MergeTimeline({}, {CandidateOf("c", {{"e1", 10}}),
                         CandidateOf("d", {{"e1", 10}, {"e0", 10}})});
  EXPECT_THAT(Ids(timeline), ElementsAre("e0", "e1"));
  EXPECT_EQ(timeline[1].candidate_id(), "c");
}

TEST(MergeTimelineTest, IsEmptyForAnIncidentWithoutAnything) {
  EXPECT_THAT(MergeTimeline({}, {}), IsEmpty());
}

}  // namespace
}  // namespace secondstory::incidentd
