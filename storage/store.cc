#include "storage/store.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "base/wire_fields.h"
#include "storage/event_view.h"
#include "storage/record_view.h"

namespace secondstory::storage {
namespace {

using stored::v1::PositionList;
using stored::v1::Record;

// How many events of one look-up are read at a time.
constexpr size_t kReadAhead = 128;

absl::Status Unreadable(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("a stored ", what, " cannot be read; restore a backup"));
}

template <typename Message>
absl::StatusOr<Message> Parse(absl::string_view bytes, absl::string_view what) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Unreadable(what);
  }
  return message;
}

absl::Status NotFound(absl::string_view what, absl::string_view id) {
  return absl::NotFoundError(
      absl::StrCat("there is no ", what, " ", IdToHex(id)));
}

template <typename T>
bool Allows(const std::vector<T>& filter, const T& value) {
  return filter.empty() ||
         std::find(filter.begin(), filter.end(), value) != filter.end();
}

template <typename Range>
bool AllowsAny(const std::vector<std::string>& filter, const Range& values) {
  return filter.empty() ||
         std::find_first_of(values.begin(), values.end(), filter.begin(),
                            filter.end()) != values.end();
}

// What filters look at. Points into the candidate's bytes.
struct CandidateView {
  v1::CandidateState state = v1::CANDIDATE_STATE_UNSPECIFIED;
  std::vector<absl::string_view> services;
};

absl::StatusOr<CandidateView> ViewCandidate(absl::string_view bytes) {
  CandidateView candidate;
  WireFields fields(bytes);
  bool read = true;
  while (read && fields.Next()) {
    read = fields.number() == v1::Candidate::kStateFieldNumber
               ? fields.Varint(&candidate.state)
           : fields.number() == v1::Candidate::kServicesFieldNumber
               ? fields.AddText(&candidate.services)
               : fields.Skip();
  }
  if (!read || !fields.AtEnd()) return Unreadable("candidate");
  return candidate;
}

// All values of a range.
template <typename Message>
absl::StatusOr<std::vector<Message>> ParseAll(const Tables& tables,
                                              const KeyRange& range,
                                              absl::string_view what) {
  std::vector<Message> messages;
  const auto it = tables.NewIterator(range);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    SS_ASSIGN_OR_RETURN(Message message, Parse<Message>(it->value(), what));
    messages.push_back(std::move(message));
  }
  SS_RETURN_IF_ERROR(it->status());
  return messages;
}

// The value of a key.
template <typename Message>
absl::StatusOr<Message> ParseOne(const Tables& tables, const std::string& key,
                                 absl::string_view what) {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> value, tables.Get(key));
  if (!value.has_value()) return NotFound(what, keys::IdOf(key));
  return Parse<Message>(*value, what);
}

bool IsOpen(v1::ActionState state) {
  return state == v1::ACTION_STATE_OPEN ||
         state == v1::ACTION_STATE_IN_PROGRESS;
}

bool Matches(const v1::ActionItem& action, const ActionQuery& query) {
  const bool allowed = query.states.empty()
                           ? IsOpen(action.state())
                           : Allows(query.states, action.state());
  return allowed && !action.has_delete_time() &&
         Allows(query.owners, action.owner()) &&
         (!query.due_before_micros.has_value() ||
          (action.has_due_time() &&
           ToMicros(action.due_time()) < *query.due_before_micros));
}

// Adds an action to a page; false when it is full.
bool AddTo(v1::ActionItem action, const ActionQuery& query,
           Page<v1::ActionItem>* page) {
  if (!Matches(action, query)) return true;
  if (page->items.size() == query.limit) {
    page->more = true;
    return false;
  }
  page->items.push_back(std::move(action));
  return true;
}

// An event by its place in the order of a query.
struct EventPlace {
  int64_t event_micros;
  Position position;
  std::pair<int64_t, Position> order() const {
    return {event_micros, position};
  }
};

