#include "ingest/delivery/delivery.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/logging.h"
#include "base/status_macros.h"
#include "google/protobuf/util/json_util.h"
#include "ingest/delivery/refused_file.h"
#include "ingest/delivery/spool.h"

namespace secondstory::ingest {
namespace {

// What a message needs beside its events: a cursor and the lengths of fields.
constexpr size_t kRequestBytesMax = limits::kMessageBytesMax - (64 << 10);

struct DeliveryMetrics {
  explicit DeliveryMetrics(Metrics* metrics)
      : pending_events(metrics->AddGauge(
            "secondstory_ingest_pending_events",
            "Events accepted and not yet acknowledged by incidentd.")),
        pending_bytes(metrics->AddGauge(
            "secondstory_ingest_pending_bytes",
            "Bytes of the events accepted and not yet acknowledged.")),
        accept_seconds(metrics->AddHistogram(
            "secondstory_ingest_accept_duration_seconds",
            "Time from taking events to having them on the disk.")),
        append_seconds(metrics->AddHistogram(
            "secondstory_ingest_append_duration_seconds",
            "Time from sending events to incidentd to its answer.")),
        retries(metrics->AddCounter(
            "secondstory_ingest_append_retries_total",
            "Appends that failed and were, or will be, tried again.")),
        conflicts(metrics->AddCounter(
            "secondstory_ingest_cursor_conflicts_total",
            "Cursors dropped because another worker had moved them.")),
        stored(AddOutcome(metrics, "stored")),
        known(AddOutcome(metrics, "known")),
        refused(AddOutcome(metrics, "refused")) {}

  static Counter* AddOutcome(Metrics* metrics, const std::string& outcome) {
    return metrics->AddCounter(
        "secondstory_ingest_events_total",
        "Events that left the spool, by what incidentd made of them.",
        {{"outcome", outcome}});
  }

  Gauge* const pending_events;
  Gauge* const pending_bytes;
  Histogram* const accept_seconds;
  Histogram* const append_seconds;
  Counter* const retries;
  Counter* const conflicts;
  Counter* const stored;
  Counter* const known;
  Counter* const refused;
};

// The first entries of the spool as one request.
struct Batch {
  v1::AppendEventsRequest request;
  std::vector<size_t> event_bytes;  // as spooled, in the order of the request
  // Entries that are no event: bytes of a program that wrote something else.
  std::vector<std::string> unreadable;
  std::optional<WorkerCursor> cursor;
  int64_t last_sequence = 0;
  int entry_count = 0;
  SpoolSize size;
};

bool SameShard(const WorkerCursor& a, const WorkerCursor& b) {
  return a.source == b.source && a.shard == b.shard;
}

// A request carries one cursor, so a batch ends before the cursor of another
// shard. Of several of one shard the last counts: the ones before it were only
// steps on the way.
Batch MakeBatch(const std::vector<SpoolEntry>& entries) {
  Batch batch;
  for (const SpoolEntry& entry : entries) {
    if (entry.cursor) {
      if (batch.cursor && !SameShard(*batch.cursor, *entry.cursor)) break;
      batch.cursor = entry.cursor;
    } else {
      v1::Event event;
      if (event.ParseFromString(entry.event)) {
        *batch.request.add_events() = std::move(event);
        batch.event_bytes.push_back(entry.event.size());
      } else {
        batch.unreadable.push_back(entry.event);
      }
      ++batch.size.event_count;
      batch.size.event_bytes += static_cast<int64_t>(entry.event.size());
    }
    ++batch.size.entry_count;
    batch.last_sequence = entry.sequence;
    ++batch.entry_count;
  }
  return batch;
}

std::string RefusedLine(absl::string_view field, absl::string_view reason,
                        const std::string& event_json) {
  return JsonObject({{"time", JsonQuote(absl::FormatTime(absl::RFC3339_full,
                                                         SystemClock().Now(),
                                                         absl::UTCTimeZone()))},
                     {"field", JsonQuote(field)},
                     {"reason", JsonQuote(reason)},
                     {"event", event_json}});
}

std::string EventJson(const v1::Event& event) {
  std::string json;
  return google::protobuf::util::MessageToJsonString(event, &json).ok()
             ? json
             : "null";
}

class SpoolDelivery final : public Delivery {
 public:
  SpoolDelivery(const DeliveryOptions& options, Incidentd* incidentd,
                Metrics* metrics, std::unique_ptr<Spool> spool, SpoolSize size)
      : options_(options),
        incidentd_(incidentd),
        metrics_(metrics),
        refused_file_(options.spool_dir + "/refused.jsonl"),
        spool_(std::move(spool)),
        size_(size),
        entry_count_max_(options.append_event_count_max),
        backoff_(options.backoff_initial, options.backoff_max,
                 std::random_device{}()) {
    {
      absl::MutexLock lock(&mutex_);
      SetGauges();
    }
    thread_ = std::thread([this] { DeliverUntilStopped(); });
  }

