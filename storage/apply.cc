#include "storage/apply.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory::storage {
namespace {

using google::protobuf::internal::WireFormatLite;
using stored::v1::PositionList;
using stored::v1::Record;

// The positions of one service (none: of all) in one minute.
struct List {
  absl::string_view service;
  uint32_t minute = 0;
  Position first = 0;
  Position last = 0;
  PositionList positions;
};

// Lists under construction.
class Lists {
 public:
  void Add(absl::string_view service, Position position,
           const EventFacts& event) {
    List& list = Find(service, MinuteOfMicros(event.event_micros));
    if (list.first == 0) list.first = list.last = position;
    list.positions.add_event_micros(
        static_cast<uint32_t>(event.event_micros % kMicrosPerMinute));
    list.positions.add_position_deltas(
        static_cast<uint32_t>(position - list.last));
    list.positions.mutable_kinds()->push_back(static_cast<char>(event.kind));
    list.last = position;
  }

  // In the order of their keys.
  void WriteTo(Mutations* mutations) {
    std::sort(lists_.begin(), lists_.end(), [](const List& a, const List& b) {
      return std::tie(a.service, a.minute) < std::tie(b.service, b.minute);
    });
    for (const List& list : lists_) {
      mutations->Put(
          list.service.empty()
              ? keys::ByTime(list.minute, list.first)
              : keys::ByService(list.service, list.minute, list.first),
          list.positions.SerializeAsString());
    }
  }

 private:
  List& Find(absl::string_view service, uint32_t minute) {
    const auto [it, is_new] =
        places_.try_emplace({service, minute}, lists_.size());
    if (is_new) {
      lists_.emplace_back();
      lists_.back().service = service;
      lists_.back().minute = minute;
    }
    return lists_[it->second];
  }

  std::vector<List> lists_;
  absl::flat_hash_map<std::pair<absl::string_view, uint32_t>, size_t> places_;
};

void ApplyEvent(Position position, const NewRecord& record, Lists* lists,
                Mutations* mutations) {
  const NewEvent& event = *record.event;
  // By hand, because the event is encoded already: the fields of a Record
  // before the event's bytes.
  uint8_t head[32];
  uint8_t* end = WireFormatLite::WriteInt64ToArray(
      Record::kAppendMicrosFieldNumber, record.append_micros, head);
  end = WireFormatLite::WriteTagToArray(
      Record::kEventFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED,
      end);
  end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
      static_cast<uint32_t>(event.bytes.size()), end);
  mutations->Put(
      keys::Log(position),
      {absl::string_view(reinterpret_cast<const char*>(head), end - head),
       event.bytes});
  lists->Add("", position, event.facts);
  for (const absl::string_view service : event.facts.services) {
    lists->Add(service, position, event.facts);
  }
}

void ApplyCursor(const v1::Cursor& cursor, Mutations* mutations) {
  mutations->Put(keys::Cursor(cursor.source(), cursor.shard()),
                 cursor.SerializeAsString());
}

void ApplyCandidate(Position position,
                    const stored::v1::CandidateRecord& record,
                    Mutations* mutations) {
  const v1::Candidate& candidate = record.candidate();
  const std::string id = IdFromHex(candidate.candidate_id());
  v1::Candidate summary = candidate;
  summary.clear_events();
  summary.clear_ranked_changes();
  summary.clear_splits();
  summary.clear_merges();
  if (record.has_previous_onset_micros()) {
    mutations->Delete(
        keys::CandidateByOnset(record.previous_onset_micros(), id));
  }
  mutations->Put(keys::Candidate(id), candidate.SerializeAsString());
  mutations->Put(keys::CandidateRevision(id, candidate.revision()),
                 EncodeUint64(position));
  mutations->Put(keys::CandidateByOnset(ToMicros(candidate.onset_time()), id),
                 summary.SerializeAsString());
}

void ApplyIncident(const stored::v1::IncidentRecord& record,
                   Mutations* mutations) {
  const v1::Incident& incident = record.incident();
  const std::string id = IdFromHex(incident.incident_id());
  if (record.has_previous_start_micros()) {
    mutations->Delete(
        keys::IncidentByStart(record.previous_start_micros(), id));
  }
  mutations->Put(keys::Incident(id), incident.SerializeAsString());
  mutations->Put(keys::IncidentByStart(ToMicros(incident.start_time()), id),
                 "");
}

void ApplyTimelineEntry(const stored::v1::TimelineEntryRecord& record,
                        Mutations* mutations) {
  const std::string incident = IdFromHex(record.incident_id());
  const std::string entry = IdFromHex(record.entry().entry_id());
  const int64_t micros = ToMicros(record.entry().event_time());
  if (record.has_previous_event_micros()) {
    mutations->Delete(
        keys::TimelineEntry(incident, record.previous_event_micros(), entry));
  }
  mutations->Put(keys::TimelineEntry(incident, micros, entry),
                 record.entry().SerializeAsString());
  mutations->Put(keys::TimelineEntryId(incident, entry),
                 EncodeUint64(static_cast<uint64_t>(micros)));
}

void ApplyAccount(const stored::v1::AccountRecord& record,
                  Mutations* mutations) {
  const v1::Account& account = record.account();
  mutations->Put(keys::Account(IdFromHex(account.incident_id()),
                               IdFromHex(account.account_id())),
                 record.SerializeAsString());
}

