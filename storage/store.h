// The read side: what the tables say, in the API's own messages.
#ifndef SECONDSTORY_STORAGE_STORE_H_
#define SECONDSTORY_STORAGE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/event_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/review_service.pb.h"
#include "storage/keyspace.h"
#include "storage/tables.h"

namespace secondstory::storage {

// Times in [start, end), microseconds since 1970.
struct TimeRange {
  int64_t start_micros = 0;
  int64_t end_micros = std::numeric_limits<int64_t>::max();
};

// Filters of different members all have to hold; values of one member are
// alternatives; an empty one does not filter.
struct EventQuery {
  TimeRange time;
  std::vector<std::string> services;
  std::vector<v1::EventKind> kinds;
  std::vector<std::string> sources;
  size_t limit = 100;
  bool newest_first = false;
  // Go on behind this place, the last of the page before.
  std::optional<std::pair<int64_t, Position>> after;
};

// Where a candidate stands in lists: its onset in microseconds, its binary id.
using CandidatePlace = std::pair<int64_t, std::string>;

struct CandidateQuery {
  TimeRange onset;
  std::vector<v1::CandidateState> states;
  std::vector<std::string> services;
  size_t limit = 50;
  // Go on behind this place, the last of the page before.
  std::optional<CandidatePlace> after;
};

struct IncidentQuery {
  TimeRange start;
  std::vector<v1::IncidentState> states;
  std::vector<std::string> services;
  std::vector<std::string> tags;
  // Those that were deleted, too.
  bool with_deleted = false;
  size_t limit = 50;
  std::optional<std::pair<int64_t, std::string>> after;
};

// Where an action stands in lists: by when it is due (without a due time:
// kNeverDue), then by the binary ids of its incident and its own, 32 bytes.
inline constexpr uint64_t kNeverDue = std::numeric_limits<uint64_t>::max();
using ActionPlace = std::pair<uint64_t, std::string>;
ActionPlace PlaceOf(const v1::ActionItem& action);

struct ActionQuery {
  // Of this incident, binary; empty: of all.
  std::string incident;
  // Empty: OPEN and IN_PROGRESS.
  std::vector<v1::ActionState> states;
  std::vector<std::string> owners;
  // Only those with a due time before it.
  std::optional<int64_t> due_before_micros;
  size_t limit = 50;
  std::optional<ActionPlace> after;
};

// One page. `more`: there is at least one further that matches.
template <typename T>
struct Page {
  std::vector<T> items;
  bool more = false;
};

// A stretch of the log.
struct LogPage {
  std::vector<std::pair<Position, stored::v1::Record>> records;
  // Read up to here; equals the first position asked for when there was none.
  Position last = 0;
};

// The same, with the records as they are stored.
struct LogBytes {
  std::vector<std::pair<Position, std::string>> records;
  Position last = 0;
};
// An event by its place in the order of a query, with its record as it is
// stored; see ViewRecord.
struct EventBytes {
  int64_t event_micros = 0;
  Position position = 0;
  std::string record;
};

// A candidate by its place in lists, as it is listed.
struct ListedCandidate {
  CandidatePlace place;
  v1::CandidateState state = v1::CANDIDATE_STATE_UNSPECIFIED;
  // A serialized secondstory.v1.Candidate, without events and ranked changes.
  std::string bytes;
};

// DATA_LOSS: the bytes are wrong.
absl::StatusOr<stored::v1::Record> ParseRecord(absl::string_view bytes);

// Every method returns DATA_LOSS when bytes on disk are wrong. Binary ids
// are 16 bytes.
//
// Threads: all methods may be called from any thread.
class Store {
 public:
  // `tables` must outlive it.
  explicit Store(const Tables* tables) : tables_(tables) {}

  // The position of the last record; 0 for an empty log.
  absl::StatusOr<Position> LastPosition() const;

  // Records after `after`, at most `count_max` and, behind the first, at most
  // `bytes_max`.
  absl::StatusOr<LogPage> ReadLog(Position after, size_t count_max,
                                  size_t bytes_max) const;
  absl::StatusOr<LogBytes> ReadLogBytes(Position after, size_t count_max,
                                        size_t bytes_max) const;

