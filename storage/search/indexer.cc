#include "storage/search/indexer.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/backoff.h"
#include "base/logging.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "storage/apply.h"
#include "storage/search/documents.h"
#include "storage/search/incident_reader.h"

namespace secondstory::storage {
namespace {

// Below everybody who answers a caller, above nobody.
constexpr int kNiceness = 10;

// One transaction of the index.
constexpr size_t kBatchRecords = 1000;
constexpr size_t kBatchBytes = 4 << 20;
constexpr size_t kRebuildIncidents = 50;

constexpr absl::Duration kRetryInitial = absl::Seconds(1);
constexpr absl::Duration kRetryMax = absl::Minutes(1);

// The file, not what it is made from.
absl::Status OfIndex(const absl::Status& status) {
  if (!absl::IsDataLoss(status) && !absl::IsFailedPrecondition(status)) {
    return status;
  }
  return absl::AbortedError(status.message());
}

bool IsOfIndex(const absl::Status& status) { return absl::IsAborted(status); }

}  // namespace

Indexer::Indexer(IndexerOptions options, const Store* store, const Log* log,
                 const Clock& clock)
    : options_(std::move(options)),
      path_(options_.dir + "/search.db"),
      store_(store),
      log_(log),
      clock_(clock),
      last_even_(clock.Now()),
      thread_([this] { Run(); }) {}

Indexer::~Indexer() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

bool Indexer::WaitForStop(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopping_), timeout);
}

void Indexer::Run() {
  pthread_setname_np(pthread_self(), "search index");
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
  Backoff backoff(kRetryInitial, kRetryMax, 0);
  absl::Duration wait = absl::ZeroDuration();
  while (!WaitForStop(wait)) {
    const absl::Status status = Step();
    if (status.ok()) {
      backoff.Reset();
      wait = options_.interval;
    } else if (IsOfIndex(status)) {
      Forget(status);
      wait = backoff.Next();
    } else {
      wait = backoff.Next();
      log::Warning("the search index cannot be brought up to date",
                   {{"status", status}, {"retry_seconds", wait}});
    }
  }
}

absl::Status Indexer::Step() {
  {
    absl::MutexLock lock(&mutex_);
    if (damaged_ != nullptr && damaged_ == index_) {
      return absl::AbortedError("a search found it damaged");
    }
  }
  if (index_ == nullptr) SS_RETURN_IF_ERROR(Open());
  if (!complete_) SS_RETURN_IF_ERROR(Rebuild());
  // Cut off by a stop: it begins again at the next start.
  if (!complete_) return absl::OkStatus();
  return Follow();
}

absl::Status Indexer::Open() {
  absl::StatusOr<std::unique_ptr<SearchIndex>> opened =
      SearchIndex::Open(path_);
  SS_RETURN_IF_ERROR(OfIndex(opened.status()));
  const auto through = (*opened)->Through();
  SS_RETURN_IF_ERROR(OfIndex(through.status()));
  const auto count = (*opened)->DocumentCount();
  SS_RETURN_IF_ERROR(OfIndex(count.status()));
  if (through->first > log_->head()) {
    return absl::AbortedError("it is ahead of the log");
  }
  index_ = *std::move(opened);
  told_ = through->first;
  complete_ = through->second;
  absl::MutexLock lock(&mutex_);
  stats_.document_count = *count;
  if (complete_) readable_ = index_;
  return absl::OkStatus();
}

void Indexer::Forget(const absl::Status& why) {
  log::Warning("the search index is thrown away, and made again",
               {{"path", path_}, {"why", std::string(why.message())}});
  index_.reset();
  complete_ = false;
  told_ = 0;
  {
    absl::MutexLock lock(&mutex_);
    readable_.reset();
    damaged_.reset();
    stats_.through = 0;
    stats_.document_count = 0;
    why_not_ = "the search index was damaged, and is made again";
  }
  // Readers that are under way keep the old file until they are done.
  SearchIndex::Remove(path_);
}

// Every incident once, as it stands. What changes meanwhile is followed
// afterwards.
absl::Status Indexer::Rebuild() {
  const Position head = log_->head();
  IncidentQuery query;
  query.with_deleted = true;
  query.limit = kRebuildIncidents;
  int64_t done = 0;
  for (bool more = true; more;) {
    SS_ASSIGN_OR_RETURN(const Page<v1::Incident> page,
                        store_->ListIncidents(query));
    more = page.more;
    std::set<std::string> ids;
    for (const v1::Incident& incident : page.items) {
      ids.insert(incident.incident_id());
      query.after = {ToMicros(incident.start_time()),
                     IdFromHex(incident.incident_id())};
    }
    SS_RETURN_IF_ERROR(Write(ids, more ? 0 : head, !more));
    done += static_cast<int64_t>(ids.size());
    absl::MutexLock lock(&mutex_);
    why_not_ =
        absl::StrCat("the search index is made, ", done, " incidents so far");
    if (stopping_ && more) return absl::OkStatus();
  }
  told_ = head;
  complete_ = true;
  log::Info("the search index was made",
            {{"incidents", done}, {"position", head}});
  absl::MutexLock lock(&mutex_);
  readable_ = index_;
  ++stats_.rebuild_count;
  return absl::OkStatus();
}

