// What a record does to the tables. Pure: the same records at the same
// position give the same mutations, on any replica, at any time. All decisions
// (ids, time, duplicates) were taken before and are in the record.
#ifndef SECONDSTORY_STORAGE_APPLY_H_
#define SECONDSTORY_STORAGE_APPLY_H_

#include <cstdint>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/stable_id.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/event.pb.h"
#include "storage/event_view.h"
#include "storage/keyspace.h"
#include "storage/tables.h"

namespace secondstory::storage {

// What the tables need to know of an event.
struct EventFacts {
  Id id;
  int64_t event_micros = 0;
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  // Its own and its change's, each once. They point where the event's do.
  absl::InlinedVector<absl::string_view, 2> services;
};
EventFacts FactsOf(const EventView& event);

// An event ready to be appended: a serialized secondstory.v1.Event without its
// output-only fields; the log adds those when it is read.
struct NewEvent {
  EventFacts facts;
  absl::string_view bytes;
};
// REQUIRES: `bytes` are an event; they must outlive what is returned.
NewEvent MakeNewEvent(absl::string_view bytes);

// A record on its way into the log. Most are events, whose bytes and facts
// whoever appended them knew already; they must outlive the record.
struct NewRecord {
  int64_t append_micros = 0;
  const NewEvent* event = nullptr;
  std::string other;  // without an event: a serialized stored.v1.Record
};
NewRecord EncodeRecord(stored::v1::Record record, int64_t append_micros);

// The incident that `record` is about, or that what it is about belongs to; 32
// hex digits, or empty for none.
const std::string& IncidentOf(const stored::v1::Record& record);

// Lists the record at `position` under its incident, if it has one, and among
// what people told.
void ApplyTold(Position position, const stored::v1::Record& record,
               Mutations* mutations);

// The mutations of `records`, which take the positions from `first` on. The
// index lists cover the whole span: one key for each (service, minute). Ids of
// events are not among them, see EventIds.
// REQUIRES: none of the events is in the tables yet.
Mutations Apply(Position first, absl::Span<const NewRecord> records);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_APPLY_H_
