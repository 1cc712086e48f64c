#include "storage/apply.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/proto_time.h"
#include "base/stable_id.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory::storage {
namespace {

using google::protobuf::internal::WireFormatLite;
using stored::v1::PositionList;
using stored::v1::Record;

// Lists under construction by their (service, minute); the time index has no
// service. Ordered, so that the mutations are.
struct ListUnderConstruction {
  Position first = 0;
  Position last = 0;
  PositionList list;
};
using Lists = std::map<std::pair<std::string, uint32_t>, ListUnderConstruction>;

void AddToList(Position position, const EventFacts& event,
               ListUnderConstruction* entry) {
  if (entry->first == 0) entry->first = entry->last = position;
  entry->list.add_event_micros(
      static_cast<uint32_t>(event.event_micros % kMicrosPerMinute));
  entry->list.add_position_deltas(
      static_cast<uint32_t>(position - entry->last));
  entry->list.mutable_kinds()->push_back(static_cast<char>(event.kind));
  entry->last = position;
}

void ApplyEvent(Position position, const EventFacts& event, Lists* by_service,
                Lists* by_time, Mutations* mutations) {
  mutations->push_back({keys::EventId(event.id), EncodeUint64(position)});
  const uint32_t minute = MinuteOfMicros(event.event_micros);
  AddToList(position, event, &(*by_time)[{"", minute}]);
  for (const std::string& service : event.services) {
    AddToList(position, event, &(*by_service)[{service, minute}]);
  }
}

void ApplyCursor(const v1::Cursor& cursor, Mutations* mutations) {
  mutations->push_back({keys::Cursor(cursor.source(), cursor.shard()),
                        cursor.SerializeAsString()});
}

void ApplyCandidate(Position position,
                    const stored::v1::CandidateRecord& record,
                    Mutations* mutations) {
  const v1::Candidate& candidate = record.candidate();
  const std::string id = IdFromHex(candidate.candidate_id());
  v1::Candidate summary = candidate;
  summary.clear_events();
  summary.clear_ranked_changes();
  if (record.has_previous_onset_micros()) {
    mutations->push_back(
        {keys::CandidateByOnset(record.previous_onset_micros(), id), {}});
  }
  mutations->push_back({keys::Candidate(id), candidate.SerializeAsString()});
  mutations->push_back({keys::CandidateRevision(id, candidate.revision()),
                        EncodeUint64(position)});
  mutations->push_back(
      {keys::CandidateByOnset(ToMicros(candidate.onset_time()), id),
       summary.SerializeAsString()});
}

void ApplyIncident(const stored::v1::IncidentRecord& record,
                   Mutations* mutations) {
  const v1::Incident& incident = record.incident();
  const std::string id = IdFromHex(incident.incident_id());
  if (record.has_previous_start_micros()) {
    mutations->push_back(
        {keys::IncidentByStart(record.previous_start_micros(), id), {}});
  }
  mutations->push_back({keys::Incident(id), incident.SerializeAsString()});
  mutations->push_back(
      {keys::IncidentByStart(ToMicros(incident.start_time()), id), ""});
}

void ApplyTimelineEntry(const stored::v1::TimelineEntryRecord& record,
                        Mutations* mutations) {
  const std::string incident = IdFromHex(record.incident_id());
  const std::string entry = IdFromHex(record.entry().entry_id());
  const int64_t micros = ToMicros(record.entry().event_time());
  mutations->push_back({keys::TimelineEntry(incident, micros, entry),
                        record.entry().SerializeAsString()});
  mutations->push_back({keys::TimelineEntryId(incident, entry),
                        EncodeUint64(static_cast<uint64_t>(micros))});
}

void ApplyOther(Position position, const std::string& bytes,
                Mutations* mutations) {
  Record record;
  // REQUIRED by NewRecord; a record that is none changes nothing.
  if (!record.ParseFromString(bytes)) return;
  switch (record.body_case()) {
    case Record::kCursor:
      return ApplyCursor(record.cursor(), mutations);
    case Record::kCandidate:
      return ApplyCandidate(position, record.candidate(), mutations);
    case Record::kIncident:
      return ApplyIncident(record.incident(), mutations);
    case Record::kTimelineEntry:
      return ApplyTimelineEntry(record.timeline_entry(), mutations);
    case Record::kEvent:
    case Record::BODY_NOT_SET:
      return;
  }
}

}  // namespace

EventFacts FactsOf(const v1::Event& event) {
  EventFacts facts;
  facts.id = StableId({event.source(), event.source_event_id()});
  facts.event_micros = ToMicros(event.event_time());
  facts.kind = event.kind();
  if (!event.service().empty()) facts.services.push_back(event.service());
  for (const std::string& service : event.change().services()) {
    if (std::find(facts.services.begin(), facts.services.end(), service) ==
        facts.services.end()) {
      facts.services.push_back(service);
    }
  }
  return facts;
}

NewEvent MakeNewEvent(const v1::Event& event) {
  return {FactsOf(event), event.SerializeAsString()};
}

NewRecord EncodeEvent(NewEvent event, int64_t append_micros) {
  // By hand, because the event is encoded already and most records are events.
  NewRecord record;
  record.bytes.reserve(event.bytes.size() + 16);
  google::protobuf::io::StringOutputStream stream(&record.bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  WireFormatLite::WriteInt64(Record::kAppendMicrosFieldNumber, append_micros,
                             &out);
  WireFormatLite::WriteBytes(Record::kEventFieldNumber, event.bytes, &out);
  record.event = std::move(event.facts);
  return record;
}

NewRecord EncodeRecord(Record record, int64_t append_micros) {
  record.set_append_micros(append_micros);
  return {record.SerializeAsString(), std::nullopt};
}

absl::StatusOr<NewRecord> DecodeRecord(std::string bytes) {
  Record record;
  if (!record.ParseFromString(bytes)) {
    return absl::DataLossError("a record of the log cannot be read");
  }
  NewRecord result{std::move(bytes), std::nullopt};
  if (record.has_event()) result.event = FactsOf(record.event());
  return result;
}

Mutations Apply(Position first, absl::Span<const NewRecord> records) {
  Mutations mutations;
  mutations.reserve(records.size() * 2 + 8);
  Lists by_service, by_time;
  for (size_t i = 0; i < records.size(); ++i) {
    const Position position = first + i;
    mutations.push_back({keys::Log(position), records[i].bytes});
    if (records[i].event.has_value()) {
      ApplyEvent(position, *records[i].event, &by_service, &by_time,
                 &mutations);
    } else {
      ApplyOther(position, records[i].bytes, &mutations);
    }
  }
  for (const auto& [service_and_minute, entry] : by_service) {
    const auto& [service, minute] = service_and_minute;
    mutations.push_back({keys::ByService(service, minute, entry.first),
                         entry.list.SerializeAsString()});
  }
  for (const auto& [service_and_minute, entry] : by_time) {
    mutations.push_back({keys::ByTime(service_and_minute.second, entry.first),
                         entry.list.SerializeAsString()});
  }
  return mutations;
}

}  // namespace secondstory::storage