  // REQUIRES: the record at `position` is an event; see Log::FindEvent.
  absl::StatusOr<v1::Event> GetEvent(Position position) const;

  // In the order of (event_time, position). Cost: every event of the services
  // (or all, without) in each minute that the page touches is looked at, and
  // those that match time and kind are read.
  absl::StatusOr<Page<v1::Event>> QueryEvents(const EventQuery& query) const;
  // The same without building messages, which costs as much as all the rest.
  absl::StatusOr<Page<EventBytes>> QueryEventBytes(
      const EventQuery& query) const;

  // Its value is empty when none is stored.
  absl::StatusOr<v1::Cursor> GetCursor(const std::string& source,
                                       uint32_t shard) const;

  // NOT_FOUND: no such candidate, or revision.
  absl::StatusOr<v1::Candidate> GetCandidate(absl::string_view id) const;
  absl::StatusOr<v1::Candidate> GetCandidate(absl::string_view id,
                                             uint64_t revision) const;
  // Latest onset first. Builds no messages, which would cost as much as all the
  // rest.
  absl::StatusOr<Page<ListedCandidate>> ListCandidates(
      const CandidateQuery& query) const;

  // NOT_FOUND: no such incident.
  absl::StatusOr<v1::Incident> GetIncident(absl::string_view id) const;
  // Latest start first.
  absl::StatusOr<Page<v1::Incident>> ListIncidents(
      const IncidentQuery& query) const;

  // What people added, in timeline order; lines that were deleted, too.
  absl::StatusOr<std::vector<v1::TimelineEntry>> TimelineEntries(
      absl::string_view incident) const;
  // NOT_FOUND: no such entry.
  absl::StatusOr<v1::TimelineEntry> GetTimelineEntry(
      absl::string_view incident, absl::string_view entry) const;

  // NOT_FOUND: no such account, action, answer.
  absl::StatusOr<stored::v1::AccountRecord> GetAccount(
      absl::string_view incident, absl::string_view account) const;
  absl::StatusOr<v1::ActionItem> GetAction(absl::string_view incident,
                                           absl::string_view action) const;
  absl::StatusOr<v1::Gap> GetGapAnswer(absl::string_view incident,
                                       absl::string_view gap) const;
  // In the order in which they were given, withdrawn ones too.
  absl::StatusOr<std::vector<stored::v1::AccountRecord>> Accounts(
      absl::string_view incident) const;
  // In the order in which they were created, deleted ones too.
  absl::StatusOr<std::vector<v1::ActionItem>> Actions(
      absl::string_view incident) const;
  // By gap id.
  absl::StatusOr<std::vector<v1::Gap>> GapAnswers(
      absl::string_view incident) const;
  // By their places, without deleted ones. Cost: proportional to the actions of
  // the incident, to all of them when a state is asked for that is not open, to
  // the page otherwise.
  absl::StatusOr<Page<v1::ActionItem>> ListActions(
      const ActionQuery& query) const;

  // Records of an incident and of what belongs to it, after `after`, at most
  // `count_max` and, behind the first, at most `bytes_max`.
  absl::StatusOr<LogPage> ReadHistory(absl::string_view incident,
                                      Position after, size_t count_max,
                                      size_t bytes_max) const;
  // The same of all incidents: what people told, for whoever keeps something
  // that is derived from it. Never skips what is committed later: positions
  // are committed in their order.
  absl::StatusOr<LogPage> ReadTold(Position after, size_t count_max,
                                   size_t bytes_max) const;

 private:
  absl::StatusOr<LogPage> ReadListed(const KeyRange& range, Position after,
                                     size_t count_max, size_t bytes_max) const;
  absl::StatusOr<v1::ActionItem> ActionAt(absl::string_view by_due_key) const;
  absl::StatusOr<stored::v1::Record> GetRecord(Position position) const;
  absl::StatusOr<std::vector<std::string>> GetRecords(
      const std::vector<Position>& positions) const;

  const Tables* const tables_;
};

// The event that `record`, at `position`, holds, complete.
// REQUIRES: record.has_event().
v1::Event EventOf(Position position, stored::v1::Record record);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_STORE_H_