absl::Status AddPlaces(absl::string_view key, absl::string_view value,
                       const EventQuery& query,
                       std::vector<EventPlace>* places) {
  SS_ASSIGN_OR_RETURN(const PositionList list,
                      Parse<PositionList>(value, "index entry"));
  const int size = list.event_micros_size();
  if (list.position_deltas_size() != size ||
      list.kinds().size() != static_cast<size_t>(size)) {
    return absl::DataLossError("a stored index entry has uneven lists");
  }
  const int64_t minute_micros = keys::MinuteOf(key) * kMicrosPerMinute;
  Position position = keys::ListPosition(key);
  for (int i = 0; i < size; ++i) {
    position += list.position_deltas(i);
    const int64_t micros = minute_micros + list.event_micros(i);
    const auto kind = static_cast<v1::EventKind>(list.kinds()[i]);
    if (micros < query.time.start_micros || micros >= query.time.end_micros ||
        !Allows(query.kinds, kind)) {
      continue;
    }
    const EventPlace place{micros, position};
    if (query.after.has_value() &&
        (query.newest_first ? place.order() >= *query.after
                            : place.order() <= *query.after)) {
      continue;
    }
    places->push_back(place);
  }
  return absl::OkStatus();
}

absl::Status Gone(Position position) {
  return absl::DataLossError(absl::StrCat("the record at position ", position,
                                          " is gone; restore a backup"));
}

// Whether the event in a record comes from one of `sources`; empty: from any.
absl::StatusOr<bool> AllowsSourceOf(absl::string_view record,
                                    const std::vector<std::string>& sources) {
  if (sources.empty()) return true;
  SS_ASSIGN_OR_RETURN(const RecordView view, ViewRecord(record));
  const auto event = ViewEvent(view.event.value_or(""));
  if (!event.has_value()) {
    return absl::DataLossError("a stored event cannot be read");
  }
  return Allows(sources, std::string(event->source));
}

// Goes through the index minute by minute, over several services at once.
class MinuteWalk {
 public:
  MinuteWalk(const Tables& tables, const EventQuery& query) : query_(query) {
    if (query.time.start_micros >= query.time.end_micros) return;
    int64_t first = query.time.start_micros, last = query.time.end_micros - 1;
    if (query.after.has_value()) {
      (query.newest_first ? last : first) = query.after->first;
    }
    if (first > last) return;
    const uint32_t first_minute = Minute(first), last_minute = Minute(last);
    if (query.services.empty()) {
      Add(tables.NewIterator(keys::Minutes(first_minute, last_minute)));
    }
    for (const std::string& service : query.services) {
      Add(tables.NewIterator(
          keys::ServiceMinutes(service, first_minute, last_minute)));
    }
  }

  // The places of the next minute that has any key, in the query's order;
  // false at the end.
  absl::StatusOr<bool> Next(std::vector<EventPlace>* places) {
    places->clear();
    std::optional<uint32_t> minute;
    for (const auto& it : iterators_) {
      SS_RETURN_IF_ERROR(it->status());
      if (!it->Valid()) continue;
      const uint32_t candidate = keys::MinuteOf(it->key());
      if (!minute.has_value() || Before(candidate, *minute)) minute = candidate;
    }
    if (!minute.has_value()) return false;
    for (const auto& it : iterators_) {
      while (it->Valid() && keys::MinuteOf(it->key()) == *minute) {
        SS_RETURN_IF_ERROR(AddPlaces(it->key(), it->value(), query_, places));
        query_.newest_first ? it->Previous() : it->Next();
      }
      SS_RETURN_IF_ERROR(it->status());
    }
    Sort(places);
    return true;
  }

 private:
  // Times that the validator would not let in do not matter here.
  static uint32_t Minute(int64_t micros) {
    const int64_t minute = std::max<int64_t>(micros, 0) / kMicrosPerMinute;
    return static_cast<uint32_t>(
        std::min<int64_t>(minute, std::numeric_limits<uint32_t>::max()));
  }

  bool Before(uint32_t a, uint32_t b) const {
    return query_.newest_first ? a > b : a < b;
  }

