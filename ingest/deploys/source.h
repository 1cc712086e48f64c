// What deployd reads: one deploy log, or one Git repository.
#ifndef SECONDSTORY_INGEST_DEPLOYS_SOURCE_H_
#define SECONDSTORY_INGEST_DEPLOYS_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/metrics.h"

namespace secondstory::ingest {

// Asks a thread to stop, also while it waits in poll().
//
// Threads: all methods may be called from any thread.
class StopEvent {
 public:
  StopEvent();
  ~StopEvent();
  StopEvent(const StopEvent&) = delete;
  StopEvent& operator=(const StopEvent&) = delete;

  // For ever.
  void Set();
  bool IsSet() const;

  // Returns after `timeout`, or as soon as it is set.
  void WaitFor(absl::Duration timeout) const;

  // Readable once it is set.
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Threads: one at a time.
class Source {
 public:
  virtual ~Source() = default;

  // As in Event.source.
  virtual const std::string& name() const = 0;

  // Reads what is next, at most a batch of it, and hands it over. True: there
  // may be more; false: nothing new.
  //   CANCELLED           a stop was asked for
  //   RESOURCE_EXHAUSTED  the spool is full: wait, and call again
  //   other errors        the source or the disk does not answer as it should;
  //                       wait, and call again. Nothing was skipped.
  virtual absl::StatusOr<bool> Step() = 0;

  // Returns when there may be something new, at the latest after `timeout` or
  // when `stop` is set.
  virtual void Wait(const StopEvent& stop, absl::Duration timeout) {
    stop.WaitFor(timeout);
  }
};

// What is counted for each source.
struct SourceMetrics {
  SourceMetrics(const std::string& source, Metrics* metrics);

  Counter* events;
  Counter* dead_letters;
  Counter* failures;
  Gauge* unread_bytes;
  Gauge* last_step_time;
};

// Steps `source` until `stop` is set, and waits after failures, longer after
// each.
void FollowSource(absl::Duration poll_interval, const StopEvent& stop,
                  const SourceMetrics& metrics, Source* source);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_SOURCE_H_