  ~SpoolDelivery() override {
    Stop();
    thread_.join();
  }

  void Stop() override {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }

  absl::Status Accept(absl::Span<const v1::Event> events,
                      const std::optional<WorkerCursor>& cursor) override;
  absl::StatusOr<std::string> ReadCursor(const std::string& source,
                                         uint32_t shard) override;

  int64_t pending_event_count() const override {
    absl::MutexLock lock(&mutex_);
    return size_.event_count;
  }

  bool WaitUntilDelivered(absl::Time deadline) override {
    absl::MutexLock lock(&mutex_);
    auto delivered = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return size_.entry_count == 0;
    };
    return mutex_.AwaitWithDeadline(absl::Condition(&delivered), deadline);
  }

 private:
  // One call of Accept.
  struct Accepting {
    SpoolBatch batch;
    SpoolSize size;
    bool done = false;
    absl::Status status;
  };

  absl::Status Reserve(const SpoolSize& size)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CommitQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Add(const SpoolSize& size, int sign)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetGauges() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void DeliverUntilStopped();
  bool WaitForWork();
  // False when a stop was asked for.
  bool Sleep(absl::Duration duration);
  absl::Status DeliverOneBatch();
  absl::Status Send(Batch* batch);
  absl::Status FindPreviousCursor(const WorkerCursor& cursor,
                                  std::string* previous);
  absl::Status Settle(const Batch& batch,
                      const v1::AppendEventsResponse& response);
  absl::Status HandleInvalid(const Batch& batch, const absl::Status& error);
  absl::Status HandleConflict(const Batch& batch, const absl::Status& error);
  absl::Status DropCursor(const Batch& batch);
  void NoteFailure(const absl::Status& status);
  void NoteSuccess();

  const DeliveryOptions options_;
  Incidentd* const incidentd_;
  DeliveryMetrics metrics_;
  RefusedFile refused_file_;

  // Never taken while mutex_ is held: it is held over a sync of the disk.
  absl::Mutex spool_mutex_;
  std::unique_ptr<Spool> spool_ ABSL_PT_GUARDED_BY(spool_mutex_);

  mutable absl::Mutex mutex_ ABSL_ACQUIRED_AFTER(spool_mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool committing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Accepting*> queue_ ABSL_GUARDED_BY(mutex_);
  SpoolSize size_ ABSL_GUARDED_BY(mutex_);      // on disk
  SpoolSize reserved_ ABSL_GUARDED_BY(mutex_);  // in Accept

  // Of the delivering thread alone.
  int entry_count_max_;
  Backoff backoff_;
  int64_t failure_count_ = 0;
  std::thread thread_;
};

// The first caller that finds nobody committing commits for everybody who
// waits; whoever comes meanwhile waits for the next commit. So one sync serves
// all, and no thread is needed for it.
absl::Status SpoolDelivery::Accept(absl::Span<const v1::Event> events,
                                   const std::optional<WorkerCursor>& cursor) {
  const absl::Time start = absl::Now();
  Accepting accepting;
  for (const v1::Event& event : events) {
    accepting.batch.events.push_back(event.SerializeAsString());
    accepting.size.event_bytes +=
        static_cast<int64_t>(accepting.batch.events.back().size());
  }
  accepting.batch.cursor = cursor;
  accepting.size.event_count = static_cast<int64_t>(events.size());
  accepting.size.entry_count = accepting.size.event_count + (cursor ? 1 : 0);
  if (accepting.size.entry_count == 0) return absl::OkStatus();

  absl::MutexLock lock(&mutex_);
  SS_RETURN_IF_ERROR(Reserve(accepting.size));
  queue_.push_back(&accepting);
  auto my_turn_or_done = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return accepting.done || !committing_;
  };
  mutex_.Await(absl::Condition(&my_turn_or_done));
  if (!accepting.done) CommitQueue();
  metrics_.accept_seconds->Observe(absl::ToDoubleSeconds(absl::Now() - start));
  return accepting.status;
}

absl::Status SpoolDelivery::Reserve(const SpoolSize& size) {
  const int64_t taken = size_.event_bytes + reserved_.event_bytes;
  if (size.event_bytes > 0 &&
      taken + size.event_bytes > options_.spool_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the spool is full: ", taken, " of ", options_.spool_bytes_max,
        " bytes wait for incidentd; try again later"));
  }
  reserved_.event_bytes += size.event_bytes;
  return absl::OkStatus();
}

