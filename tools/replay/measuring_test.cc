#include "tools/replay/measuring.h"

#include <malloc.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace secondstory::replay {
namespace {

using ::testing::HasSubstr;

// Two deploys, two alerts of one service, and one alert a day later.
std::string WriteEvents() {
  const std::string path =
      absl::StrCat(::testing::TempDir(), "/measured.jsonl");
  std::ofstream out(path, std::ios::binary);
  const auto write = [&](absl::string_view id, absl::string_view kind,
                         absl::string_view time) {
    out << R"({"source":"test","sourceEventId":")" << id
        << R"(","kind":"EVENT_KIND_)" << kind << R"(","eventTime":")" << time
        << R"(","service":"cart","title":")" << id << "\"}\n";
  };
  write("late", "ALERT_FIRED", "2026-03-02T12:00:00Z");
  write("deploy", "CHANGE_FINISHED", "2026-03-01T11:50:00Z");
  write("first", "ALERT_FIRED", "2026-03-01T12:00:00Z");
  write("second", "ALERT_FIRED", "2026-03-01T12:01:00Z");
  write("other", "CHANGE_FINISHED", "2026-03-01T11:55:00Z");
  return path;
}

Measurement MeasureEvery(size_t take_every) {
  ReplayOptions options;
  options.events_file = WriteEvents();
  std::vector<std::string> skipped;
  return *Measure(options, take_every, SystemClock(), &skipped);
}

// Sanitizers have a heap of their own, and do not tell how full it is.
bool IsGlibcHeap() {
  const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  const std::string text(1 << 20, 'x');
  return mallinfo2().uordblks + mallinfo2().hblkhd >= before + text.size();
}

TEST(MeasuringTest, CountsEveryRevisionWhenTakenAfterEveryEvent) {
  const Measurement live = MeasureEvery(1);
  EXPECT_EQ(live.event_count, 5u);
  // Opened, joined; quiet by the time of the third alert, which opens another.
  EXPECT_EQ(live.revision_count, 4u);
  EXPECT_EQ(live.open_count_max, 1u);
  EXPECT_EQ(live.retained_count_max, 5u);
  EXPECT_EQ(live.retained_bytes > 0, IsGlibcHeap());
}

TEST(MeasuringTest, CountsEveryCandidateOnceWhenTakenInBulk) {
  EXPECT_EQ(MeasureEvery(200000).revision_count, 2u);
}

// Alerts of ten labels, fifty at a time, of forty services in turn.
std::string WriteStorm(int alert_count) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/storm.jsonl");
  std::ofstream out(path, std::ios::binary);
  const absl::Time start = absl::FromUnixSeconds(1772366400);
  for (int i = 0; i < alert_count; ++i) {
    const std::string service = absl::StrCat("shop-service-", i / 25 % 40);
    out << R"({"source":"alertmanager/prod","sourceEventId":"00000000)" << i
        << R"(/fired","kind":"EVENT_KIND_ALERT_FIRED","eventTime":")"
        << absl::FormatTime(start + absl::Milliseconds(100) * (i / 50))
        << R"(","service":")" << service
        << R"(","title":"Requests wait longer than a minute for )" << service
        << R"(","description":"The queue of the workers grows and they are )"
        << R"(not started again, see the page of the team","labels":{)"
        << R"("alertname":"RequestsWaitTooLong","severity":"critical",)"
        << R"("team":"checkout","area":"shop","cluster":"prod-eu-7",)"
        << R"("namespace":"shop-production","job":"kubernetes/)" << service
        << R"(","service":")" << service << R"(","instance":"10.1.2.)" << i
        << R"(:9100","pod":")" << service << "-" << i << "-7d9f\"}}\n";
  }
  return path;
}

TEST(MeasuringTest, RetainsAStormInTheMemoryThatIsStated) {
  constexpr size_t kAlertCount = 5000;
  ReplayOptions options;
  options.events_file = WriteStorm(kAlertCount);
  std::vector<std::string> skipped;
  for (const size_t take_every : {size_t{10}, size_t{1000}}) {
    const Measurement measured =
        *Measure(options, take_every, SystemClock(), &skipped);
    EXPECT_EQ(measured.retained_count_max, kAlertCount);
    EXPECT_EQ(measured.retained_bytes > 0, IsGlibcHeap());
    // As timeline/assembler.h says.
    EXPECT_LT(measured.retained_bytes, kAlertCount * 4096)
        << "taken every " << take_every;
  }
}

TEST(MeasuringTest, NamesTheFileThatCannotBeRead) {
  ReplayOptions options;
  options.events_file = "/does/not/exist";
  std::vector<std::string> skipped;
  EXPECT_THAT(Measure(options, 1, SystemClock(), &skipped).status().message(),
              HasSubstr("/does/not/exist"));
}

TEST(MeasuringTest, DescribesWhatWasMeasured) {
  Measurement measured;
  measured.event_count = 2000;
  measured.duration = absl::Milliseconds(20);
  measured.retained_count_max = 1024;
  measured.retained_bytes = 1 << 20;
  EXPECT_EQ(Describe(measured),
            "2000 events in 20ms, one core: 100000 a second\n"
            "0 revisions of candidates; at most 0 candidates open at a time\n"
            "at most 1024 events retained, in 1.0 MiB: 1024 bytes an event\n");
}

}  // namespace
}  // namespace secondstory::replay
