#include "services/incidentd/watch.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/batch_thread.h"
#include "base/limits.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {

using storage::LogBytes;
using storage::Position;

// While `busy`, one thread at a time owns everything but `busy` itself: the
// step that reads, or the write whose end starts the next step.
struct WatchHub::Watcher {
  std::shared_ptr<RpcStream> stream;
  WatchOptions options;
  Position position = 0;
  std::deque<grpc::ByteBuffer> waiting;
  absl::Time last_sent = absl::InfinitePast();
  bool busy = false;   // guarded by WatchHub::mutex_
  bool ended = false;  // guarded by WatchHub::mutex_
};

namespace {

// Ten followers on two threads would take two cores from what they follow.
constexpr int kThreadCount = 1;

}  // namespace

WatchHub::WatchHub(const storage::Store* store, storage::Log* log)
    : store_(store),
      log_(log),
      // A follower waits in it once at most.
      steps_(std::make_unique<WorkQueue>(
          "followers", kThreadCount, std::numeric_limits<size_t>::max(),
          [] { BecomeBatchThread(Share::kThird); })) {
  log_->OnCommit([this](Position) { WakeIdle(); });
  ticker_ =
      std::make_unique<Ticker>(absl::Milliseconds(100), [this] { Tick(); });
}

WatchHub::~WatchHub() { Stop(); }

void WatchHub::Follow(std::shared_ptr<RpcStream> stream, WatchOptions options) {
  if (const Position head = log_->head(); options.after > head) {
    return stream->Finish(BadRequest(
        "after_position",
        absl::StrCat("is ", options.after, ", and the log ends at ", head,
                     "; it is of another database, begin from 0")));
  }
  if (options.heartbeat_interval == absl::ZeroDuration()) {
    options.heartbeat_interval = limits::kHeartbeatDefault;
  }
  if (options.heartbeat_interval < limits::kHeartbeatMin ||
      options.heartbeat_interval > limits::kHeartbeatMax) {
    return stream->Finish(BadRequest(
        "heartbeat_interval",
        absl::StrCat("is ", absl::FormatDuration(options.heartbeat_interval),
                     "; ", absl::FormatDuration(limits::kHeartbeatMin), " to ",
                     absl::FormatDuration(limits::kHeartbeatMax),
                     " is allowed")));
  }
  auto watcher = std::make_shared<Watcher>();
  watcher->stream = std::move(stream);
  watcher->position = options.after;
  watcher->options = std::move(options);
  {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) watchers_.insert(watcher);
  }
  watcher->stream->OnEnd([this, watcher] { Remove(watcher); });
  absl::MutexLock lock(&mutex_);
  if (stopped_) {
    watcher->stream->Finish(absl::UnavailableError("the server stops"));
  } else {
    Schedule(watcher);
  }
}

void WatchHub::Stop() {
  ticker_.reset();
  std::set<WatcherPointer> watchers;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    watchers.swap(watchers_);
  }
  for (const WatcherPointer& watcher : watchers) {
    watcher->stream->Finish(
        absl::UnavailableError("the server stops; resume when it is back"));
  }
  // Nothing is added any more.
  steps_.reset();
}

void WatchHub::Remove(const WatcherPointer& watcher) {
  absl::MutexLock lock(&mutex_);
  watcher->ended = true;
  watchers_.erase(watcher);
}

void WatchHub::WakeIdle() {
  absl::MutexLock lock(&mutex_);
  for (const WatcherPointer& watcher : watchers_) {
    if (!watcher->busy) Schedule(watcher);
  }
}

// Heartbeats.
void WatchHub::Tick() {
  const absl::Time now = absl::Now();
  absl::MutexLock lock(&mutex_);
  for (const WatcherPointer& watcher : watchers_) {
    if (watcher->busy) continue;
    if (now >= watcher->last_sent + watcher->options.heartbeat_interval) {
      Schedule(watcher);
    }
  }
}

void WatchHub::Schedule(const WatcherPointer& watcher) {
  if (stopped_) return;
  watcher->busy = true;
  steps_->Add([this, watcher] { Step(watcher); });
}

// Sends what is next, or goes idle at the end of the log.
void WatchHub::Step(const WatcherPointer& watcher) {
  const auto is_over = [&]() {
    absl::MutexLock lock(&mutex_);
    return stopped_ || watcher->ended;
  };
  while (watcher->waiting.empty()) {
    if (is_over()) return;
    const absl::StatusOr<LogBytes> page = store_->ReadLogBytes(
        watcher->position, limits::kWatchEventCountMax, limits::kWatchBytesMax);
    if (!page.ok()) return watcher->stream->Finish(page.status());
    const bool moved = page->last > watcher->position;
    watcher->position = page->last;
    const bool caught_up = watcher->position >= log_->head();
    if (moved) {
      absl::StatusOr<std::deque<grpc::ByteBuffer>> responses =
          watcher->options.encode(*page, caught_up);
      if (!responses.ok()) return watcher->stream->Finish(responses.status());
      watcher->waiting = *std::move(responses);
      if (!watcher->waiting.empty()) break;
    }
    if (!caught_up) continue;
    if (absl::Now() >=
        watcher->last_sent + watcher->options.heartbeat_interval) {
      watcher->waiting.push_back(
          watcher->options.heartbeat(watcher->position, true));
      break;
    }
    absl::MutexLock lock(&mutex_);
    // A commit since then found us busy and did not wake us.
    if (watcher->position < log_->head()) continue;
    watcher->busy = false;
    return;
  }
  grpc::ByteBuffer response = std::move(watcher->waiting.front());
  watcher->waiting.pop_front();
  Send(watcher, std::move(response));
}

void WatchHub::Send(const WatcherPointer& watcher, grpc::ByteBuffer response) {
  watcher->last_sent = absl::Now();
  watcher->stream->Write(std::move(response),
                         [this, watcher](bool ok) { Sent(watcher, ok); });
}

void WatchHub::Sent(const WatcherPointer& watcher, bool ok) {
  if (!ok) {
    watcher->stream->Finish(absl::CancelledError("the client is gone"));
    return;
  }
  absl::MutexLock lock(&mutex_);
  Schedule(watcher);
}

}  // namespace secondstory::incidentd