void ApplyAction(const stored::v1::ActionRecord& record, Mutations* mutations) {
  const v1::ActionItem& action = record.action();
  const std::string incident = IdFromHex(action.incident_id());
  const std::string id = IdFromHex(action.action_id());
  if (record.has_previous_due_micros()) {
    mutations->Delete(
        keys::ActionByDue(record.previous_due_micros(), incident, id));
  }
  std::optional<int64_t> due;
  if (action.has_due_time()) due = ToMicros(action.due_time());
  const bool is_open = !action.has_delete_time() &&
                       action.state() != v1::ACTION_STATE_DONE &&
                       action.state() != v1::ACTION_STATE_DROPPED;
  is_open ? mutations->Put(keys::ActionByDue(due, incident, id), "")
          : mutations->Delete(keys::ActionByDue(due, incident, id));
  // One that had no due time, and has one now.
  if (due.has_value()) {
    mutations->Delete(keys::ActionByDue(std::nullopt, incident, id));
  }
  mutations->Put(keys::Action(incident, id), action.SerializeAsString());
}

void ApplyGapAnswer(const stored::v1::GapAnswerRecord& record,
                    Mutations* mutations) {
  mutations->Put(keys::GapAnswer(IdFromHex(record.incident_id()),
                                 IdFromHex(record.gap().gap_id())),
                 record.gap().SerializeAsString());
}

void ApplyOther(Position position, const std::string& bytes,
                Mutations* mutations) {
  Record record;
  // REQUIRED by NewRecord; a record that is none changes nothing.
  if (!record.ParseFromString(bytes)) return;
  ApplyTold(position, record, mutations);
  switch (record.body_case()) {
    case Record::kCursor:
      return ApplyCursor(record.cursor(), mutations);
    case Record::kCandidate:
      return ApplyCandidate(position, record.candidate(), mutations);
    case Record::kIncident:
      return ApplyIncident(record.incident(), mutations);
    case Record::kTimelineEntry:
      return ApplyTimelineEntry(record.timeline_entry(), mutations);
    case Record::kAccount:
      return ApplyAccount(record.account(), mutations);
    case Record::kAction:
      return ApplyAction(record.action(), mutations);
    case Record::kGapAnswer:
      return ApplyGapAnswer(record.gap_answer(), mutations);
    case Record::kReveal:
    case Record::kEvent:
    case Record::BODY_NOT_SET:
      return;
  }
}

}  // namespace

EventFacts FactsOf(const EventView& event) {
  EventFacts facts;
  facts.id = StableId({event.source, event.source_event_id});
  facts.event_micros = event.event_time ? ToMicros(*event.event_time) : 0;
  facts.kind = event.kind;
  if (!event.service.empty()) facts.services.push_back(event.service);
  if (!event.change.has_value()) return facts;
  for (const absl::string_view service : event.change->services) {
    if (std::find(facts.services.begin(), facts.services.end(), service) ==
        facts.services.end()) {
      facts.services.push_back(service);
    }
  }
  return facts;
}

NewEvent MakeNewEvent(absl::string_view bytes) {
  return {FactsOf(ViewEvent(bytes).value()), bytes};
}

NewRecord EncodeRecord(Record record, int64_t append_micros) {
  record.set_append_micros(append_micros);
  return {append_micros, nullptr, record.SerializeAsString()};
}

const std::string& IncidentOf(const Record& record) {
  switch (record.body_case()) {
    case Record::kCandidate:
      return record.candidate().candidate().incident_id();
    case Record::kIncident:
      return record.incident().incident().incident_id();
    case Record::kTimelineEntry:
      return record.timeline_entry().incident_id();
    case Record::kAccount:
      return record.account().account().incident_id();
    case Record::kAction:
      return record.action().action().incident_id();
    case Record::kGapAnswer:
      return record.gap_answer().incident_id();
    case Record::kReveal:
      return record.reveal().incident_id();
    case Record::kEvent:
    case Record::kCursor:
    case Record::BODY_NOT_SET:
      break;
  }
  static const std::string* const none = new std::string();
  return *none;
}

void ApplyTold(Position position, const Record& record, Mutations* mutations) {
  const std::string& incident = IncidentOf(record);
  if (incident.empty()) return;
  mutations->Put(keys::IncidentHistory(IdFromHex(incident), position), "");
  mutations->Put(keys::Told(position), "");
}

Mutations Apply(Position first, absl::Span<const NewRecord> records) {
  size_t bytes = 0;
  for (const NewRecord& record : records) {
    // With its keys and the lists' share.
    bytes += 96 + (record.event != nullptr ? record.event->bytes.size()
                                           : 2 * record.other.size());
  }
  Mutations mutations;
  mutations.Reserve(records.size() + 8, bytes);
  Lists lists;
  for (size_t i = 0; i < records.size(); ++i) {
    const Position position = first + i;
    if (records[i].event != nullptr) {
      ApplyEvent(position, records[i], &lists, &mutations);
    } else {
      mutations.Put(keys::Log(position), records[i].other);
      ApplyOther(position, records[i].other, &mutations);
    }
  }
  lists.WriteTo(&mutations);
  return mutations;
}

}  // namespace secondstory::storage
