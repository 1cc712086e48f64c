#include "tests/bench/requests.h"

#include <set>

#include "base/proto_time.h"
#include "gtest/gtest.h"
#include "secondstory/v1/event_service.pb.h"

namespace secondstory::bench {
namespace {

TEST(RequestsTest, MakeEventsThatNeverRepeatAndWhoseTimesGoOn) {
  Requests requests(3, 10, 100);
  std::set<std::string> ids;
  int64_t last_micros = 0;
  for (int i = 0; i < 35; ++i) {
    v1::AppendEventsRequest request;
    ASSERT_TRUE(request.ParseFromString(requests.NextBytes()));
    ASSERT_EQ(request.events_size(), 10);
    for (const v1::Event& event : request.events()) {
      ids.insert(event.source_event_id());
      const int64_t micros = ToMicros(event.event_time());
      EXPECT_GE(micros, last_micros);
      EXPECT_EQ(ToMicros(event.observe_time()), micros + 500'000);
      last_micros = micros;
    }
  }
  EXPECT_EQ(ids.size(), 350u);
}

TEST(RequestsTest, KnowHowLongAnEventIs) {
  const Requests requests(3, 10, 1000);
  EXPECT_GT(requests.event_bytes(), 500);
  EXPECT_GT(requests.event_json_bytes(), requests.event_bytes());
}

}  // namespace
}  // namespace secondstory::bench