  void Add(std::unique_ptr<Tables::Iterator> it) {
    query_.newest_first ? it->SeekToLast() : it->SeekToFirst();
    iterators_.push_back(std::move(it));
  }

  // An event of several services is in several lists.
  void Sort(std::vector<EventPlace>* places) const {
    std::sort(places->begin(), places->end(),
              [](const EventPlace& a, const EventPlace& b) {
                return a.order() < b.order();
              });
    places->erase(std::unique(places->begin(), places->end(),
                              [](const EventPlace& a, const EventPlace& b) {
                                return a.position == b.position;
                              }),
                  places->end());
    if (query_.newest_first) std::reverse(places->begin(), places->end());
  }

  const EventQuery& query_;
  std::vector<std::unique_ptr<Tables::Iterator>> iterators_;
};

}  // namespace

absl::StatusOr<Record> ParseRecord(absl::string_view bytes) {
  return Parse<Record>(bytes, "record");
}

v1::Event EventOf(Position position, Record record) {
  v1::Event event = std::move(*record.mutable_event());
  SetOutputOnly(StableId({event.source(), event.source_event_id()}),
                record.append_micros(), position, &event);
  return event;
}

absl::StatusOr<Position> Store::LastPosition() const {
  const auto it = tables_->NewIterator(keys::AllLog());
  it->SeekToLast();
  SS_RETURN_IF_ERROR(it->status());
  return it->Valid() ? keys::LogPosition(it->key()) : 0;
}

absl::StatusOr<LogPage> Store::ReadLog(Position after, size_t count_max,
                                       size_t bytes_max) const {
  SS_ASSIGN_OR_RETURN(const LogBytes read,
                      ReadLogBytes(after, count_max, bytes_max));
  LogPage page;
  page.last = read.last;
  for (const auto& [position, bytes] : read.records) {
    SS_ASSIGN_OR_RETURN(Record record, ParseRecord(bytes));
    page.records.emplace_back(position, std::move(record));
  }
  return page;
}

absl::StatusOr<LogBytes> Store::ReadLogBytes(Position after, size_t count_max,
                                             size_t bytes_max) const {
  LogBytes page;
  page.last = after;
  size_t bytes = 0;
  const auto it = tables_->NewIterator(keys::LogAfter(after));
  for (it->SeekToFirst(); it->Valid() && page.records.size() < count_max;
       it->Next()) {
    bytes += it->value().size();
    if (bytes > bytes_max && !page.records.empty()) break;
    page.last = keys::LogPosition(it->key());
    page.records.emplace_back(page.last, std::string(it->value()));
  }
  SS_RETURN_IF_ERROR(it->status());
  return page;
}

absl::StatusOr<Record> Store::GetRecord(Position position) const {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                      tables_->Get(keys::Log(position)));
  if (!bytes.has_value()) return Gone(position);
  return ParseRecord(*bytes);
}

absl::StatusOr<std::vector<std::string>> Store::GetRecords(
    const std::vector<Position>& positions) const {
  std::vector<std::string> log_keys;
  for (const Position position : positions) {
    log_keys.push_back(keys::Log(position));
  }
  SS_ASSIGN_OR_RETURN(std::vector<std::optional<std::string>> values,
                      tables_->MultiGet(std::vector<absl::string_view>(
                          log_keys.begin(), log_keys.end())));
  std::vector<std::string> records;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].has_value()) return Gone(positions[i]);
    records.push_back(*std::move(values[i]));
  }
  return records;
}

absl::StatusOr<v1::Event> Store::GetEvent(Position position) const {
  SS_ASSIGN_OR_RETURN(Record record, GetRecord(position));
  return EventOf(position, std::move(record));
}

absl::StatusOr<Page<v1::Event>> Store::QueryEvents(
    const EventQuery& query) const {
  SS_ASSIGN_OR_RETURN(const Page<EventBytes> read, QueryEventBytes(query));
  Page<v1::Event> page;
  page.more = read.more;
  for (const EventBytes& event : read.items) {
    SS_ASSIGN_OR_RETURN(Record record, ParseRecord(event.record));
    page.items.push_back(EventOf(event.position, std::move(record)));
  }
  return page;
}