absl::Status Indexer::Follow() {
  while (true) {
    // Before reading: what is committed meanwhile may be read, but need not.
    const Position head = log_->head();
    {
      absl::MutexLock lock(&mutex_);
      if (head == stats_.through) {
        last_even_ = clock_.Now();
        return absl::OkStatus();
      }
    }
    SS_ASSIGN_OR_RETURN(const LogPage page,
                        store_->ReadTold(told_, kBatchRecords, kBatchBytes));
    if (!page.records.empty()) {
      std::set<std::string> ids;
      for (const auto& [position, record] : page.records) {
        ids.insert(IncidentOf(record));
      }
      SS_RETURN_IF_ERROR(Write(ids, page.last, true));
      told_ = page.last;
    }
    absl::MutexLock lock(&mutex_);
    if (page.records.empty()) {
      stats_.through = head;
      last_even_ = clock_.Now();
      return absl::OkStatus();
    }
    stats_.through = std::max(stats_.through, told_);
    if (stopping_) return absl::OkStatus();
  }
}

absl::Status Indexer::Write(const std::set<std::string>& incident_ids,
                            Position through, bool complete) {
  // Those that were merged have nothing to be found, and are found with the one
  // that shows them.
  std::set<std::string> all = incident_ids;
  for (const std::string& id : incident_ids) {
    absl::StatusOr<v1::Incident> shown = ShownBy(*store_, id);
    if (absl::IsNotFound(shown.status())) continue;
    SS_RETURN_IF_ERROR(shown.status());
    all.insert(shown->incident_id());
  }
  std::vector<IncidentDocuments> changed;
  for (const std::string& id : all) {
    absl::StatusOr<v1::Incident> incident = store_->GetIncident(IdFromHex(id));
    if (absl::IsNotFound(incident.status())) continue;
    SS_RETURN_IF_ERROR(incident.status());
    SS_ASSIGN_OR_RETURN(const IncidentParts parts,
                        ReadParts(*store_, *log_, *std::move(incident)));
    changed.push_back({parts.incident, DocumentsOf(parts)});
  }
  SS_RETURN_IF_ERROR(OfIndex(index_->Write(changed, through, complete)));
  const absl::StatusOr<int64_t> count = index_->DocumentCount();
  SS_RETURN_IF_ERROR(OfIndex(count.status()));
  absl::MutexLock lock(&mutex_);
  stats_.document_count = *count;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<SearchIndex>> Indexer::Current() const {
  absl::MutexLock lock(&mutex_);
  if (readable_ != nullptr) return readable_;
  return absl::UnavailableError(absl::StrCat(why_not_, "; retry in a moment"));
}

absl::Status Indexer::Failed(const std::shared_ptr<SearchIndex>& index,
                             const absl::Status& status) {
  if (absl::IsFailedPrecondition(status)) {
    return absl::UnavailableError(status.message());
  }
  if (!absl::IsDataLoss(status)) return status;
  absl::MutexLock lock(&mutex_);
  damaged_ = index;
  return absl::UnavailableError(
      "the search index is damaged, and will be made again; retry in a moment");
}

absl::StatusOr<Indexer::Found> Indexer::Search(const SearchQuery& query) {
  SS_ASSIGN_OR_RETURN(const std::shared_ptr<SearchIndex> index, Current());
  Found found;
  found.through = stats().through;
  absl::StatusOr<Page<SearchHit>> page = index->Search(query);
  if (!page.ok()) return Failed(index, page.status());
  found.page = *std::move(page);
  return found;
}

absl::StatusOr<std::vector<std::string>> Indexer::Likely(
    absl::Span<const std::string> words, absl::Span<const std::string> services,
    size_t limit) {
  SS_ASSIGN_OR_RETURN(const std::shared_ptr<SearchIndex> index, Current());
  absl::StatusOr<std::vector<std::string>> ids =
      index->Likely(words, services, limit);
  if (!ids.ok()) return Failed(index, ids.status());
  return ids;
}

Indexer::Stats Indexer::stats() const {
  const Position head = log_->head();
  absl::MutexLock lock(&mutex_);
  Stats stats = stats_;
  if (head > stats.through) stats.lag = clock_.Now() - last_even_;
  return stats;
}

}  // namespace secondstory::storage