void SpoolDelivery::CommitQueue() {
  std::vector<Accepting*> group;
  group.swap(queue_);
  committing_ = true;
  mutex_.Unlock();
  std::vector<const SpoolBatch*> batches;
  for (const Accepting* accepting : group) batches.push_back(&accepting->batch);
  absl::Status status;
  {
    absl::MutexLock spool_lock(&spool_mutex_);
    status = spool_->Append(batches);
    // While the spool is held, so that nobody removes what is not counted yet.
    mutex_.Lock();
  }
  committing_ = false;
  for (Accepting* accepting : group) {
    accepting->status = status;
    accepting->done = true;
    reserved_.event_bytes -= accepting->size.event_bytes;
    if (status.ok()) Add(accepting->size, 1);
  }
}

void SpoolDelivery::Add(const SpoolSize& size, int sign) {
  size_.entry_count += sign * size.entry_count;
  size_.event_count += sign * size.event_count;
  size_.event_bytes += sign * size.event_bytes;
  SetGauges();
}

void SpoolDelivery::SetGauges() {
  metrics_.pending_events->Set(static_cast<double>(size_.event_count));
  metrics_.pending_bytes->Set(static_cast<double>(size_.event_bytes));
}

absl::StatusOr<std::string> SpoolDelivery::ReadCursor(const std::string& source,
                                                      uint32_t shard) {
  Backoff backoff(options_.backoff_initial, options_.backoff_max,
                  std::random_device{}());
  do {
    {
      absl::MutexLock lock(&spool_mutex_);
      SS_ASSIGN_OR_RETURN(std::optional<std::string> accepted,
                          spool_->AcceptedCursor(source, shard));
      if (accepted) return *std::move(accepted);
    }
    absl::StatusOr<std::string> stored =
        incidentd_->GetCursor(source, shard, options_.append_timeout);
    if (stored.ok()) {
      absl::MutexLock lock(&spool_mutex_);
      SS_RETURN_IF_ERROR(spool_->SetStoredCursor({source, shard, *stored}));
      return stored;
    }
    if (absl::IsInvalidArgument(stored.status())) return stored.status();
    log::Warning("cursor cannot be read yet",
                 {{"source", source}, {"error", stored.status()}});
  } while (Sleep(backoff.Next()));
  return absl::CancelledError("asked to stop while waiting for incidentd");
}

bool SpoolDelivery::Sleep(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  return !mutex_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
}

bool SpoolDelivery::WaitForWork() {
  absl::MutexLock lock(&mutex_);
  auto work_or_stop = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || size_.entry_count > 0;
  };
  mutex_.Await(absl::Condition(&work_or_stop));
  return !stopping_;
}

void SpoolDelivery::DeliverUntilStopped() {
  while (WaitForWork()) {
    const absl::Status status = DeliverOneBatch();
    if (status.ok()) {
      NoteSuccess();
      continue;
    }
    NoteFailure(status);
    if (!Sleep(backoff_.Next())) return;
  }
}