absl::StatusOr<Page<EventBytes>> Store::QueryEventBytes(
    const EventQuery& query) const {
  Page<EventBytes> page;
  MinuteWalk walk(*tables_, query);
  std::vector<EventPlace> places;
  while (true) {
    SS_ASSIGN_OR_RETURN(const bool found, walk.Next(&places));
    if (!found) return page;
    for (size_t next = 0; next < places.size();) {
      if (page.items.size() == query.limit && query.sources.empty()) {
        page.more = true;
        return page;
      }
      // Without a filter by source every place is a result; with one, who
      // knows.
      const size_t wanted =
          query.sources.empty() ? query.limit - page.items.size() : kReadAhead;
      const size_t begin = next;
      std::vector<Position> positions;
      for (; next < places.size() && positions.size() < wanted; ++next) {
        positions.push_back(places[next].position);
      }
      SS_ASSIGN_OR_RETURN(std::vector<std::string> records,
                          GetRecords(positions));
      for (size_t i = 0; i < records.size(); ++i) {
        SS_ASSIGN_OR_RETURN(const bool allowed,
                            AllowsSourceOf(records[i], query.sources));
        if (!allowed) continue;
        if (page.items.size() == query.limit) {
          page.more = true;
          return page;
        }
        page.items.push_back({places[begin + i].event_micros, positions[i],
                              std::move(records[i])});
      }
    }
  }
}

absl::StatusOr<v1::Cursor> Store::GetCursor(const std::string& source,
                                            uint32_t shard) const {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                      tables_->Get(keys::Cursor(source, shard)));
  if (value.has_value()) return Parse<v1::Cursor>(*value, "cursor");
  v1::Cursor cursor;
  cursor.set_source(source);
  cursor.set_shard(shard);
  return cursor;
}

absl::StatusOr<v1::Candidate> Store::GetCandidate(absl::string_view id) const {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                      tables_->Get(keys::Candidate(id)));
  if (!value.has_value()) return NotFound("candidate", id);
  return Parse<v1::Candidate>(*value, "candidate");
}

absl::StatusOr<v1::Candidate> Store::GetCandidate(absl::string_view id,
                                                  uint64_t revision) const {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                      tables_->Get(keys::CandidateRevision(id, revision)));
  if (!value.has_value()) {
    return absl::NotFoundError(absl::StrCat("there is no revision ", revision,
                                            " of candidate ", IdToHex(id)));
  }
  SS_ASSIGN_OR_RETURN(Record record,
                      GetRecord(DecodeUint64(*value).value_or(0)));
  return std::move(*record.mutable_candidate()->mutable_candidate());
}

absl::StatusOr<Page<ListedCandidate>> Store::ListCandidates(
    const CandidateQuery& query) const {
  Page<ListedCandidate> page;
  const auto it = tables_->NewIterator(keys::CandidatesByOnset(
      query.onset.start_micros, query.onset.end_micros));
  it->SeekToFirst();
  if (query.after.has_value()) {
    it->Seek(keys::CandidateByOnset(query.after->first, query.after->second) +
             '\0');
  }
  for (; it->Valid(); it->Next()) {
    SS_ASSIGN_OR_RETURN(const CandidateView candidate,
                        ViewCandidate(it->value()));
    if (!Allows(query.states, candidate.state) ||
        !AllowsAny(query.services, candidate.services)) {
      continue;
    }
    if (page.items.size() == query.limit) {
      page.more = true;
      break;
    }
    page.items.push_back(
        {{keys::OnsetMicrosOf(it->key()), keys::IdOf(it->key())},
         candidate.state,
         std::string(it->value())});
  }
  SS_RETURN_IF_ERROR(it->status());
  return page;
}

