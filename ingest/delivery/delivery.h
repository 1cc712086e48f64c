// The one loop that all workers share: what Accept() took is on this machine's
// disk, and goes to incidentd in order, in batches, retried until it is there.
//
// The spool is a SQLite database (WAL, synchronous=FULL) in the worker's own
// folder. An accepted batch leaves it only after incidentd acknowledged it, so
// a crash anywhere costs a second delivery, which incidentd drops, and never a
// loss. incidentd may be away for as long as the disk has room.
#ifndef SECONDSTORY_INGEST_DELIVERY_DELIVERY_H_
#define SECONDSTORY_INGEST_DELIVERY_DELIVERY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/metrics.h"
#include "ingest/delivery/worker_cursor.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/event_service.pb.h"

namespace secondstory::ingest {

// incidentd, as far as a worker needs it. The real one is GrpcIncidentd.
//
// Threads: all methods may be called from any thread.
class Incidentd {
 public:
  virtual ~Incidentd() = default;

  // EventService.AppendEvents, and its errors. Gives up after `timeout` with
  // DEADLINE_EXCEEDED.
  virtual absl::StatusOr<v1::AppendEventsResponse> Append(
      const v1::AppendEventsRequest& request, absl::Duration timeout) = 0;

  // EventService.GetCursor's value; empty when none is stored.
  virtual absl::StatusOr<std::string> GetCursor(const std::string& source,
                                                uint32_t shard,
                                                absl::Duration timeout) = 0;
};

struct DeliveryOptions {
  // The worker's own folder; made when it does not exist. Holds spool.db and
  // refused.jsonl: the events that incidentd refused, one JSON object a line,
  // {"time","field","reason","event"}. A crash may write a line twice; at
  // 64 MiB the file is renamed to refused.jsonl.1.
  std::string spool_dir;
  // Accept() refuses beyond, so that a disk is never filled by us.
  int64_t spool_bytes_max = int64_t{1} << 30;
  // Limits of one append, beside the size of one message.
  int append_event_count_max = 500;
  absl::Duration append_timeout = absl::Seconds(10);
  absl::Duration backoff_initial = absl::Milliseconds(100);
  absl::Duration backoff_max = absl::Seconds(15);
};

// Threads: all methods may be called from any thread; one thread of its own
// delivers.
class Delivery {
 public:
  // `incidentd` and `metrics` must outlive the result.
  //   FAILED_PRECONDITION  the spool is another process's, or of a newer
  //                        version
  //   UNAVAILABLE, RESOURCE_EXHAUSTED, DATA_LOSS
  //                        the disk says no; the message says what
  static absl::StatusOr<std::unique_ptr<Delivery>> Open(
      const DeliveryOptions& options, Incidentd* incidentd, Metrics* metrics);

  // Stops, and waits for an append that is under way: up to append_timeout.
  // What was not acknowledged stays in the spool.
  virtual ~Delivery() = default;

  // Begins to stop: ends every ReadCursor() that blocks, so that whoever calls
  // it can be joined. Accept() goes on to take events until the destructor.
  virtual void Stop() = 0;

  // Takes `events`, and with them moves `cursor`, both or neither. OK means:
  // on disk and synced; whoever sent them may be told so. Cost: one sync,
  // shared with whoever calls at the same moment.
  // A cursor that another worker moved meanwhile is dropped, logged and
  // counted; its events are delivered all the same.
  //   RESOURCE_EXHAUSTED  the spool or the disk is full; stop reading, or
  //                       answer 503
  //   UNAVAILABLE         the disk failed; nothing is promised, call again
  virtual absl::Status Accept(absl::Span<const v1::Event> events,
                              const std::optional<WorkerCursor>& cursor) = 0;

  // The cursor last accepted, or, when this spool never saw one, the one that
  // incidentd stores; empty when there is none. Blocks until incidentd answers,
  // or until Stop() (CANCELLED).
  virtual absl::StatusOr<std::string> ReadCursor(const std::string& source,
                                                 uint32_t shard) = 0;

  // Events accepted and not yet acknowledged.
  virtual int64_t pending_event_count() const = 0;

  // Waits until that is zero and cursors are stored too; false when it is not
  // so by `deadline`.
  virtual bool WaitUntilDelivered(absl::Time deadline) = 0;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_DELIVERY_H_
