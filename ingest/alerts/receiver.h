// The webhook door of alertd:
//
//   POST /v1/alertmanager/NAME   Alertmanager's webhook, version 4
//   POST /v1/grafana/NAME        Grafana's webhook
//
// Events get the source "alertmanager/NAME" or "grafana/NAME".
//
//   200  every alert that could be taken is on the disk; `refused` tells the
//        others
//   400  the body is no webhook, or none of its alerts could be taken
//   404, 405  no such door, or not a POST
//   503  the spool cannot take more now; with Retry-After. Nothing is promised,
//        send it again.
#ifndef SECONDSTORY_INGEST_ALERTS_RECEIVER_H_
#define SECONDSTORY_INGEST_ALERTS_RECEIVER_H_

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/metrics.h"
#include "ingest/alerts/normalize.h"
#include "ingest/alerts/refusals.h"
#include "ingest/delivery/delivery.h"

namespace secondstory::ingest {

struct ReceiverOptions {
  std::vector<std::string> service_labels;
  std::vector<std::string> environment_labels;
};

// Whether `name` may stand in a path and in a source: 1 to 200 letters, digits,
// ".", "_" or "-".
bool IsSourceName(absl::string_view name);

// Threads: all methods may be called from any thread.
class Receiver {
 public:
  // Polls the Alertmanager of that source now; false when there is none.
  using PollNow = std::function<bool(const std::string& source)>;

  // All pointers must outlive it.
  Receiver(const ReceiverOptions& options, Delivery* delivery,
           Refusals* refusals, const Clock* clock, Metrics* metrics,
           PollNow poll_now);

  // Blocks until the events are on the disk.
  HttpResponse Answer(const HttpRequest& request);

 private:
  HttpResponse Take(const std::string& source, const HttpRequest& request);
  HttpResponse AcceptAlerts(const std::string& source,
                            const NormalizedAlerts& normalized);
  void NoteTruncated(const std::string& source, uint64_t count);

  const ReceiverOptions options_;
  Delivery* const delivery_;
  Refusals* const refusals_;
  const Clock* const clock_;
  const PollNow poll_now_;
  Counter* const alerts_;
  Counter* const truncated_;
  Counter* const answers_ok_;
  Counter* const answers_bad_;
  Counter* const answers_unavailable_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_RECEIVER_H_
