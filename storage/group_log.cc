#include "storage/group_log.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "base/batch_thread.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/proto_time.h"
#include "base/status_macros.h"

namespace secondstory::storage {
namespace {

// A group beyond this is cut, so that one sync does not delay its first
// caller by the writing of everybody's bytes.
constexpr size_t kGroupBytesMax = 8 << 20;

// A write and its sync cost as much as taking in some ten single appends. So a
// group waits for this many, and no longer than that, as long as there are
// twice as many callers about: half of them can be served while the other half
// waits for the disk.
constexpr size_t kGatherCount = 32;
constexpr absl::Duration kGatherTime = absl::Milliseconds(1);

size_t BytesOf(const EventAppend& append) {
  size_t bytes = 64;
  for (const NewEvent& event : append.events) bytes += event.bytes.size() + 64;
  return bytes;
}

std::vector<Id> IdsOf(const EventAppend& append) {
  std::vector<Id> ids;
  ids.reserve(append.events.size());
  for (const NewEvent& event : append.events) ids.push_back(event.facts.id);
  return ids;
}

std::string CursorObject(const v1::Cursor& cursor) {
  return absl::StrCat("cursor/", cursor.shard(), "/", cursor.source());
}

}  // namespace

// What was decided on one caller's request, and is told once it is durable.
struct GroupLog::Decision {
  absl::Status status;
  AppendedEvents outcomes;  // of an append
};

// What one write will hold.
struct GroupLog::Group {
  Position next = 0;
  int64_t append_micros = 0;
  EventIds::Positions known;
  std::vector<std::pair<Id, Position>> new_ids;
  std::vector<NewRecord> records;
};

absl::StatusOr<std::unique_ptr<GroupLog>> GroupLog::Open(Tables* tables,
                                                         const Clock& clock) {
  const Store store(tables);
  SS_ASSIGN_OR_RETURN(const Position head, store.LastPosition());
  int64_t last_append_micros = 0;
  if (head > 0) {
    SS_ASSIGN_OR_RETURN(const LogPage page, store.ReadLog(head - 1, 1, 1));
    last_append_micros = page.records.at(0).second.append_micros();
  }
  SS_ASSIGN_OR_RETURN(std::unique_ptr<EventIds> ids,
                      EventIds::Open(tables, head));
  return std::unique_ptr<GroupLog>(
      new GroupLog(tables, std::move(ids), clock, head, last_append_micros));
}

GroupLog::GroupLog(Tables* tables, std::unique_ptr<EventIds> ids,
                   const Clock& clock, Position head,
                   int64_t last_append_micros)
    : tables_(tables),
      store_(tables),
      ids_(std::move(ids)),
      clock_(clock),
      head_(head),
      last_append_micros_(last_append_micros),
      thread_([this] { Run(); }) {}

GroupLog::~GroupLog() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void GroupLog::LookUp(EventAppend* append) const {
  auto& [known, mark] = append->looked_up;
  // An error is met again on the log's thread.
  if (!ids_->FindAll(IdsOf(*append), &known, &mark).ok()) mark = 0;
}

void GroupLog::AppendEvents(EventAppend append, AppendDone done) {
  const size_t bytes = BytesOf(append);
  {
    absl::MutexLock lock(&mutex_);
    if (failure_.ok() &&
        queue_bytes_ + bytes <= limits::kPendingAppendBytesMax) {
      queue_bytes_ += bytes;
      queue_.push_back(
          PendingAppend{std::move(append), std::move(done), bytes});
      return;
    }
  }
  const absl::Status failure = health();
  done(!failure.ok() ? failure
                     : absl::ResourceExhaustedError(absl::StrCat(
                           "more than ", limits::kPendingAppendBytesMax >> 20,
                           " MiB of appends wait for the disk; retry with "
                           "back-off")));
}

void GroupLog::Transact(std::vector<std::string> objects, Decide decide,
                        TransactDone done) {
  {
    absl::MutexLock lock(&mutex_);
    if (failure_.ok()) {
      queue_.push_back(PendingTransaction{std::move(objects), std::move(decide),
                                          std::move(done)});
      return;
    }
  }
  done(health());
}

absl::Status GroupLog::health() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

void GroupLog::OnCommit(std::function<void(Position)> listener) {
  absl::MutexLock lock(&mutex_);
  listeners_.push_back(std::move(listener));
}

uint64_t GroupLog::ChangeCount(absl::string_view object) const {
  return change_counts_[absl::HashOf(object) % change_counts_.size()].load();
}

void GroupLog::Run() {
  pthread_setname_np(pthread_self(), "log");
  // Taking the processor from a thread that takes calls in makes groups smaller
  // and delays who reads.
  BecomeBatchThread(Share::kFull);
  while (true) {
    std::vector<Pending> pending = TakeGroup();
    if (pending.empty()) return;
    Commit(std::move(pending));
  }
}

// Blocks until there is one; empty when the log stops and nothing is left. A
// group ends before an object that is in it already, because decisions look at
// what is stored.
std::vector<GroupLog::Pending> GroupLog::TakeGroup() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queue_.empty();
  };
  absl::MutexLock lock(&mutex_);
  // Callers that come back as soon as they are answered, and those who wait.
  const size_t expected = last_group_count_ + queue_.size();
  const size_t group_count = std::min(kGatherCount, (expected + 1) / 2);
  const auto gathered = [this, group_count]()
                            ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
                              return stopping_ || queue_.size() >= group_count;
                            };
  // Woken up once for all of them, not for the first as well.
  if (group_count > 1) {
    mutex_.AwaitWithTimeout(absl::Condition(&gathered), kGatherTime);
  }
  mutex_.Await(absl::Condition(&ready));
  std::vector<Pending> group;
  absl::flat_hash_set<std::string> objects;
  const auto claim = [&objects](const Pending& pending) {
    std::vector<std::string> wanted;
    if (const auto* append = std::get_if<PendingAppend>(&pending)) {
      if (!append->append.cursor.has_value()) return true;
      wanted.push_back(CursorObject(append->append.cursor->cursor()));
    } else {
      wanted = std::get<PendingTransaction>(pending).objects;
    }
    for (const std::string& object : wanted) {
      if (objects.contains(object)) return false;
    }
    objects.insert(wanted.begin(), wanted.end());
    return true;
  };
  size_t bytes = 0;
  while (!queue_.empty() && bytes < kGroupBytesMax && claim(queue_.front())) {
    if (auto* append = std::get_if<PendingAppend>(&queue_.front())) {
      bytes += append->bytes;
      queue_bytes_ -= append->bytes;
    }
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  last_group_count_ = group.size();
  return group;
}

