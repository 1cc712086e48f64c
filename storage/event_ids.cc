#include "storage/event_ids.h"

#include <pthread.h>

#include <algorithm>
#include <string>

#include "absl/time/time.h"
#include "base/logging.h"
#include "base/status_macros.h"
#include "storage/record_view.h"

namespace secondstory::storage {
namespace {

// A run of fewer ids is not worth the search for it.
constexpr size_t kRunCountMin = 16;

constexpr absl::Duration kRetryInterval = absl::Seconds(1);

// The id of the event that a record holds, if it holds one.
absl::StatusOr<std::optional<Id>> IdOfRecord(absl::string_view record) {
  SS_ASSIGN_OR_RETURN(const RecordView view, ViewRecord(record));
  if (!view.event.has_value()) return std::optional<Id>();
  SS_ASSIGN_OR_RETURN(const Id id, IdOfEvent(*view.event));
  return std::optional<Id>(id);
}

// A file's content: ids in their order, and through where they go.
absl::Status WriteIds(const EventIds::Positions& ids, Position through,
                      Tables* tables) {
  std::vector<std::pair<Id, Position>> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  Mutations mutations;
  mutations.Reserve(sorted.size() + 1, sorted.size() * 25 + 16);
  mutations.Put(keys::EventIdsThrough(), EncodeUint64(through));
  std::string key;
  for (const auto& [id, position] : sorted) {
    key.clear();
    keys::AppendEventId(id, &key);
    mutations.Put(key, EncodeUint64(position));
  }
  return tables->Import(mutations);
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventIds>> EventIds::Open(
    Tables* tables, Position head, size_t gathered_count) {
  SS_ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                      tables->Get(keys::EventIdsThrough()));
  const Position through =
      stored.has_value() ? DecodeUint64(*stored).value_or(0) : 0;
  std::unique_ptr<EventIds> ids(new EventIds(tables, gathered_count, head));
  if (through > head) {
    SS_RETURN_IF_ERROR(ids->ForgetAfter(head));
  } else {
    SS_RETURN_IF_ERROR(ids->ReadLog(through));
  }
  ids->thread_ = std::thread([self = ids.get()] { self->Run(); });
  return ids;
}

EventIds::EventIds(Tables* tables, size_t gathered_count, Position head)
    : tables_(tables),
      gathered_count_(gathered_count),
      gathered_through_(head) {}

EventIds::~EventIds() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status EventIds::ForgetAfter(Position head) {
  Mutations gone;
  gone.Put(keys::EventIdsThrough(), EncodeUint64(head));
  const auto it = tables_->NewIterator(keys::AllEventIds());
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (DecodeUint64(it->value()).value_or(0) > head) gone.Delete(it->key());
  }
  SS_RETURN_IF_ERROR(it->status());
  return tables_->Import(gone);
}

absl::Status EventIds::ReadLog(Position after) {
  absl::MutexLock lock(&mutex_);
  const auto it = tables_->NewIterator(keys::LogAfter(after));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    const Position position = keys::LogPosition(it->key());
    SS_ASSIGN_OR_RETURN(const std::optional<Id> id, IdOfRecord(it->value()));
    if (id.has_value()) gathered_.try_emplace(*id, position);
    // Only where ids were not kept this way before: all of the log is read.
    if (gathered_.size() >= 2 * gathered_count_) {
      SS_RETURN_IF_ERROR(WriteIds(gathered_, position, tables_));
      gathered_.clear();
    }
  }
  return it->status();
}

absl::StatusOr<std::optional<Position>> EventIds::Find(const Id& id) const {
  Positions found;
  SS_RETURN_IF_ERROR(FindAll({id}, &found));
  const auto it = found.find(id);
  return it == found.end() ? std::optional<Position>() : it->second;
}

const Position* EventIds::FindInMemory(const Id& id) const {
  for (const Positions* ids : {&gathered_, &written_}) {
    const auto it = ids->find(id);
    if (it != ids->end()) return &it->second;
  }
  return nullptr;
}

