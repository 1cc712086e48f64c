#include "storage/keyspace.h"

#include <algorithm>

#include "base/stable_id.h"

namespace secondstory::storage {
namespace {

enum Prefix : char {
  kMeta = 0x00,
  kLog = 0x01,
  kEventId = 0x02,
  kCursor = 0x03,
  kByService = 0x04,
  kByTime = 0x05,
  kCandidate = 0x10,
  kCandidateRevision = 0x11,
  kCandidateByOnset = 0x12,
  kIncident = 0x20,
  kIncidentByStart = 0x21,
  kTimelineEntry = 0x22,
  kTimelineEntryId = 0x23,
  kIncidentHistory = 0x24,
  kAccount = 0x25,
  kAction = 0x26,
  kActionByDue = 0x27,
  kGapAnswer = 0x28,
  kTold = 0x29,
};

// A key under construction; parts are added in the order of keyspace.h.
class Key {
 public:
  explicit Key(Prefix prefix) : bytes_(1, prefix) {}

  Key& U32(uint32_t value) { return Raw(EncodeUint32(value)); }
  Key& U64(uint64_t value) { return Raw(EncodeUint64(value)); }
  Key& Id(absl::string_view id) { return Raw(id); }
  // Newest first. Times before 1970 do not pass the validator.
  Key& NewestFirst(int64_t micros) {
    return U64(~static_cast<uint64_t>(std::max<int64_t>(micros, 0)));
  }
  Key& Micros(int64_t micros) {
    return U64(static_cast<uint64_t>(std::max<int64_t>(micros, 0)));
  }
  Key& Str(absl::string_view text) {
    for (char c : text) {
      bytes_ += c;
      if (c == '\0') bytes_ += '\xff';
    }
    bytes_.append("\0\1", 2);
    return *this;
  }
  operator std::string() const { return bytes_; }

 private:
  Key& Raw(absl::string_view bytes) {
    bytes_.append(bytes.data(), bytes.size());
    return *this;
  }

