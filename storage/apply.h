// What a record does to the tables. Pure: the same records at the same
// position give the same mutations, on any replica, at any time. All decisions
// (ids, time, duplicates) were taken before and are in the record.
#ifndef SECONDSTORY_STORAGE_APPLY_H_
#define SECONDSTORY_STORAGE_APPLY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/event.pb.h"
#include "storage/keyspace.h"
#include "storage/tables.h"

namespace secondstory::storage {

// What the tables need to know of an event.
struct EventFacts {
  std::string id;  // 16 bytes
  int64_t event_micros = 0;
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  std::vector<std::string> services;  // its own and its change's, each once
};
EventFacts FactsOf(const v1::Event& event);

// An event ready to be appended. `bytes` is a serialized secondstory.v1.Event
// without its output-only fields; the log adds those when it is read.
struct NewEvent {
  EventFacts facts;
  std::string bytes;
};
NewEvent MakeNewEvent(const v1::Event& event);

// A record on its way into the log: its bytes, and for an event its facts,
// which whoever encoded it knew already.
struct NewRecord {
  std::string bytes;  // a serialized secondstory.stored.v1.Record
  std::optional<EventFacts> event;
};
NewRecord EncodeEvent(NewEvent event, int64_t append_micros);
NewRecord EncodeRecord(stored::v1::Record record, int64_t append_micros);
// The inverse, for a rebuild from the log. DATA_LOSS: `bytes` is no record.
absl::StatusOr<NewRecord> DecodeRecord(std::string bytes);

// The mutations of `records`, which take the positions from `first` on. The
// index lists cover the whole span: one key for each (service, minute).
// REQUIRES: none of the events is in the tables yet.
Mutations Apply(Position first, absl::Span<const NewRecord> records);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_APPLY_H_