absl::StatusOr<v1::Incident> Store::GetIncident(absl::string_view id) const {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                      tables_->Get(keys::Incident(id)));
  if (!value.has_value()) return NotFound("incident", id);
  return Parse<v1::Incident>(*value, "incident");
}

absl::StatusOr<Page<v1::Incident>> Store::ListIncidents(
    const IncidentQuery& query) const {
  Page<v1::Incident> page;
  const auto it = tables_->NewIterator(
      keys::IncidentsByStart(query.start.start_micros, query.start.end_micros));
  it->SeekToFirst();
  if (query.after.has_value()) {
    it->Seek(keys::IncidentByStart(query.after->first, query.after->second) +
             '\0');
  }
  for (; it->Valid(); it->Next()) {
    SS_ASSIGN_OR_RETURN(v1::Incident incident,
                        GetIncident(keys::IdOf(it->key())));
    if (!Allows(query.states, incident.state()) ||
        (incident.has_delete_time() && !query.with_deleted) ||
        !AllowsAny(query.services, incident.services()) ||
        !AllowsAny(query.tags, incident.tags())) {
      continue;
    }
    if (page.items.size() == query.limit) {
      page.more = true;
      break;
    }
    page.items.push_back(std::move(incident));
  }
  SS_RETURN_IF_ERROR(it->status());
  return page;
}

absl::StatusOr<std::vector<v1::TimelineEntry>> Store::TimelineEntries(
    absl::string_view incident) const {
  return ParseAll<v1::TimelineEntry>(*tables_, keys::TimelineEntries(incident),
                                     "timeline entry");
}

absl::StatusOr<v1::TimelineEntry> Store::GetTimelineEntry(
    absl::string_view incident, absl::string_view entry) const {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> micros,
                      tables_->Get(keys::TimelineEntryId(incident, entry)));
  if (!micros.has_value()) return NotFound("timeline entry", entry);
  const auto event_micros =
      static_cast<int64_t>(DecodeUint64(*micros).value_or(0));
  SS_ASSIGN_OR_RETURN(
      const std::optional<std::string> value,
      tables_->Get(keys::TimelineEntry(incident, event_micros, entry)));
  if (!value.has_value()) return NotFound("timeline entry", entry);
  return Parse<v1::TimelineEntry>(*value, "timeline entry");
}

ActionPlace PlaceOf(const v1::ActionItem& action) {
  return {action.has_due_time()
              ? static_cast<uint64_t>(ToMicros(action.due_time()))
              : kNeverDue,
          IdFromHex(action.incident_id()) + IdFromHex(action.action_id())};
}

absl::StatusOr<stored::v1::AccountRecord> Store::GetAccount(
    absl::string_view incident, absl::string_view account) const {
  return ParseOne<stored::v1::AccountRecord>(
      *tables_, keys::Account(incident, account), "account");
}

absl::StatusOr<v1::ActionItem> Store::GetAction(
    absl::string_view incident, absl::string_view action) const {
  return ParseOne<v1::ActionItem>(*tables_, keys::Action(incident, action),
                                  "action");
}

absl::StatusOr<v1::Gap> Store::GetGapAnswer(absl::string_view incident,
                                            absl::string_view gap) const {
  return ParseOne<v1::Gap>(*tables_, keys::GapAnswer(incident, gap),
                           "answer to gap");
}

absl::StatusOr<std::vector<stored::v1::AccountRecord>> Store::Accounts(
    absl::string_view incident) const {
  SS_ASSIGN_OR_RETURN(std::vector<stored::v1::AccountRecord> records,
                      ParseAll<stored::v1::AccountRecord>(
                          *tables_, keys::Accounts(incident), "account"));
  // Equal times are told apart by the order of the keys.
  std::stable_sort(records.begin(), records.end(),
                   [](const auto& a, const auto& b) {
                     return ToMicros(a.account().create_time()) <
                            ToMicros(b.account().create_time());
                   });
  return records;
}

