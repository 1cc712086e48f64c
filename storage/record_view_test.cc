#include "storage/record_view.h"

#include "base/status_matchers.h"
#include "google/protobuf/util/message_differencer.h"
#include "secondstory/stored/v1/record.pb.h"
#include "storage/store.h"

namespace secondstory::storage {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::Eq;
using testing::Optional;

stored::v1::Record MakeRecord() {
  stored::v1::Record record;
  record.set_append_micros(1'700'000'000'123'456);
  v1::Event* event = record.mutable_event();
  event->set_source("alertmanager");
  event->set_source_event_id("ab/firing");
  event->set_title("High latency");
  event->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  event->mutable_event_time()->set_seconds(1'700'000'000);
  (*event->mutable_labels())["pod"] = "checkout-1";
  return record;
}

TEST(RecordViewTest, EncodesTheEventThatTheStoreWouldGive) {
  const stored::v1::Record record = MakeRecord();
  const std::string bytes = record.SerializeAsString();
  SS_ASSERT_OK_AND_ASSIGN(const RecordView view, ViewRecord(bytes));
  EXPECT_EQ(view.append_micros, record.append_micros());
  SS_ASSERT_OK_AND_ASSIGN(const std::string encoded, EncodeEvent(300, view));
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(encoded));
  EXPECT_TRUE(MessageDifferencer::Equals(event, EventOf(300, record)))
      << event.ShortDebugString();
}

TEST(RecordViewTest, HasNoEventWhereTheRecordIsOfAnotherKind) {
  stored::v1::Record record;
  record.set_append_micros(7);
  record.mutable_cursor()->set_source("git");
  const std::string bytes = record.SerializeAsString();
  SS_ASSERT_OK_AND_ASSIGN(const RecordView view, ViewRecord(bytes));
  EXPECT_EQ(view.append_micros, 7);
  EXPECT_EQ(view.event, std::nullopt);
  EXPECT_THAT(EncodeEvent(1, view), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RecordViewTest, SaysWhenBytesAreWrong) {
  std::string bytes = MakeRecord().SerializeAsString();
  bytes.pop_back();
  EXPECT_THAT(ViewRecord(bytes), StatusIs(absl::StatusCode::kDataLoss));
  SS_ASSERT_OK_AND_ASSIGN(const RecordView cut, ViewRecord("\x12\x02\x12\x05"));
  EXPECT_THAT(cut.event, Optional(Eq("\x12\x05")));
  EXPECT_THAT(EncodeEvent(1, cut), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace secondstory::storage