int64_t GroupLog::NextAppendMicros() {
  // Positions and append times rise together even when the clock is set back.
  return std::max(absl::ToUnixMicros(clock_.Now()), last_append_micros_);
}

// The positions of those ids of `pending` that are stored.
absl::Status GroupLog::FindKnown(const std::vector<Pending>& pending,
                                 EventIds::Positions* known) {
  std::vector<Id> not_looked_up;
  for (const Pending& one : pending) {
    const auto* append = std::get_if<PendingAppend>(&one);
    if (append == nullptr) continue;
    const auto& looked_up = append->append.looked_up;
    if (looked_up.mark != 0 &&
        ids_->FindSince(looked_up.mark, IdsOf(append->append), known)) {
      known->insert(looked_up.known.begin(), looked_up.known.end());
      continue;
    }
    for (const NewEvent& event : append->append.events) {
      not_looked_up.push_back(event.facts.id);
    }
  }
  return ids_->FindAll(not_looked_up, known);
}

absl::Status GroupLog::CheckCursor(const v1::CursorUpdate& update,
                                   Group* group) {
  SS_ASSIGN_OR_RETURN(
      v1::Cursor stored,
      store_.GetCursor(update.cursor().source(), update.cursor().shard()));
  if (stored.value() == update.cursor().value()) return absl::OkStatus();
  if (stored.value() != update.previous_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "cursor.previous_value is \"", update.previous_value(),
        "\", but the stored cursor of source \"", update.cursor().source(),
        "\" shard ", update.cursor().shard(), " is \"", stored.value(),
        "\": another worker moved it. Read the cursor again"));
  }
  stored.set_value(update.cursor().value());
  *stored.mutable_update_time() = FromMicros(group->append_micros);
  stored::v1::Record record;
  *record.mutable_cursor() = std::move(stored);
  group->records.push_back(
      EncodeRecord(std::move(record), group->append_micros));
  ++group->next;
  return absl::OkStatus();
}

