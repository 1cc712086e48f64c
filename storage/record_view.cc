#include "storage/record_view.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "base/wire_fields.h"
#include "secondstory/stored/v1/record.pb.h"

namespace secondstory::storage {
namespace {

absl::Status Unreadable() {
  return absl::DataLossError("a record of the log cannot be read");
}

}  // namespace

absl::StatusOr<RecordView> ViewRecord(absl::string_view record) {
  RecordView view;
  WireFields fields(record);
  while (fields.Next()) {
    bool read = false;
    switch (fields.number()) {
      case stored::v1::Record::kAppendMicrosFieldNumber:
        read = fields.Varint(&view.append_micros);
        break;
      case stored::v1::Record::kEventFieldNumber:
        read = fields.Bytes([&view](absl::string_view event) {
          view.event = event;
          return true;
        });
        break;
      default:
        read = fields.Skip();
    }
    if (!read) return Unreadable();
  }
  if (!fields.AtEnd()) return Unreadable();
  return view;
}

absl::StatusOr<Id> IdOfEvent(absl::string_view event) {
  absl::string_view source, source_event_id;
  WireFields fields(event);
  while (fields.Next()) {
    const bool read = fields.number() == v1::Event::kSourceFieldNumber
                          ? fields.Text(&source)
                      : fields.number() == v1::Event::kSourceEventIdFieldNumber
                          ? fields.Text(&source_event_id)
                          : fields.Skip();
    if (!read) return Unreadable();
  }
  if (!fields.AtEnd()) return Unreadable();
  return StableId({source, source_event_id});
}

void SetOutputOnly(const Id& id, int64_t append_micros, Position position,
                   v1::Event* event) {
  event->set_event_id(IdToHex(id));
  *event->mutable_append_time() = FromMicros(append_micros);
  event->set_position(position);
}

absl::StatusOr<std::string> EncodeEvent(Position position,
                                        const RecordView& record) {
  if (!record.event.has_value()) return Unreadable();
  SS_ASSIGN_OR_RETURN(const Id id, IdOfEvent(*record.event));
  v1::Event output_only;
  SetOutputOnly(id, record.append_micros, position, &output_only);
  // Messages one after the other are one message.
  return absl::StrCat(*record.event, output_only.SerializeAsString());
}

}  // namespace secondstory::storage
