// Every key in the database. Nothing else builds or parses keys.
//
// clang-format off
//   prefix  key                                     value            order
//   0x00    "format"                                version:4        -
//   0x01    position:8                              Record           log order
//   0x02                                            position:8       ids are
//                                                                    here so far
//   0x02    event_id:16                             position:8       duplicate
//                                                                    test
//   0x03    source str, shard:4                     Cursor           one a shard
//   0x04    service str, minute:4, position:8       PositionList     by service,
//                                                                    time
//   0x05    minute:4, position:8                    PositionList     by time
//   0x10    candidate:16                            Candidate        latest
//                                                                    revision
//   0x11    candidate:16, revision:8                position:8       history
//   0x12    ~onset_micros:8, candidate:16           Candidate        newest first,
//                                                   without entries
//   0x20    incident:16                             Incident         as it stands
//   0x21    ~start_micros:8, incident:16            (empty)          newest first
//   0x22    incident:16, event_micros:8, entry:16   TimelineEntry    timeline
//                                                                    order
//   0x23    incident:16, entry:16                   event_micros:8   duplicate
//                                                                    test
//   0x24    incident:16, position:8                 (empty)          history
//   0x25    incident:16, account:16                 AccountRecord    -
//   0x26    incident:16, action:16                  ActionItem       -
//   0x27    due_micros:8, incident:16, action:16    (empty)          open ones,
//                                                                    due first
//   0x28    incident:16, gap:16                     Gap              -
//   0x29    position:8                              (empty)          what people
//                                                                    told, in log
//                                                                    order
// clang-format on
//
// Integers are big-endian so that bytes sort as numbers; `~` is bitwise not.
// `str` is escaped (00 -> 00 ff) and closed by 00 01, so ("ab","c") and
// ("a","bc") never meet. `minute` counts from 1970. In 0x04 and 0x05 the
// position is the first of the list: a commit group adds one key for each
// (service, minute) that it touches, not one for each event. 0x24 and 0x29 list
// every record of an incident and of what belongs to it, its candidates
// included; an action without a due time is due at 2^64 - 1. Record,
// PositionList and AccountRecord are of secondstory.stored.v1, the others of
// secondstory.v1.
//
// Changing a line here is a migration: keyspace_test pins each layout byte by
// byte, and kFormatVersion must rise.
#ifndef SECONDSTORY_STORAGE_KEYSPACE_H_
#define SECONDSTORY_STORAGE_KEYSPACE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace secondstory::storage {

// A record's place in the log. The first is 1; 0 means before the first.
using Position = uint64_t;

// What this program writes. It takes databases of this version and of those
// before, which then have this one, and refuses those of a newer one.
//   3  lists what people told (0x24, 0x29); older databases lack both for what
//      was told before
//   2  event ids (0x02) are written in bulk, some time after the events
//   1  they came with the events
inline constexpr uint32_t kFormatVersion = 3;

// The groups of keys that are stored apart because they live differently: the
// log grows at its end, ids are only looked up one by one, lists are merged.
enum class Family { kTables = 0, kLog = 1, kIds = 2, kIndex = 3 };
inline constexpr int kFamilyCount = 4;
Family FamilyOf(absl::string_view key);

// Keys [first, last).
struct KeyRange {
  std::string first;
  std::string last;
};

namespace keys {

std::string Format();
std::string Log(Position position);
std::string EventId(absl::string_view event_id);
// The same at the end of `keys`, for many; kEventIdKeyBytes each.
void AppendEventId(absl::string_view event_id, std::string* keys);
inline constexpr size_t kEventIdKeyBytes = 17;
// Before every EventId.
std::string EventIdsThrough();
std::string Cursor(absl::string_view source, uint32_t shard);
std::string ByService(absl::string_view service, uint32_t minute,
                      Position position);
std::string ByTime(uint32_t minute, Position position);
std::string Candidate(absl::string_view id);
std::string CandidateRevision(absl::string_view id, uint64_t revision);
std::string CandidateByOnset(int64_t onset_micros, absl::string_view id);
std::string Incident(absl::string_view id);
std::string IncidentByStart(int64_t start_micros, absl::string_view id);
std::string TimelineEntry(absl::string_view incident, int64_t event_micros,
                          absl::string_view entry);
std::string TimelineEntryId(absl::string_view incident,
                            absl::string_view entry);
std::string IncidentHistory(absl::string_view incident, Position position);
std::string Account(absl::string_view incident, absl::string_view account);
std::string Action(absl::string_view incident, absl::string_view action);
// No `due_micros`: after all that have one.
std::string ActionByDue(std::optional<int64_t> due_micros,
                        absl::string_view incident, absl::string_view action);
std::string GapAnswer(absl::string_view incident, absl::string_view gap);
std::string Told(Position position);

// The ranges that are read in order. Minutes are [first, last]; times newest
// first, with every id at each.
KeyRange AllLog();
KeyRange AllEventIds();
KeyRange LogAfter(Position position);
KeyRange ServiceMinutes(absl::string_view service, uint32_t first,
                        uint32_t last);
KeyRange Minutes(uint32_t first, uint32_t last);
KeyRange CandidatesByOnset(int64_t first_micros, int64_t end_micros);
KeyRange IncidentsByStart(int64_t first_micros, int64_t end_micros);
KeyRange TimelineEntries(absl::string_view incident);
KeyRange IncidentHistoryAfter(absl::string_view incident, Position position);
KeyRange Accounts(absl::string_view incident);
KeyRange Actions(absl::string_view incident);
KeyRange AllActions();
KeyRange AllActionsByDue();
// Due before `end_micros`.
KeyRange ActionsByDue(int64_t end_micros);
KeyRange GapAnswers(absl::string_view incident);
KeyRange ToldAfter(Position position);

// What the last bytes of a key say.
// REQUIRES: the key was made by the function of that name.
Position LogPosition(absl::string_view key);
uint32_t MinuteOf(absl::string_view by_service_or_time_key);
Position ListPosition(absl::string_view by_service_or_time_key);
Position ToldPosition(absl::string_view told_key);
int64_t OnsetMicrosOf(absl::string_view candidate_by_onset_key);
// The last id; and the one before it, of a key that ends with two.
std::string IdOf(absl::string_view key);
std::string OuterIdOf(absl::string_view action_key);

}  // namespace keys

// Values that are not protos.
std::string EncodeUint32(uint32_t value);
std::string EncodeUint64(uint64_t value);
// Empty: `bytes` has another length.
std::optional<uint32_t> DecodeUint32(absl::string_view bytes);
std::optional<uint64_t> DecodeUint64(absl::string_view bytes);

// The minute of a time, counted from 1970.
inline constexpr int64_t kMicrosPerMinute = 60'000'000;
inline uint32_t MinuteOfMicros(int64_t micros) {
  return static_cast<uint32_t>(micros / kMicrosPerMinute);
}

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_KEYSPACE_H_
