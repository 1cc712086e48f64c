#include "base/proto_time.h"

#include "gtest/gtest.h"

namespace secondstory {
namespace {

TEST(ProtoTimeTest, GivesBackWhatWentIn) {
  for (int64_t micros : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-1000001},
                         int64_t{1524047400123456}}) {
    EXPECT_EQ(ToMicros(FromMicros(micros)), micros);
    EXPECT_EQ(absl::ToUnixMicros(ToTime(FromMicros(micros))), micros);
  }
  const absl::Time time = absl::FromUnixNanos(1524047400123456789);
  EXPECT_EQ(ToTime(FromTime(time)), time);
  const absl::Duration wait = absl::Milliseconds(1500);
  EXPECT_EQ(ToDuration(FromDuration(wait)), wait);
}

TEST(ProtoTimeTest, AcceptsOnlyTimesThatCanBeShown) {
  google::protobuf::Timestamp time;
  EXPECT_TRUE(IsValidTime(time));
  time.set_seconds(253402300799);
  time.set_nanos(999'999'999);
  EXPECT_TRUE(IsValidTime(time));
  time.set_nanos(1'000'000'000);
  EXPECT_FALSE(IsValidTime(time));
  time.set_nanos(-1);
  EXPECT_FALSE(IsValidTime(time));
  time.set_nanos(0);
  time.set_seconds(253402300800);
  EXPECT_FALSE(IsValidTime(time));
  time.set_seconds(-1);
  EXPECT_FALSE(IsValidTime(time));
}

}  // namespace
}  // namespace secondstory
