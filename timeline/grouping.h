// Does a symptom belong with those that are together already?
//
// The answer is log-odds, a sum of evidence: the time since the last of them
// against their own rhythm, the same or a neighbouring service, the same alert,
// labels that name the same or another thing, words in common. What people
// report comes late and in no rhythm, so for a report of the same or a
// neighbouring service it is enough that the group still goes on. It depends on
// the symptom and on that one group alone. That is what makes grouping
// independent of everything that was forgotten or belongs elsewhere.
#ifndef SECONDSTORY_TIMELINE_GROUPING_H_
#define SECONDSTORY_TIMELINE_GROUPING_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "timeline/known_event.h"
#include "timeline/topology.h"

namespace secondstory::timeline {

// No alert joins a group after it has been quiet for so long, nor a report once
// all alerts of the group have resolved.
inline constexpr absl::Duration kGroupQuiet = absl::Hours(1);
// Nor while one still fires, but after so long: half a day, since a night may
// go by before somebody reports, and an alert that nobody ever resolves must
// not draw in the next day's reports.
inline constexpr absl::Duration kFiringGroupQuiet = absl::Hours(12);
// Nothing joins a group so long after its first symptom: what still goes on
// then goes on as another. Bounds what has to be remembered.
inline constexpr absl::Duration kGroupSpanMax = absl::Hours(72);

// What the symptoms of a group have in common, as much as joining needs.
// Bounded, whatever their number.
class Group {
 public:
  // A group of one.
  explicit Group(const KnownEvent& first);

  // REQUIRES: `symptom` is not before any of the group.
  void Add(const KnownEvent& symptom);

  // One of its alerts has resolved; others are ignored.
  void Resolve(uint64_t occurrence, absl::Time time);
  bool Has(uint64_t occurrence) const;

  // Takes over another group that is now part of this one.
  void Absorb(const Group& other);

  absl::Time onset() const { return onset_; }
  absl::Time last() const { return last_; }
  int64_t count() const { return count_; }

  // True when an alert that fired has not resolved.
  bool StillFires() const;

  // Nothing after can join, as far as is known by now. At most
  // kFiringGroupQuiet + kGroupQuiet after the last symptom: as long as another
  // alert fires, one that resolves draws nothing out.
  absl::Time ClosesAt() const {
    return std::min(QuietSince() + MayBeQuiet(), onset_ + kGroupSpanMax);
  }

 private:
  friend struct Weigher;

  struct Service {
    std::string name;
    absl::Time last;
    bool alerted;  // not only in reports
  };

  struct Occurrence {
    uint64_t id;
    absl::Time last;
    bool fires;  // an alert that has not resolved; reports never fire
  };

  absl::Time QuietSince() const { return StillFires() ? last_ : active_; }
  absl::Duration MayBeQuiet() const {
    return StillFires() ? kFiringGroupQuiet : kGroupQuiet;
  }
  const Occurrence* Find(uint64_t occurrence) const;

  absl::Time onset_;
  absl::Time last_;    // symptom
  absl::Time active_;  // symptom or resolve
  EventKind last_kind_ = EventKind::kAlertFired;
  int64_t count_ = 1;
  double mean_gap_minutes_;
  std::string environment_;
  std::vector<Service> services_;        // oldest first
  std::vector<std::string> names_;       // of alerts, sorted
  std::vector<Occurrence> occurrences_;  // sorted by `id`
  std::vector<std::pair<std::string, std::vector<std::string>>> labels_;
  std::vector<Word> words_;  // sorted
};

// The log-odds alone: what is asked of every group that is open.
double WeighJoining(const KnownEvent& symptom, const Group& group,
                    const Topology& topology);

// And the words, of the one that was chosen.
std::string DescribeJoining(const KnownEvent& symptom, const Group& group,
                            const Topology& topology);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_GROUPING_H_
