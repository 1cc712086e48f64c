// Events in, candidate timelines out.
//
// Promised:     the candidates are a function of the set of events added, of
//               the set of decisions of people, and of what was learnt before
//               each event. Their order, how they were split into calls,
//               repeats, and what was forgotten in between do not matter. Two
//               runs give the same bytes.
// Not promised: the same for an event that comes later than
//               `AssemblerOptions::lateness`, or a decision about what was
//               forgotten; they may come to nothing. Nor that a
//               candidate keeps its id: when an earlier symptom turns up, the
//               old id is given out as MERGED into the new one.
// Memory:       the events of the lookback before the oldest candidate that
//               can still change, 1.7 to 2.4 KB each, up to 4 KiB for an alert
//               of ten labels and what taking the fold back needs; and 3 KB for
//               a candidate of one alert, 6 KB for one of ten, as measured, see
//               docs/quality.md. Such a candidate is at most lateness + 72 h +
//               24 h old.
// Threads:      one at a time.
#ifndef SECONDSTORY_TIMELINE_ASSEMBLER_H_
#define SECONDSTORY_TIMELINE_ASSEMBLER_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "timeline/candidate.h"
#include "timeline/changes.h"
#include "timeline/composing.h"
#include "timeline/decision.h"
#include "timeline/event.h"
#include "timeline/gathering.h"
#include "timeline/known_event.h"
#include "timeline/learning.h"
#include "timeline/log_history.h"
#include "timeline/ranking.h"
#include "timeline/root_index.h"
#include "timeline/topology.h"

namespace secondstory::timeline {

using LearningHistory = LogHistory<Learning>;

struct AssemblerOptions {
  RankingOptions ranking;
  // An event may come so long after others of the same event_time.
  absl::Duration lateness = absl::Hours(24);
  // What people taught. Must outlive the assembler, and know all of the log
  // before an event that is added.
  // Where given: each candidate is ranked with what it gives for the position
  // of its first symptom, instead of `ranking.weights`.
  const LearningHistory* learning = nullptr;
  // Where given: each symptom is placed by what it gives for its position.
  const AffinityHistory* affinity = nullptr;
};

// What became of an event.
enum class Added {
  kNew,
  kKnown,    // it was added before
  kTooLate,  // see AssemblerOptions::lateness; it changes nothing
};

class Assembler {
 public:
  Assembler(const AssemblerOptions& options, Topology topology);
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  Added Add(Event event);

  // Takes what a person decided; its events may be added later. Known ones are
  // ignored, and what concerns only what was forgotten changes nothing.
  void Decide(Decision decision) { gathering_.Decide(std::move(decision)); }

  // What was decided last about the symptom `id`, in words, see
  // timeline/decision.h; empty when nothing was.
  std::string ExplainDecision(absl::string_view id) const;

  // The candidates that are not as they were when last taken, with every event
  // a line of its own, in the order of (onset, id). A candidate that was taken
  // before and is none any more comes as MERGED.
  // Cost: the candidates that may have changed, times the changes in their
  // lookback. They are found by index: those that a change came before or
  // shortly after, those of which it is said that it undoes a change near their
  // onset, and of those that were active in the two hours before it, those that
  // its service or its words concern. Many changes at once are compared with
  // every candidate instead.
  std::vector<Candidate> TakeChanged();

  // Says that somebody took the candidate `id` once, before a restart: if it
  // is none any more, the next TakeChanged() says so.
  void MarkTaken(const std::string& id);

  // Forgets what can no longer change. Call it from time to time, right after
  // TakeChanged().
  void Forget();

  // After a restart, an assembler that was told SkipBefore(settled_before())
  // and is given the log again from the first event after SafePosition() comes
  // to the same candidates as this one; but for a candidate among others that
  // overlap it without a break for more than 72 h.
  // Cost of SafePosition(): the events retained.
  uint64_t SafePosition() const;
  // Symptoms before belong to candidates that were forgotten.
  absl::Time settled_before() const { return settled_before_; }
  void SkipBefore(absl::Time settled) { settled_before_ = settled; }

  // The latest event_time that is not after its append_time: how far the world
  // is known. The only clock here.
  absl::Time watermark() const { return watermark_; }

  size_t retained_event_count() const { return known_ids_.size(); }
  // Among the retained ones, in the state that they were last taken in.
  size_t CountCandidates(CandidateState state) const {
    return counts_[static_cast<size_t>(state)];
  }
  // The smallest onset among the retained; InfiniteFuture when there is none.
  absl::Time OldestOnset() const;

 private:
  using Events = std::map<EventKey, std::unique_ptr<const KnownEvent>>;

  struct Taken {
    uint64_t fingerprint = 0;
    CandidateState state = CandidateState::kOpen;
    absl::Time closes = absl::InfinitePast();
    Relation relation;
  };

  void AddSymptom(Event&& event);
  void AddContext(Event&& event);
  const KnownEvent* FindFiringBefore(const KnownEvent& known) const;
  void UpdateRoots();
  void TouchConcerned();
  void TouchInBulk();
  void TouchConcernedBy(const KnownEvent& change);
  void TouchActive(const KnownEvent& change);
  void TouchReaching(absl::Time from, absl::Time to, absl::Time time);
  bool IsConcerned(const Extent& extent) const;
  bool MayConcern(const KnownEvent& change, const std::string& id,
                  absl::Time onset) const;
  absl::Time ReachOf(const Extent& extent) const;
  void TouchQuiet();
  const KnownEvent* ResolveOf(const Symptom& symptom) const;
  Material MaterialOf(const Strand& root) const;
  Candidate Build(const Strand& root, Relation* relation) const;
  Candidate BuildMerged(const Symptom& opener) const;
  std::optional<Candidate> TakeOne(const Symptom& opener);
  Taken& FindTaken(const std::string& id);
  void SetState(CandidateState state, Taken* taken);
  bool IsSettled(const Extent& extent, absl::Time horizon) const;
  void ForgetRoots(const std::vector<std::string>& gone, absl::Time horizon);
  void ForgetRest(absl::Time horizon);
  void ForgetContext(Events* events, absl::Time before);

  const AssemblerOptions options_;
  const Topology topology_;
  Gathering gathering_;
  RootIndex roots_;
  Changes changes_;
  Events context_;   // actions, notes, and resolves that name no alert
  Events resolves_;  // the others
  // By occurrence, in the order of events.
  absl::flat_hash_map<uint64_t, std::vector<const KnownEvent*>> resolves_of_;
  absl::flat_hash_set<std::string> known_ids_;
  absl::Time watermark_ = absl::InfinitePast();
  absl::Time settled_before_ = absl::InfinitePast();
  // Since the last TakeChanged().
  std::vector<const KnownEvent*> new_changes_;
  std::set<absl::Time> new_context_;
  absl::flat_hash_set<std::string> touched_;
  // What was last taken, by id; how many of each state; and the open ones by
  // when they close.
  absl::flat_hash_map<std::string, Taken> taken_;
  std::array<size_t, 3> counts_ = {};
  std::set<std::pair<absl::Time, std::string>> open_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_ASSEMBLER_H_