absl::StatusOr<std::vector<v1::ActionItem>> Store::Actions(
    absl::string_view incident) const {
  SS_ASSIGN_OR_RETURN(
      std::vector<v1::ActionItem> actions,
      ParseAll<v1::ActionItem>(*tables_, keys::Actions(incident), "action"));
  std::stable_sort(
      actions.begin(), actions.end(), [](const auto& a, const auto& b) {
        return ToMicros(a.create_time()) < ToMicros(b.create_time());
      });
  return actions;
}

absl::StatusOr<std::vector<v1::Gap>> Store::GapAnswers(
    absl::string_view incident) const {
  return ParseAll<v1::Gap>(*tables_, keys::GapAnswers(incident),
                           "answer to a gap");
}

absl::StatusOr<v1::ActionItem> Store::ActionAt(absl::string_view key) const {
  return GetAction(keys::OuterIdOf(key), keys::IdOf(key));
}

absl::StatusOr<Page<v1::ActionItem>> Store::ListActions(
    const ActionQuery& query) const {
  Page<v1::ActionItem> page;
  const bool only_open =
      std::all_of(query.states.begin(), query.states.end(), IsOpen);
  if (query.incident.empty() && only_open) {
    const auto it =
        tables_->NewIterator(query.due_before_micros.has_value()
                                 ? keys::ActionsByDue(*query.due_before_micros)
                                 : keys::AllActionsByDue());
    it->SeekToFirst();
    if (query.after.has_value()) {
      const auto& [due, ids] = *query.after;
      it->Seek(keys::ActionByDue(due == kNeverDue ? std::optional<int64_t>()
                                                  : static_cast<int64_t>(due),
                                 ids.substr(0, kIdBytes),
                                 ids.substr(kIdBytes)) +
               '\0');
    }
    for (; it->Valid(); it->Next()) {
      SS_ASSIGN_OR_RETURN(v1::ActionItem action, ActionAt(it->key()));
      if (!AddTo(std::move(action), query, &page)) break;
    }
    SS_RETURN_IF_ERROR(it->status());
    return page;
  }
  SS_ASSIGN_OR_RETURN(
      std::vector<v1::ActionItem> actions,
      ParseAll<v1::ActionItem>(*tables_,
                               query.incident.empty()
                                   ? keys::AllActions()
                                   : keys::Actions(query.incident),
                               "action"));
  std::sort(actions.begin(), actions.end(), [](const auto& a, const auto& b) {
    return PlaceOf(a) < PlaceOf(b);
  });
  for (v1::ActionItem& action : actions) {
    if (query.after.has_value() && PlaceOf(action) <= *query.after) continue;
    if (!AddTo(std::move(action), query, &page)) break;
  }
  return page;
}

absl::StatusOr<LogPage> Store::ReadListed(const KeyRange& range, Position after,
                                          size_t count_max,
                                          size_t bytes_max) const {
  LogPage page;
  page.last = after;
  size_t bytes = 0;
  const auto it = tables_->NewIterator(range);
  for (it->SeekToFirst(); it->Valid() && page.records.size() < count_max;
       it->Next()) {
    // Both lists end with the position.
    const Position position = keys::ToldPosition(it->key());
    SS_ASSIGN_OR_RETURN(Record record, GetRecord(position));
    bytes += record.ByteSizeLong();
    if (bytes > bytes_max && !page.records.empty()) break;
    page.last = position;
    page.records.emplace_back(position, std::move(record));
  }
  SS_RETURN_IF_ERROR(it->status());
  return page;
}

absl::StatusOr<LogPage> Store::ReadHistory(absl::string_view incident,
                                           Position after, size_t count_max,
                                           size_t bytes_max) const {
  return ReadListed(keys::IncidentHistoryAfter(incident, after), after,
                    count_max, bytes_max);
}

absl::StatusOr<LogPage> Store::ReadTold(Position after, size_t count_max,
                                        size_t bytes_max) const {
  return ReadListed(keys::ToldAfter(after), after, count_max, bytes_max);
}

}  // namespace secondstory::storage