// One line when it begins to fail and one when it works again, whatever the
// number of tries between.
void SpoolDelivery::NoteFailure(const absl::Status& status) {
  metrics_.retries->Increment();
  if (failure_count_++ == 0) {
    log::Warning("delivery fails and is tried again",
                 {{"error", status}, {"pending", pending_event_count()}});
  }
}

void SpoolDelivery::NoteSuccess() {
  backoff_.Reset();
  if (failure_count_ == 0) return;
  log::Info("delivery works again",
            {{"failures", failure_count_}, {"pending", pending_event_count()}});
  failure_count_ = 0;
}

// OK: some entries left the spool, or the next try is a different one.
absl::Status SpoolDelivery::DeliverOneBatch() {
  std::vector<SpoolEntry> entries;
  {
    absl::MutexLock lock(&spool_mutex_);
    SS_ASSIGN_OR_RETURN(entries,
                        spool_->ReadFirst(entry_count_max_, kRequestBytesMax));
  }
  Batch batch = MakeBatch(entries);
  if (batch.entry_count == 0) return absl::OkStatus();
  const absl::Status status = Send(&batch);
  if (status.ok()) {
    // Slowly back to full batches, so that a run of bad events is not sent
    // again and again with the good ones behind it.
    entry_count_max_ =
        std::min(options_.append_event_count_max, 2 * entry_count_max_);
    return status;
  }
  if (absl::IsInvalidArgument(status)) return HandleInvalid(batch, status);
  if (absl::IsFailedPrecondition(status) && batch.cursor) {
    return HandleConflict(batch, status);
  }
  if (absl::IsResourceExhausted(status)) {
    entry_count_max_ = std::max(1, batch.entry_count / 2);
  }
  return status;
}

absl::Status SpoolDelivery::Send(Batch* batch) {
  v1::AppendEventsRequest& request = batch->request;
  if (batch->cursor) {
    v1::CursorUpdate* update = request.mutable_cursor();
    SS_RETURN_IF_ERROR(
        FindPreviousCursor(*batch->cursor, update->mutable_previous_value()));
    update->mutable_cursor()->set_source(batch->cursor->source);
    update->mutable_cursor()->set_shard(batch->cursor->shard);
    update->mutable_cursor()->set_value(batch->cursor->value);
  }
  if (request.events().empty() && !batch->cursor) return Settle(*batch, {});
  if (request.ByteSizeLong() > limits::kMessageBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the request has ", request.ByteSizeLong(),
                     " bytes; at most ", limits::kMessageBytesMax));
  }
  const absl::Time start = absl::Now();
  SS_ASSIGN_OR_RETURN(const v1::AppendEventsResponse response,
                      incidentd_->Append(request, options_.append_timeout));
  metrics_.append_seconds->Observe(absl::ToDoubleSeconds(absl::Now() - start));
  if (response.outcomes_size() != request.events_size()) {
    return absl::InternalError(
        absl::StrCat("incidentd answered ", response.outcomes_size(),
                     " outcomes for ", request.events_size(), " events"));
  }
  return Settle(*batch, response);
}

absl::Status SpoolDelivery::FindPreviousCursor(const WorkerCursor& cursor,
                                               std::string* previous) {
  {
    absl::MutexLock lock(&spool_mutex_);
    SS_ASSIGN_OR_RETURN(std::optional<std::string> stored,
                        spool_->StoredCursor(cursor.source, cursor.shard));
    if (stored) {
      *previous = *std::move(stored);
      return absl::OkStatus();
    }
  }
  SS_ASSIGN_OR_RETURN(*previous,
                      incidentd_->GetCursor(cursor.source, cursor.shard,
                                            options_.append_timeout));
  absl::MutexLock lock(&spool_mutex_);
  return spool_->SetStoredCursor({cursor.source, cursor.shard, *previous});
}