GroupLog::Decision GroupLog::DecideOn(const PendingAppend& pending,
                                      Group* group) {
  Decision decision;
  if (pending.append.cursor.has_value()) {
    decision.status = CheckCursor(*pending.append.cursor, group);
    if (!decision.status.ok()) return decision;
  }
  decision.outcomes.reserve(pending.append.events.size());
  for (const NewEvent& event : pending.append.events) {
    const auto [it, is_new] =
        group->known.try_emplace(event.facts.id, group->next);
    decision.outcomes.push_back({it->second, !is_new});
    if (!is_new) continue;
    group->new_ids.emplace_back(event.facts.id, group->next);
    group->records.push_back({group->append_micros, &event, ""});
    ++group->next;
  }
  return decision;
}

GroupLog::Decision GroupLog::DecideOn(const PendingTransaction& pending,
                                      Group* group) {
  absl::StatusOr<std::vector<stored::v1::Record>> records =
      pending.decide(store_, group->append_micros);
  if (!records.ok()) return {records.status(), {}};
  for (stored::v1::Record& record : *records) {
    group->records.push_back(
        EncodeRecord(std::move(record), group->append_micros));
    ++group->next;
  }
  return {};
}

void GroupLog::Tell(PendingAppend* pending, Decision decision) {
  if (decision.status.ok()) {
    pending->done(std::move(decision.outcomes));
  } else {
    pending->done(std::move(decision.status));
  }
}

void GroupLog::Tell(PendingTransaction* pending, Decision decision) {
  pending->done(std::move(decision.status));
}

void GroupLog::Commit(std::vector<Pending> pending) {
  Group group;
  group.next = head_.load() + 1;
  group.append_micros = NextAppendMicros();
  absl::Status status = health();
  if (status.ok()) status = FindKnown(pending, &group.known);
  std::vector<Decision> decisions(pending.size());
  // Nothing is decided on tables that cannot be read.
  for (size_t i = 0; status.ok() && i < pending.size(); ++i) {
    decisions[i] = std::visit(
        [&](const auto& one) { return DecideOn(one, &group); }, pending[i]);
  }
  if (status.ok() && !group.records.empty()) {
    status = tables_->Write(Apply(head_.load() + 1, group.records));
  }
  if (status.ok() && !group.records.empty()) {
    last_append_micros_ = group.append_micros;
    head_.store(group.next - 1);
    ids_->Add(group.new_ids, head_.load());
  }
  // Also after an error, which may have left something behind.
  for (const Pending& one : pending) {
    const auto* transaction = std::get_if<PendingTransaction>(&one);
    if (transaction == nullptr) continue;
    for (const std::string& object : transaction->objects) {
      ++change_counts_[absl::HashOf(absl::string_view(object)) %
                       change_counts_.size()];
    }
  }
  std::vector<std::function<void(Position)>> listeners;
  {
    absl::MutexLock lock(&mutex_);
    // A full disk heals by itself; anything else needs a new process.
    if (!status.ok() && !absl::IsResourceExhausted(status) && failure_.ok()) {
      failure_ = status;
      log::Error("the log takes no more appends", {{"status", status}});
    }
    if (status.ok()) listeners = listeners_;
  }
  for (size_t i = 0; i < pending.size(); ++i) {
    if (!status.ok() && decisions[i].status.ok()) decisions[i].status = status;
    std::visit([&](auto& one) { Tell(&one, std::move(decisions[i])); },
               pending[i]);
  }
  for (const auto& listener : listeners) listener(head_.load());
}

}  // namespace secondstory::storage