  std::string bytes_;
};

template <typename Int>
std::string BigEndian(Int value) {
  std::string bytes(sizeof(Int), '\0');
  for (size_t i = sizeof(Int); i-- > 0; value >>= 8) {
    bytes[i] = static_cast<char>(value & 0xff);
  }
  return bytes;
}

template <typename Int>
std::optional<Int> FromBigEndian(absl::string_view bytes) {
  if (bytes.size() != sizeof(Int)) return std::nullopt;
  Int value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// The first key after all that begin with `prefix`.
std::string After(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

absl::string_view LastBytes(absl::string_view key, size_t count,
                            size_t behind = 0) {
  return key.substr(key.size() - behind - count, count);
}

}  // namespace

std::string EncodeUint32(uint32_t value) { return BigEndian(value); }
std::string EncodeUint64(uint64_t value) { return BigEndian(value); }
std::optional<uint32_t> DecodeUint32(absl::string_view bytes) {
  return FromBigEndian<uint32_t>(bytes);
}
std::optional<uint64_t> DecodeUint64(absl::string_view bytes) {
  return FromBigEndian<uint64_t>(bytes);
}

Family FamilyOf(absl::string_view key) {
  switch (key.empty() ? char{kMeta} : key[0]) {
    case kLog:
      return Family::kLog;
    case kEventId:
      return Family::kIds;
    case kByService:
    case kByTime:
      return Family::kIndex;
    default:
      return Family::kTables;
  }
}

namespace keys {

std::string Format() { return std::string(1, kMeta) + "format"; }

std::string Log(Position position) { return Key(kLog).U64(position); }

std::string EventId(absl::string_view event_id) {
  return Key(kEventId).Id(event_id);
}

void AppendEventId(absl::string_view event_id, std::string* keys) {
  keys->push_back(kEventId);
  keys->append(event_id.data(), event_id.size());
}

std::string EventIdsThrough() { return std::string(1, kEventId); }

std::string Cursor(absl::string_view source, uint32_t shard) {
  return Key(kCursor).Str(source).U32(shard);
}

std::string ByService(absl::string_view service, uint32_t minute,
                      Position position) {
  return Key(kByService).Str(service).U32(minute).U64(position);
}

std::string ByTime(uint32_t minute, Position position) {
  return Key(kByTime).U32(minute).U64(position);
}

std::string Candidate(absl::string_view id) { return Key(kCandidate).Id(id); }

std::string CandidateRevision(absl::string_view id, uint64_t revision) {
  return Key(kCandidateRevision).Id(id).U64(revision);
}

std::string CandidateByOnset(int64_t onset_micros, absl::string_view id) {
  return Key(kCandidateByOnset).NewestFirst(onset_micros).Id(id);
}

std::string Incident(absl::string_view id) { return Key(kIncident).Id(id); }

std::string IncidentByStart(int64_t start_micros, absl::string_view id) {
  return Key(kIncidentByStart).NewestFirst(start_micros).Id(id);
}

std::string TimelineEntry(absl::string_view incident, int64_t event_micros,
                          absl::string_view entry) {
  return Key(kTimelineEntry).Id(incident).Micros(event_micros).Id(entry);
}

std::string TimelineEntryId(absl::string_view incident,
                            absl::string_view entry) {
  return Key(kTimelineEntryId).Id(incident).Id(entry);
}

std::string IncidentHistory(absl::string_view incident, Position position) {
  return Key(kIncidentHistory).Id(incident).U64(position);
}

std::string Account(absl::string_view incident, absl::string_view account) {
  return Key(kAccount).Id(incident).Id(account);
}

std::string Action(absl::string_view incident, absl::string_view action) {
  return Key(kAction).Id(incident).Id(action);
}

std::string ActionByDue(std::optional<int64_t> due_micros,
                        absl::string_view incident, absl::string_view action) {
  Key key(kActionByDue);
  due_micros.has_value() ? key.Micros(*due_micros) : key.U64(~uint64_t{0});
  return key.Id(incident).Id(action);
}

std::string GapAnswer(absl::string_view incident, absl::string_view gap) {
  return Key(kGapAnswer).Id(incident).Id(gap);
}

std::string Told(Position position) { return Key(kTold).U64(position); }

KeyRange AllLog() { return LogAfter(0); }

KeyRange AllEventIds() {
  return {EventId(std::string(kIdBytes, '\0')), std::string(1, kEventId + 1)};
}

KeyRange LogAfter(Position position) {
  return {Log(position + 1), std::string(1, kLog + 1)};
}

KeyRange ServiceMinutes(absl::string_view service, uint32_t first,
                        uint32_t last) {
  return {Key(kByService).Str(service).U32(first),
          After(Key(kByService).Str(service).U32(last))};
}

KeyRange Minutes(uint32_t first, uint32_t last) {
  return {Key(kByTime).U32(first), After(Key(kByTime).U32(last))};
}

KeyRange CandidatesByOnset(int64_t first_micros, int64_t end_micros) {
  return {After(Key(kCandidateByOnset).NewestFirst(end_micros)),
          After(Key(kCandidateByOnset).NewestFirst(first_micros))};
}

KeyRange IncidentsByStart(int64_t first_micros, int64_t end_micros) {
  return {After(Key(kIncidentByStart).NewestFirst(end_micros)),
          After(Key(kIncidentByStart).NewestFirst(first_micros))};
}

KeyRange TimelineEntries(absl::string_view incident) {
  return {Key(kTimelineEntry).Id(incident),
          After(Key(kTimelineEntry).Id(incident))};
}

KeyRange IncidentHistoryAfter(absl::string_view incident, Position position) {
  return {IncidentHistory(incident, position + 1),
          After(Key(kIncidentHistory).Id(incident))};
}

KeyRange Accounts(absl::string_view incident) {
  return {Key(kAccount).Id(incident), After(Key(kAccount).Id(incident))};
}

KeyRange Actions(absl::string_view incident) {
  return {Key(kAction).Id(incident), After(Key(kAction).Id(incident))};
}

KeyRange AllActions() { return {Key(kAction), After(Key(kAction))}; }

KeyRange AllActionsByDue() {
  return {Key(kActionByDue), After(Key(kActionByDue))};
}

KeyRange ActionsByDue(int64_t end_micros) {
  return {Key(kActionByDue), Key(kActionByDue).Micros(end_micros)};
}

KeyRange GapAnswers(absl::string_view incident) {
  return {Key(kGapAnswer).Id(incident), After(Key(kGapAnswer).Id(incident))};
}

KeyRange ToldAfter(Position position) {
  return {Told(position + 1), After(Key(kTold))};
}

Position LogPosition(absl::string_view key) {
  return *DecodeUint64(LastBytes(key, 8));
}

uint32_t MinuteOf(absl::string_view key) {
  return *DecodeUint32(LastBytes(key, 4, 8));
}

Position ListPosition(absl::string_view key) {
  return *DecodeUint64(LastBytes(key, 8));
}

Position ToldPosition(absl::string_view key) {
  return *DecodeUint64(LastBytes(key, 8));
}

int64_t OnsetMicrosOf(absl::string_view key) {
  return static_cast<int64_t>(~*DecodeUint64(LastBytes(key, 8, kIdBytes)));
}

std::string IdOf(absl::string_view key) {
  return std::string(LastBytes(key, kIdBytes));
}

std::string OuterIdOf(absl::string_view key) {
  return std::string(LastBytes(key, kIdBytes, kIdBytes));
}

}  // namespace keys
}  // namespace secondstory::storage
