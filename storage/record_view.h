// Records of the log that hold an event, read in place: for those who pass
// events on and need no more of them than where they are and what their ids
// are.
#ifndef SECONDSTORY_STORAGE_RECORD_VIEW_H_
#define SECONDSTORY_STORAGE_RECORD_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/stable_id.h"
#include "secondstory/v1/event.pb.h"
#include "storage/keyspace.h"

namespace secondstory::storage {

struct RecordView {
  int64_t append_micros = 0;
  // A serialized secondstory.v1.Event; nothing when the record is of another
  // kind. Points into the record.
  std::optional<absl::string_view> event;
};

// `record` is a serialized secondstory.stored.v1.Record.
// DATA_LOSS: its bytes are wrong.
absl::StatusOr<RecordView> ViewRecord(absl::string_view record);

// The id of a serialized event. DATA_LOSS: its bytes are wrong.
absl::StatusOr<Id> IdOfEvent(absl::string_view event);

// What an event in the log has besides what was sent.
void SetOutputOnly(const Id& id, int64_t append_micros, Position position,
                   v1::Event* event);

// A serialized event with its output-only fields, as callers see it. DATA_LOSS:
// the record has none, or its bytes are wrong.
absl::StatusOr<std::string> EncodeEvent(Position position,
                                        const RecordView& record);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_RECORD_VIEW_H_
