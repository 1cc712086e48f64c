// Which alerts of one Alertmanager fire, as its polls tell.
//
// An alert that resolved is missing from the next answer, and so is one whose
// Alertmanager restarted empty; the latter comes back. An alert therefore only
// counts as resolved once every replica answered without it for a while and the
// end that it was last given has passed; or at once, when it fires anew.
#ifndef SECONDSTORY_INGEST_ALERTS_OPEN_ALERTS_H_
#define SECONDSTORY_INGEST_ALERTS_OPEN_ALERTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "ingest/alerts/normalize.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// An occurrence that fires, as far as we know.
struct OpenAlert {
  v1::Event fired;
  // The end that it was last given.
  absl::Time end_time = absl::InfinitePast();
  // When all replicas first answered without it.
  absl::Time missing_since = absl::InfiniteFuture();
  // Whether all of this is durable.
  bool stored = false;
  // Whether the event that it fired was delivered since we started.
  bool delivered = false;
};

// One look at all replicas.
struct PollRound {
  absl::Time time;
  // What the replicas that answered told, one after the other.
  std::vector<Alert> alerts;
  // Whether all of them answered.
  bool complete = false;
  // How long an alert has to be missing: an Alertmanager that was away comes
  // back empty, and is told again within a minute or so of what fires.
  absl::Duration missing_min = absl::ZeroDuration();
};

// What follows from a round. To lose nothing in a crash: make `changed`
// durable, deliver `events`, then Commit(), then remove `closed`.
struct PollOutcome {
  std::vector<v1::Event> events;
  std::vector<OpenAlert> changed;
  std::vector<std::string> closed;  // source_event_id of `fired`
  std::vector<std::string> delivered;
};

// Pure: no I/O, no clock. Threads: one at a time.
class OpenAlerts {
 public:
  // Begins with what was open when we stopped.
  explicit OpenAlerts(std::vector<OpenAlert> open = {});

  // Looks at one round. What it returns is returned again by the next call
  // unless it was committed.
  PollOutcome Look(const PollRound& round);

  void Commit(const PollOutcome& outcome);

  size_t size() const { return open_.size(); }

 private:
  using Open = std::map<std::string, OpenAlert>;
  void See(const Alert& alert, PollOutcome* outcome);
  static void Extend(const Alert& alert, OpenAlert* open, PollOutcome* outcome);
  void Miss(const PollRound& round, OpenAlert* open, PollOutcome* outcome);

  Open open_;  // by source_event_id of `fired`
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_OPEN_ALERTS_H_
