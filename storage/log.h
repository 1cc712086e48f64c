// The event log: an ordered, durable sequence of records. It is the only truth;
// every table in Store can be thrown away and rebuilt from it.
//
// Promised:     what `done` reported as OK was durable before `done` was
//               called; two readers see the same records in the same order;
//               an event is stored once, however often it is appended.
// Not promised: gap-free positions; that an append that failed left nothing
//               behind. Callers give events stable ids and append again.
// Threads:      all methods may be called from any thread. Callbacks run on
//               the log's own thread and must not block.
//
// Implementations must pass //tests/conformance:log_contract.
#ifndef SECONDSTORY_STORAGE_LOG_H_
#define SECONDSTORY_STORAGE_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/stable_id.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/event_service.pb.h"
#include "storage/apply.h"
#include "storage/keyspace.h"
#include "storage/store.h"

namespace secondstory::storage {

// What became of one event.
struct Appended {
  Position position = 0;
  bool known = false;  // stored before, or earlier in the same append
};

// Most appends have one event or a hundred, so one is held in place.
using AppendedEvents = absl::InlinedVector<Appended, 1>;

// Events of one caller, and where it goes on.
struct EventAppend {
  absl::InlinedVector<NewEvent, 1> events;
  std::optional<v1::CursorUpdate> cursor;
  // Keeps what `events` point into.
  std::shared_ptr<const void> bytes;
  // What Log::LookUp found, which alone writes it.
  struct {
    absl::flat_hash_map<Id, Position> known;
    uint64_t mark = 0;
  } looked_up;
};

class Log {
 public:
  using AppendDone = std::function<void(absl::StatusOr<AppendedEvents>)>;

  // Looks at what is stored and says what to append; runs on the log's thread,
  // where nothing changes meanwhile. `now_micros` becomes the append time of
  // the records, whose own append_micros is ignored. No record: nothing to do.
  using Decide = std::function<absl::StatusOr<std::vector<stored::v1::Record>>(
      const Store& store, int64_t now_micros)>;
  using TransactDone = std::function<void(absl::Status)>;

  virtual ~Log() = default;

  // Looks `append`'s events up beforehand, so that AppendEvents need only look
  // at what came since: a third of the log's own work on a batch is done on the
  // caller's thread, which may wait for the disk. Nobody has to call it.
  virtual void LookUp(EventAppend* append) const = 0;

  // Appends the events that are not known yet and moves the cursor with them.
  //   FAILED_PRECONDITION  cursor.previous_value is not the stored one
  //   RESOURCE_EXHAUSTED   too much waits (limits::kPendingAppendBytesMax), or
  //                        the disk is nearly full; nothing was written
  //   UNAVAILABLE          a write failed, now or earlier; fate unknown, retry
  virtual void AppendEvents(EventAppend append, AppendDone done) = 0;

  // Appends what `decide` returns, as one unit. `objects` names everything
  // that `decide` reads and may change ("candidate/" + id): two transactions
  // that share an object never see each other half done.
  //   any error that `decide` returned; else as AppendEvents
  virtual void Transact(std::vector<std::string> objects, Decide decide,
                        TransactDone done) = 0;

  // Where the event of this id is; nothing when there is none.
  // DATA_LOSS: bytes on disk are wrong.
  virtual absl::StatusOr<std::optional<Position>> FindEvent(
      const Id& id) const = 0;

  // How often what transactions claim as `object` was changed: rises before
  // `done` of each of them is called, and may rise for other objects too. Who
  // reads this first and then the store may keep what was read for as long as
  // this stays the same.
  virtual uint64_t ChangeCount(absl::string_view object) const = 0;

  // The position of the last durable record.
  virtual Position head() const = 0;

  // OK, or why the log takes no appends until the process starts again.
  virtual absl::Status health() const = 0;

  // Calls `listener` with the new head after every commit, for as long as the
  // log lives.
  virtual void OnCommit(std::function<void(Position)> listener) = 0;
};

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_LOG_H_
