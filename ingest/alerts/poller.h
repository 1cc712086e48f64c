// Asks every Alertmanager what fires, so that what a webhook missed is found.
#ifndef SECONDSTORY_INGEST_ALERTS_POLLER_H_
#define SECONDSTORY_INGEST_ALERTS_POLLER_H_

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ingest/alerts/open_alert_store.h"
#include "ingest/alerts/open_alerts.h"
#include "ingest/alerts/refusals.h"
#include "ingest/delivery/delivery.h"

namespace secondstory::ingest {

// One Alertmanager, or the replicas of a highly available one.
struct PolledAlertmanager {
  std::string source;             // "alertmanager/prod"
  std::vector<std::string> urls;  // base URLs of the replicas
};

struct PollerOptions {
  std::vector<PolledAlertmanager> alertmanagers;
  absl::Duration interval = absl::Seconds(30);
  std::vector<std::string> service_labels;
  std::vector<std::string> environment_labels;
};

// Threads: all methods may be called from any thread.
class Poller {
 public:
  // The body of the answer to GET `url`, or why there is none.
  using Fetch =
      std::function<absl::StatusOr<std::string>(const std::string& url)>;

  // Reads what was open when the last one stopped. All pointers must outlive
  // the result. Errors: those of OpenAlertStore.
  static absl::StatusOr<std::unique_ptr<Poller>> Create(
      const PollerOptions& options, Fetch fetch, OpenAlertStore* store,
      Delivery* delivery, Refusals* refusals, const Clock* clock,
      Metrics* metrics);

  // Stops, and waits for a poll that is under way.
  ~Poller();

  // Polls from now on, every interval, on a thread of its own.
  void Start();

  // Makes that thread poll at once; false when no such source is polled.
  bool PollNow(const std::string& source);

  // One round over everything. Must not be called after Start().
  void PollOnce();

 private:
  struct Replica {
    std::string url;
    bool reachable = true;
  };
  struct Polled {
    std::string source;
    std::vector<Replica> replicas;
    OpenAlerts open;
    // Alerts of the last round that cannot be taken, so that each is reported
    // once and not every interval.
    std::set<std::string> refused;
    Counter* ok = nullptr;
    Counter* failed = nullptr;
    Gauge* open_count = nullptr;
    Gauge* unreachable_count = nullptr;
  };

  Poller(const PollerOptions& options, Fetch fetch, OpenAlertStore* store,
         Delivery* delivery, Refusals* refusals, const Clock* clock)
      : options_(options),
        fetch_(std::move(fetch)),
        store_(store),
        delivery_(delivery),
        refusals_(refusals),
        clock_(clock) {}

  using Answer = std::future<absl::StatusOr<std::string>>;

  void PollUntilStopped();
  std::vector<Answer> Ask(const Polled& polled) const;
  absl::Status Take(absl::Time time, std::vector<Answer> answers,
                    Polled* polled);
  PollRound Read(absl::Time time, std::vector<Answer> answers, Polled* polled);
  void NoteReachable(Replica* replica, const absl::Status& status);
  void NoteRefused(Polled* polled, absl::Time time,
                   const std::vector<RefusedAlert>& refused);

  const PollerOptions options_;
  const Fetch fetch_;
  OpenAlertStore* const store_;
  Delivery* const delivery_;
  Refusals* const refusals_;
  const Clock* const clock_;
  std::vector<Polled> polled_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool wanted_now_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_POLLER_H_
