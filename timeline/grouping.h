// Does a symptom belong with those that are together already?
//
// The answer is log-odds, a sum of evidence: the time since the last of them,
// whether that is how far apart others of them were, the same or a neighbouring
// service, the same alert, labels that name the same or another thing, words in
// common, what people taught by merges and splits. What people report comes
// late and in no rhythm, so for a report of the same or a neighbouring service
// it is enough that the group still goes on. It depends on the symptoms and on
// that one group alone. That is what makes grouping independent of everything
// that was forgotten or belongs elsewhere.
#ifndef SECONDSTORY_TIMELINE_GROUPING_H_
#define SECONDSTORY_TIMELINE_GROUPING_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "timeline/affinity.h"
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

// Symptoms so close are one burst: what evaluates rules looks at many at a
// time. They are placed together, as far as they belong together.
inline constexpr absl::Duration kBurst = absl::Seconds(2);

// A symptom, and where it is.
struct Arrival {
  const KnownEvent* known;
  int node = Topology::kNoNode;  // of its service
  // What people had taught when it was logged; null: nothing.
  const Affinity* affinity = nullptr;

  const Event& event() const { return known->event; }
};

// What the symptoms of a group have in common, as much as joining needs.
// Bounded, whatever their number.
class Group {
 public:
  struct Service {
    std::string name;
    int node;
    absl::Time last;
    bool alerted;  // not only in reports
  };

  // A group of one.
  explicit Group(const Arrival& first);

  // REQUIRES: `symptom` is not before any of the group.
  void Add(const Arrival& symptom);

  // It goes on at `time` although it was closed: its span and its rhythm begin
  // anew. REQUIRES: `time` is not before any of the group.
  void Reopen(absl::Time time);

  // One of its alerts has resolved; others are ignored.
  void Resolve(uint64_t occurrence, absl::Time time);
  bool Has(uint64_t occurrence) const;

  // Takes over another group that is now part of this one.
  void Absorb(const Group& other);

  absl::Time onset() const { return onset_; }
  absl::Time last() const { return last_; }
  int64_t count() const { return count_; }

  // True when an alert that fired has not resolved.
  bool StillFires() const { return firing_count_ > 0; }

  // As many as are remembered, in the order of their first symptoms.
  const std::vector<Service>& services() const { return services_; }

  // Nothing after can join, as far as is known by now. At most
  // kFiringGroupQuiet + kGroupQuiet after the last symptom: as long as another
  // alert fires, one that resolves draws nothing out.
  absl::Time ClosesAt() const {
    return std::min(QuietSince() + MayBeQuiet(), onset_ + kGroupSpanMax);
  }

 private:
  friend struct Weigher;

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
  void AddGap(absl::Duration gap);
  void AddService(const Service& service);
  void AddOccurrence(const Occurrence& occurrence);
  std::vector<std::string>* ValuesOf(const std::string& key);

  absl::Time onset_;
  absl::Time last_;    // symptom
  absl::Time active_;  // symptom or resolve
  EventKind last_kind_ = EventKind::kAlertFired;
  int64_t count_ = 0;
  size_t firing_count_ = 0;   // occurrences
  std::vector<double> gaps_;  // between bursts, ln minutes, sorted
  std::string environment_;
  std::vector<Service> services_;        // oldest first
  std::vector<std::string> names_;       // of alerts, sorted
  std::vector<Occurrence> occurrences_;  // sorted by `id`
  std::vector<std::pair<std::string, std::vector<std::string>>> labels_;
  std::vector<Word> words_;         // sorted
  std::vector<uint64_t> patterns_;  // sorted
};

// The log-odds that these symptoms of one burst belong there, together: what is
// asked of every group that comes into question. Nothing that is more than
// zero is missed; what is less may be said to be infinitely less.
// REQUIRES: at least one; all belong together.
double WeighJoining(absl::Span<const Arrival> together, const Group& group,
                    const Topology& topology);

// Why it is in the one that was chosen, in words.
std::string DescribeJoining(const Arrival& symptom, const Group& group,
                            const Topology& topology);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_GROUPING_H_
