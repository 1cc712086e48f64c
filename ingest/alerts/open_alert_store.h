// The open alerts of all Alertmanagers, on disk: what the poller knows survives
// a restart, so that an alert that resolved meanwhile is noticed.
#ifndef SECONDSTORY_INGEST_ALERTS_OPEN_ALERT_STORE_H_
#define SECONDSTORY_INGEST_ALERTS_OPEN_ALERT_STORE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/sqlite.h"
#include "ingest/alerts/open_alerts.h"

namespace secondstory::ingest {

// Errors of all methods: those of SqliteDatabase. What returned OK is on the
// disk. Threads: one at a time.
class OpenAlertStore {
 public:
  // Opens or creates DIR/open_alerts.db.
  static absl::StatusOr<std::unique_ptr<OpenAlertStore>> Open(
      const std::string& dir);

  absl::StatusOr<std::vector<OpenAlert>> Read(const std::string& source);
  absl::Status Write(const std::vector<OpenAlert>& alerts);
  absl::Status Remove(const std::string& source,
                      const std::vector<std::string>& source_event_ids);

 private:
  explicit OpenAlertStore(std::unique_ptr<SqliteDatabase> database)
      : database_(std::move(database)) {}

  std::unique_ptr<SqliteDatabase> database_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_OPEN_ALERT_STORE_H_
