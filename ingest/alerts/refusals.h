// Where alerts go that cannot be taken: a line of DIR/refused_alerts.jsonl, a
// counter and a log line each.
#ifndef SECONDSTORY_INGEST_ALERTS_REFUSALS_H_
#define SECONDSTORY_INGEST_ALERTS_REFUSALS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "ingest/alerts/normalize.h"
#include "ingest/delivery/refused_file.h"

namespace secondstory::ingest {

// Threads: all methods may be called from any thread.
class Refusals {
 public:
  // `metrics` must outlive it.
  Refusals(const std::string& dir, Metrics* metrics);

  void Add(const std::string& source, absl::Time time,
           const std::vector<RefusedAlert>& alerts);
  // A body that could not be read at all; its beginning is kept.
  void AddBody(const std::string& source, absl::Time time,
               const absl::Status& error, const std::string& body);

 private:
  void Append(const std::vector<std::string>& lines);

  RefusedFile file_;
  Counter* const alerts_;
  Counter* const bodies_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_REFUSALS_H_