// Refused events reach their file before they leave the spool: a crash between
// writes a line twice, and never none.
absl::Status SpoolDelivery::Settle(const Batch& batch,
                                   const v1::AppendEventsResponse& response) {
  int64_t stored = 0;
  std::vector<std::string> lines;
  for (const std::string& bytes : batch.unreadable) {
    lines.push_back(
        RefusedLine("", "the spooled bytes are no Event", JsonQuote(bytes)));
  }
  for (int i = 0; i < response.outcomes_size(); ++i) {
    const v1::EventOutcome& outcome = response.outcomes(i);
    if (outcome.outcome() == v1::APPEND_OUTCOME_STORED) ++stored;
    if (outcome.outcome() != v1::APPEND_OUTCOME_REFUSED) continue;
    lines.push_back(RefusedLine(outcome.field(), outcome.reason(),
                                EventJson(batch.request.events(i))));
    log::Warning("incidentd refused an event",
                 {{"source", batch.request.events(i).source()},
                  {"field", outcome.field()},
                  {"reason", outcome.reason()}});
  }
  SS_RETURN_IF_ERROR(refused_file_.Append(lines));
  const auto refused = static_cast<int64_t>(lines.size());
  absl::MutexLock spool_lock(&spool_mutex_);
  SS_RETURN_IF_ERROR(spool_->RemoveThrough(batch.last_sequence, batch.cursor));
  metrics_.stored->Increment(static_cast<double>(stored));
  metrics_.refused->Increment(static_cast<double>(refused));
  metrics_.known->Increment(
      static_cast<double>(batch.size.event_count - stored - refused));
  absl::MutexLock lock(&mutex_);
  Add(batch.size, -1);
  return absl::OkStatus();
}

// incidentd will never take this batch as it is. Halving finds what it does not
// like in as many tries as the batch's size has bits; the rest is delivered.
absl::Status SpoolDelivery::HandleInvalid(const Batch& batch,
                                          const absl::Status& error) {
  if (batch.entry_count > 1) {
    entry_count_max_ = batch.entry_count / 2;
    return absl::OkStatus();
  }
  if (batch.cursor) {
    log::Error("incidentd refused a cursor; it is dropped",
               {{"source", batch.cursor->source}, {"error", error}});
    return DropCursor(batch);
  }
  v1::AppendEventsResponse response;
  response.add_outcomes()->set_outcome(v1::APPEND_OUTCOME_REFUSED);
  response.mutable_outcomes(0)->set_reason(std::string(error.message()));
  return Settle(batch, response);
}

// The stored cursor may be our own: of an append whose answer was lost, or that
// a crash kept us from noting. It still waits in the spool then.
absl::Status SpoolDelivery::HandleConflict(const Batch& batch,
                                           const absl::Status& error) {
  WorkerCursor cursor = *batch.cursor;
  SS_ASSIGN_OR_RETURN(cursor.value,
                      incidentd_->GetCursor(cursor.source, cursor.shard,
                                            options_.append_timeout));
  {
    absl::MutexLock lock(&spool_mutex_);
    SS_ASSIGN_OR_RETURN(const bool ours, spool_->HasCursor(cursor));
    if (ours) return spool_->SetStoredCursor(cursor);
  }
  log::Warning(
      "cursor was moved by another worker; ours is dropped",
      {{"source", cursor.source}, {"shard", cursor.shard}, {"error", error}});
  metrics_.conflicts->Increment();
  return DropCursor(batch);
}

absl::Status SpoolDelivery::DropCursor(const Batch& batch) {
  absl::MutexLock spool_lock(&spool_mutex_);
  SS_RETURN_IF_ERROR(spool_->DropCursors(
      batch.last_sequence, batch.cursor->source, batch.cursor->shard));
  absl::MutexLock lock(&mutex_);
  SpoolSize cursors;
  cursors.entry_count = batch.entry_count - batch.size.event_count;
  Add(cursors, -1);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Delivery>> Delivery::Open(
    const DeliveryOptions& options, Incidentd* incidentd, Metrics* metrics) {
  SS_ASSIGN_OR_RETURN(std::unique_ptr<Spool> spool,
                      Spool::Open(options.spool_dir));
  SS_ASSIGN_OR_RETURN(const SpoolSize size, spool->Measure());
  if (size.entry_count > 0) {
    log::Info("spool has events from before", {{"pending", size.event_count}});
  }
  return std::make_unique<SpoolDelivery>(options, incidentd, metrics,
                                         std::move(spool), size);
}

}  // namespace secondstory::ingest
