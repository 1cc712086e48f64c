// An event as serialized, read in place: what the intake looks at without
// building a message. One pass over the bytes and, for the usual event, no
// allocation; building the message costs ten times as much.
#ifndef SECONDSTORY_STORAGE_EVENT_VIEW_H_
#define SECONDSTORY_STORAGE_EVENT_VIEW_H_

#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::storage {

// The fields of secondstory.v1.Event, with the meaning that protobuf gives to
// the bytes: the last value of a field counts, the parts of a message that
// comes in several are put together, unknown fields are passed over. Texts
// point into the bytes. Labels are in the order of the bytes; a key that is
// there twice stays.
struct EventView {
  struct Link {
    absl::string_view title;
    absl::string_view url;
  };
  struct Change {
    absl::string_view revision;
    absl::string_view previous_revision;
    absl::InlinedVector<absl::string_view, 8> paths;
    absl::InlinedVector<absl::string_view, 4> services;
    absl::string_view url;
    v1::ChangeOutcome outcome = v1::CHANGE_OUTCOME_UNSPECIFIED;
  };

  absl::string_view event_id;
  absl::string_view source;
  absl::string_view source_event_id;
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  std::optional<google::protobuf::Timestamp> event_time;
  std::optional<google::protobuf::Timestamp> observe_time;
  std::optional<google::protobuf::Timestamp> append_time;
  absl::string_view service;
  absl::string_view environment;
  absl::string_view title;
  absl::string_view description;
  absl::InlinedVector<std::pair<absl::string_view, absl::string_view>, 12>
      labels;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  absl::InlinedVector<Link, 2> links;
  absl::string_view actor;
  std::optional<Change> change;
  uint64_t position = 0;
};

// Nothing when protobuf cannot read `bytes`, because they are no message or a
// text in them is not UTF-8; nor when they have a form that no writer makes,
// see base/wire_fields.h. The view must not outlive `bytes`.
std::optional<EventView> ViewEvent(absl::string_view bytes);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_EVENT_VIEW_H_