void EventIds::FindRun(std::vector<Id>* ids, Positions* found) const {
  const absl::StatusOr<std::optional<std::string>> first =
      tables_->Get(keys::EventId(ids->front()));
  if (!first.ok() || !first->has_value()) return;
  const Position position = DecodeUint64(**first).value_or(0);
  if (position == 0) return;
  size_t count = 0;
  const auto it = tables_->NewIterator(keys::LogAfter(position - 1));
  for (it->SeekToFirst(); it->Valid() && count < ids->size(); it->Next()) {
    const absl::StatusOr<std::optional<Id>> id = IdOfRecord(it->value());
    if (!id.ok() || *id != (*ids)[count]) break;
    found->emplace(**id, keys::LogPosition(it->key()));
    ++count;
  }
  ids->erase(ids->begin(), ids->begin() + static_cast<std::ptrdiff_t>(count));
}

absl::Status EventIds::FindAll(absl::Span<const Id> ids, Positions* found,
                               uint64_t* mark) const {
  std::vector<Id> elsewhere;
  {
    absl::MutexLock lock(&mutex_);
    if (mark != nullptr) *mark = mark_;
    for (const Id& id : ids) {
      if (const Position* position = FindInMemory(id)) {
        found->emplace(id, *position);
      } else {
        elsewhere.push_back(id);
      }
    }
  }
  if (elsewhere.size() >= kRunCountMin) FindRun(&elsewhere, found);
  std::sort(elsewhere.begin(), elsewhere.end());
  elsewhere.erase(std::unique(elsewhere.begin(), elsewhere.end()),
                  elsewhere.end());
  std::string key_bytes;
  key_bytes.reserve(elsewhere.size() * keys::kEventIdKeyBytes);
  for (const Id& id : elsewhere) keys::AppendEventId(id, &key_bytes);
  std::vector<absl::string_view> id_keys;
  id_keys.reserve(elsewhere.size());
  for (size_t i = 0; i < elsewhere.size(); ++i) {
    id_keys.push_back(absl::string_view(key_bytes).substr(
        i * keys::kEventIdKeyBytes, keys::kEventIdKeyBytes));
  }
  SS_ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> positions,
                      tables_->MultiGet(id_keys));
  for (size_t i = 0; i < elsewhere.size(); ++i) {
    if (!positions[i].has_value()) continue;
    found->emplace(elsewhere[i], DecodeUint64(*positions[i]).value_or(0));
  }
  return absl::OkStatus();
}

bool EventIds::FindSince(uint64_t mark, absl::Span<const Id> ids,
                         Positions* found) const {
  absl::MutexLock lock(&mutex_);
  if (mark != mark_) return false;
  for (const Id& id : ids) {
    if (const Position* position = FindInMemory(id)) {
      found->emplace(id, *position);
    }
  }
  return true;
}

void EventIds::Add(absl::Span<const std::pair<Id, Position>> ids,
                   Position head) {
  absl::MutexLock lock(&mutex_);
  gathered_.insert(ids.begin(), ids.end());
  gathered_through_ = head;
}

void EventIds::WaitUntilWritten() const {
  const auto written = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return gathered_.size() < gathered_count_ && written_.empty();
  };
  absl::MutexLock lock(&mutex_, absl::Condition(&written));
}

void EventIds::Run() {
  pthread_setname_np(pthread_self(), "event ids");
  const auto wanted = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || gathered_.size() >= gathered_count_;
  };
  while (true) {
    Position through = 0;
    const Positions* ids = nullptr;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&wanted));
      if (stopping_) return;
      written_.swap(gathered_);
      gathered_.reserve(gathered_count_);
      through = gathered_through_;
      // Nobody changes it until it is cleared below.
      ids = &written_;
    }
    while (true) {
      const absl::Status status = WriteIds(*ids, through, tables_);
      absl::MutexLock lock(&mutex_);
      if (status.ok()) {
        written_.clear();
        ++mark_;
        break;
      }
      // They stay in memory, and in the log.
      log::Warning("ids of events cannot be written; trying again",
                   {{"status", status}});
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_),
                                  kRetryInterval)) {
        return;
      }
    }
  }
}

}  // namespace secondstory::storage
