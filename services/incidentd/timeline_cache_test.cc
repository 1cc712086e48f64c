#include "services/incidentd/timeline_cache.h"

#include <map>

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::incidentd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsNull;
using testing::NotNull;

// A log of which only the changes of objects are looked at.
class ChangingLog final : public storage::Log {
 public:
  void LookUp(storage::EventAppend*) const override {}
  void AppendEvents(storage::EventAppend, AppendDone) override {}
  void Transact(std::vector<std::string>, Decide, TransactDone) override {}
  absl::StatusOr<std::optional<storage::Position>> FindEvent(
      const Id&) const override {
    return std::nullopt;
  }
  storage::Position head() const override { return 0; }
  absl::Status health() const override { return absl::OkStatus(); }
  void OnCommit(std::function<void(storage::Position)>) override {}
  uint64_t ChangeCount(absl::string_view object) const override {
    const auto found = counts.find(std::string(object));
    return found == counts.end() ? 0 : found->second;
  }

  std::map<std::string, uint64_t> counts;
};

v1::TimelineEntry Entry(const std::string& id, int64_t micros,
                        size_t text_bytes = 0) {
  v1::TimelineEntry entry;
  entry.set_entry_id(id);
  *entry.mutable_event_time() = FromMicros(micros);
  entry.set_description(std::string(text_bytes, 'x'));
  return entry;
}

std::shared_ptr<const RenderedTimeline> Rendered(
    const std::vector<v1::TimelineEntry>& entries) {
  return std::make_shared<const RenderedTimeline>(entries);
}

v1::GetTimelineResponse Parse(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  EXPECT_TRUE(bytes.DumpToSingleSlice(&slice).ok());
  v1::GetTimelineResponse response;
  EXPECT_TRUE(
      response.ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  return response;
}

std::vector<std::string> Ids(const v1::GetTimelineResponse& response) {
  std::vector<std::string> ids;
  for (const v1::TimelineEntry& entry : response.entries()) {
    ids.push_back(entry.entry_id());
  }
  return ids;
}

TEST(RenderedTimelineTest, GivesEveryEntryOnceOverAllPages) {
  const auto timeline = Rendered(
      {Entry("a", 10), Entry("b", 10), Entry("c", 20), Entry("d", 30)});
  std::optional<PagePlace> place;
  std::vector<std::string> ids;
  std::string token;
  do {
    const v1::GetTimelineResponse page =
        Parse(RenderedTimeline::PageOf(timeline, place, 3, "f"));
    for (const std::string& id : Ids(page)) ids.push_back(id);
    token = page.next_page_token();
    place = ReadPageToken("f", token).value();
  } while (!token.empty());
  EXPECT_THAT(ids, ElementsAre("a", "b", "c", "d"));
}

TEST(RenderedTimelineTest, EndsAPageBeforeItIsHalfAMessageLong) {
  const auto timeline =
      Rendered({Entry("a", 1, 1'500'000), Entry("b", 2, 1'500'000)});
  const v1::GetTimelineResponse page =
      Parse(RenderedTimeline::PageOf(timeline, std::nullopt, 10, ""));
  EXPECT_THAT(Ids(page), ElementsAre("a"));
  EXPECT_NE(page.next_page_token(), "");
}

TEST(RenderedTimelineTest, IsAnEmptyMessageWithoutEntries) {
  const v1::GetTimelineResponse page =
      Parse(RenderedTimeline::PageOf(Rendered({}), std::nullopt, 10, ""));
  EXPECT_THAT(page.entries(), IsEmpty());
  EXPECT_EQ(page.next_page_token(), "");
}

TEST(RenderedTimelineTest, LivesAsLongAsAPageOfIt) {
  auto timeline = Rendered({Entry("a", 1, 1000)});
  const grpc::ByteBuffer page =
      RenderedTimeline::PageOf(timeline, std::nullopt, 10, "");
  timeline.reset();
  EXPECT_THAT(Ids(Parse(page)), ElementsAre("a"));
}

class TimelineCacheTest : public testing::Test {
 protected:
  ReadObjects Reading(const std::vector<std::string>& objects) {
    ReadObjects read(&log_);
    for (const std::string& object : objects) read.Add(object);
    return read;
  }

  ChangingLog log_;
};

TEST_F(TimelineCacheTest, FindsATimelineUntilAnythingInItChanges) {
  TimelineCache cache;
  EXPECT_THAT(cache.Find("i"), IsNull());
  cache.Add("i", Reading({"incident/i", "candidate/c"}), Rendered({}));
  EXPECT_THAT(cache.Find("i"), NotNull());
  ++log_.counts["candidate/d"];
  EXPECT_THAT(cache.Find("i"), NotNull());
  ++log_.counts["candidate/c"];
  EXPECT_THAT(cache.Find("i"), IsNull());
}

TEST_F(TimelineCacheTest, ForgetsAChangeThatCameWhileTheTimelineWasRead) {
  TimelineCache cache;
  ReadObjects read = Reading({"incident/i"});
  ++log_.counts["incident/i"];
  cache.Add("i", std::move(read), Rendered({}));
  EXPECT_THAT(cache.Find("i"), IsNull());
}

TEST_F(TimelineCacheTest, MakesRoomByWhatWasNotUsedForLongest) {
  TimelineCache cache(10'000);
  for (const char* id : {"a", "b"}) {
    cache.Add(id, Reading({}), Rendered({Entry("e", 1, 3000)}));
  }
  EXPECT_THAT(cache.Find("a"), NotNull());
  cache.Add("c", Reading({}), Rendered({Entry("e", 1, 3000)}));
  EXPECT_THAT(cache.Find("b"), IsNull());
  EXPECT_THAT(cache.Find("a"), NotNull());
  EXPECT_THAT(cache.Find("c"), NotNull());
  cache.Add("large", Reading({}), Rendered({Entry("e", 1, 6000)}));
  EXPECT_THAT(cache.Find("large"), IsNull());
  EXPECT_THAT(cache.Find("a"), NotNull());
}

}  // namespace
}  // namespace secondstory::incidentd
