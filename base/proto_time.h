// Between protobuf's timestamps and ours.
#ifndef SECONDSTORY_BASE_PROTO_TIME_H_
#define SECONDSTORY_BASE_PROTO_TIME_H_

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace secondstory {

// Microseconds since 1970, rounded down: the resolution of the house.
int64_t ToMicros(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp FromMicros(int64_t micros);

absl::Time ToTime(const google::protobuf::Timestamp& time);
google::protobuf::Timestamp FromTime(absl::Time time);
absl::Duration ToDuration(const google::protobuf::Duration& duration);
google::protobuf::Duration FromDuration(absl::Duration duration);

// True for years 1970 to 9999 with nanoseconds of 0 to 999,999,999.
bool IsValidTime(const google::protobuf::Timestamp& time);

}  // namespace secondstory

#endif  // SECONDSTORY_BASE_PROTO_TIME_H_
