#include "storage/event_view.h"

#include "base/wire_fields.h"

namespace secondstory::storage {
namespace {

using google::protobuf::Timestamp;

bool ReadTimestamp(absl::string_view bytes, Timestamp* time) {
  WireFields fields(bytes);
  while (fields.Next()) {
    if (fields.number() == Timestamp::kSecondsFieldNumber) {
      int64_t seconds = time->seconds();
      if (!fields.Varint(&seconds)) return false;
      time->set_seconds(seconds);
    } else if (fields.number() == Timestamp::kNanosFieldNumber) {
      int32_t nanos = time->nanos();
      if (!fields.Varint(&nanos)) return false;
      time->set_nanos(nanos);
    } else if (!fields.Skip()) {
      return false;
    }
  }
  return fields.AtEnd();
}

bool ReadLabel(absl::string_view bytes,
               std::pair<absl::string_view, absl::string_view>* label) {
  WireFields fields(bytes);
  while (fields.Next()) {
    const bool read = fields.number() == 1   ? fields.Text(&label->first)
                      : fields.number() == 2 ? fields.Text(&label->second)
                                             : fields.Skip();
    if (!read) return false;
  }
  return fields.AtEnd();
}

bool ReadLink(absl::string_view bytes, EventView::Link* link) {
  WireFields fields(bytes);
  while (fields.Next()) {
    const bool read = fields.number() == v1::Link::kTitleFieldNumber
                          ? fields.Text(&link->title)
                      : fields.number() == v1::Link::kUrlFieldNumber
                          ? fields.Text(&link->url)
                          : fields.Skip();
    if (!read) return false;
  }
  return fields.AtEnd();
}

bool ReadChangeField(WireFields* fields, EventView::Change* change) {
  switch (fields->number()) {
    case v1::Change::kRevisionFieldNumber:
      return fields->Text(&change->revision);
    case v1::Change::kPreviousRevisionFieldNumber:
      return fields->Text(&change->previous_revision);
    case v1::Change::kPathsFieldNumber:
      return fields->AddText(&change->paths);
    case v1::Change::kServicesFieldNumber:
      return fields->AddText(&change->services);
    case v1::Change::kUrlFieldNumber:
      return fields->Text(&change->url);
    case v1::Change::kOutcomeFieldNumber:
      return fields->Varint(&change->outcome);
    default:
      return fields->Skip();
  }
}

bool ReadChange(absl::string_view bytes, EventView::Change* change) {
  WireFields fields(bytes);
  while (fields.Next()) {
    if (!ReadChangeField(&fields, change)) return false;
  }
  return fields.AtEnd();
}

bool ReadEventField(WireFields* fields, EventView* event) {
  switch (fields->number()) {
    case v1::Event::kEventIdFieldNumber:
      return fields->Text(&event->event_id);
    case v1::Event::kSourceFieldNumber:
      return fields->Text(&event->source);
    case v1::Event::kSourceEventIdFieldNumber:
      return fields->Text(&event->source_event_id);
    case v1::Event::kKindFieldNumber:
      return fields->Varint(&event->kind);
    case v1::Event::kEventTimeFieldNumber:
      return fields->Message(&event->event_time, ReadTimestamp);
    case v1::Event::kObserveTimeFieldNumber:
      return fields->Message(&event->observe_time, ReadTimestamp);
    case v1::Event::kAppendTimeFieldNumber:
      return fields->Message(&event->append_time, ReadTimestamp);
    case v1::Event::kServiceFieldNumber:
      return fields->Text(&event->service);
    case v1::Event::kEnvironmentFieldNumber:
      return fields->Text(&event->environment);
    case v1::Event::kTitleFieldNumber:
      return fields->Text(&event->title);
    case v1::Event::kDescriptionFieldNumber:
      return fields->Text(&event->description);
    case v1::Event::kLabelsFieldNumber:
      return fields->AddMessage(&event->labels, ReadLabel);
    case v1::Event::kSeverityFieldNumber:
      return fields->Varint(&event->severity);
    case v1::Event::kLinksFieldNumber:
      return fields->AddMessage(&event->links, ReadLink);
    case v1::Event::kActorFieldNumber:
      return fields->Text(&event->actor);
    case v1::Event::kChangeFieldNumber:
      return fields->Message(&event->change, ReadChange);
    case v1::Event::kPositionFieldNumber:
      return fields->Varint(&event->position);
    default:
      return fields->Skip();
  }
}

}  // namespace

std::optional<EventView> ViewEvent(absl::string_view bytes) {
  std::optional<EventView> event(std::in_place);
  WireFields fields(bytes);
  while (fields.Next()) {
    if (!ReadEventField(&fields, &*event)) return std::nullopt;
  }
  if (!fields.AtEnd()) return std::nullopt;
  return event;
}

}  // namespace secondstory::storage
