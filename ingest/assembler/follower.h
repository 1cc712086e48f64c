// Follows the log of events and keeps the stored candidates what the timeline
// makes of it; and learns from what people decide, which stands in the same
// log.
//
// Holds no state of its own on disk: after a restart it reads the log again
// from a safe position, comes to the same candidates, and submits them; the
// server drops those that say nothing new. What was learnt before that position
// is stored with it. A crash at any moment costs work, never a candidate.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_FOLLOWER_H_
#define SECONDSTORY_INGEST_ASSEMBLER_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ingest/assembler/incident_client.h"
#include "ingest/assembler/lessons.h"
#include "ingest/assembler/resume_point.h"
#include "timeline/assembler.h"
#include "timeline/topology.h"

namespace secondstory::ingest {

struct FollowerOptions {
  timeline::AssemblerOptions assembling;
  // While catching up, candidates are submitted after so many events, so that
  // a long history need not fit into memory.
  int64_t catch_up_event_count = 200000;
  // The cursor is stored again when the world is known so much further.
  absl::Duration cursor_interval = absl::Minutes(10);
  // A revision that says no more than that alerts repeated waits until there
  // are an eighth more of them, or so long for each event of the candidate.
  // Otherwise a storm would be stored anew with each of its alerts.
  absl::Duration wait_per_event = absl::Milliseconds(1);
  absl::Duration wait_max = absl::Seconds(10);
};

class Follower {
 public:
  // `client`, `clock` and `metrics` must outlive this. `clock` only measures.
  Follower(const FollowerOptions& options, timeline::Topology topology,
           IncidentClient* client, const Clock* clock, Metrics* metrics);

  // Follows until the connection breaks or something is wrong; call it again
  // to go on where it was. Never OK. INVALID_ARGUMENT: the log is not the one
  // that was followed; the next call begins anew.
  absl::Status Follow();

  // True once everything in the log is in the stored candidates. May be called
  // from any thread, as only this method.
  bool caught_up() const { return caught_up_; }

 private:
  // A revision that still has to be submitted, and since when there is one.
  struct Pending {
    timeline::Candidate candidate;
    absl::Time since;
  };

  absl::Status Load();
  absl::Status Take(const v1::WatchEventsResponse& response);
  void TakeEvent(const v1::Event& event);
  absl::Status Idle();
  bool MustRest() const;
  absl::Status Publish();
  absl::Status SubmitPending(bool all);
  absl::StatusOr<bool> MayWait(const Pending& pending);
  absl::Status Reconcile();
  absl::Status Submit(timeline::Candidate candidate);
  absl::StatusOr<const timeline::Candidate*> FindBefore(
      const timeline::Candidate& candidate);
  absl::Status Tidy();
  void Reset();
  double AgeOfLast(const v1::WatchEventsResponse& response) const;
  void UpdateGauges();

  const FollowerOptions options_;
  const timeline::Topology topology_;
  IncidentClient* const client_;
  const Clock* const clock_;

  Lessons lessons_;
  // Empty until Load().
  std::unique_ptr<timeline::Assembler> assembler_;
  ResumePoint resume_;
  std::string cursor_;              // as stored
  bool cursor_is_foreign_ = false;  // it points into another log
  uint64_t position_ = 0;
  int64_t unpublished_ = 0;  // events and decisions
  bool reconciled_ = false;
  bool is_following_ = false;  // it has caught up since Follow() was called
  std::atomic<bool> caught_up_{false};
  absl::Time tidied_at_ = absl::InfinitePast();
  // After an assembly that took long, more events are awaited before the next.
  absl::Time rests_until_ = absl::InfinitePast();
  // Folded: what still has to be submitted, and what was, by id.
  std::map<std::string, Pending> pending_;
  std::map<std::string, timeline::Candidate> submitted_;

  Gauge* const position_gauge_;
  Gauge* const lag_gauge_;
  Gauge* const retained_gauge_;
  Gauge* const learnt_gauge_;
  Gauge* const pairs_gauge_;
  Gauge* const open_gauge_;
  Gauge* const quiet_gauge_;
  Counter* const new_events_;
  Counter* const late_events_;
  Counter* const stored_revisions_;
  Counter* const same_revisions_;
  Counter* const refused_revisions_;
  Histogram* const assembly_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_FOLLOWER_H_
