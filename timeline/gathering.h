// Which symptoms are together: a fold over all of them in the order of events.
//
// Symptoms come in bursts. Those of a burst that belong together join the open
// group for which most speaks, or open one; where enough speaks for a second
// group too, they connect the two. The result depends on the set of symptoms
// alone, never on the order in which they were inserted: a late one has the
// fold taken up again from a checkpoint before it.
//
// What people decided goes before evidence: symptoms that a person put together
// join one group, even one that nothing could join any more; those that a
// person parted never share a group, and their groups are never connected. A
// decision has the fold taken up again from before the first symptom that it
// concerns, so the result depends on the set of decisions, too, and not on when
// they came.
//
// Groups are found by index, so that what a symptom costs does not grow with
// how many are open: those of its service and of the services that call or are
// called by it; and of all others, the latest kElsewhereCountMax that were
// active within kElsewhereWithin.
#ifndef SECONDSTORY_TIMELINE_GATHERING_H_
#define SECONDSTORY_TIMELINE_GATHERING_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "timeline/affinity.h"
#include "timeline/bonds.h"
#include "timeline/decision.h"
#include "timeline/grouping.h"
#include "timeline/known_event.h"
#include "timeline/log_history.h"
#include "timeline/topology.h"

namespace secondstory::timeline {

inline constexpr absl::Duration kElsewhereWithin = absl::Minutes(10);
inline constexpr size_t kElsewhereCountMax = 32;
// What comes within kBurst after so many is another burst.
inline constexpr size_t kBurstCountMax = 64;

using AffinityHistory = LogHistory<std::shared_ptr<const Affinity>>;

struct Strand;

// A symptom and where the fold put it.
struct Symptom {
  Symptom(Event&& event, const Topology& topology,
          std::shared_ptr<const Affinity> taught)
      : known(std::move(event)),
        node(topology.FindNode(known.event.service)),
        affinity(std::move(taught)) {}

  Arrival arrival() const { return {&known, node, affinity.get()}; }

  const KnownEvent known;
  const int node;
  const std::shared_ptr<const Affinity> affinity;  // null: nothing was taught
  Bond bond = kNoBond;
  Strand* strand = nullptr;
  std::string reason;
  uint64_t placed = 0;  // grows with each cluster that the fold placed
};

// The symptoms that joined one group, and the strands that were connected with
// it later. A strand that has no `merged_into` is a candidate.
struct Strand {
  std::vector<Symptom*> symptoms;  // in the order of events; never empty
  std::vector<Symptom*> bound;     // those of them with bonds, each bond once
  std::vector<Strand*> absorbed;   // in the order of `merged_by`
  Strand* merged_into = nullptr;
  const Symptom* merged_by = nullptr;  // the symptom that connected them
  // Nothing after can join, as far as is known by now; of one that goes on.
  absl::Time closes = absl::InfinitePast();
  size_t open_at = 0;  // in Gathering, while it is open

  const Event& first() const { return symptoms.front()->known.event; }
  const std::string& id() const { return first().id; }
  // The one that goes on.
  const Strand& root() const {
    return merged_into == nullptr ? *this : merged_into->root();
  }
};

// Not copyable; threads: one at a time.
class Gathering {
 public:
  // `affinity`: what people taught, by the position of a symptom's event; null:
  // nothing. Both must outlive this.
  explicit Gathering(const Topology& topology,
                     const AffinityHistory* affinity = nullptr)
      : topology_(topology), affinity_(affinity) {}
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // REQUIRES: a symptom whose id was not inserted before.
  const Symptom& Insert(Event&& event);

  // That alert resolved. REQUIRES: not inserted before.
  void InsertResolve(const Event& event, uint64_t occurrence);

  // Takes what a person decided; its symptoms may be inserted later. Known ones
  // are ignored.
  void Decide(Decision decision);

  // The latest decision that names the symptom `id`; null when there is none.
  const Decision* FindDecision(absl::string_view id) const {
    return bonds_.LatestOf(id);
  }

  // Folds what was inserted and decided, and returns the ids of the strands
  // that are no longer what they were: grown, shrunk, connected, gone, or
  // closing at another time.
  // Cost: the symptoms from the earliest inserted or concerned one on; now and
  // then, and where those are long before what was folded, the open groups.
  std::set<std::string> Update();

  // The strand that the symptom `id` opened; null when it opened none.
  const Strand* FindStrand(const std::string& id) const;
  // The symptom; null when there is none.
  const Symptom* FindSymptom(const std::string& id) const;

  // All symptoms of one occurrence, see KnownEvent, in the order of events.
  const std::vector<Symptom*>& SymptomsOfOccurrence(uint64_t occurrence) const;

  // All symptoms of a candidate, in the order of events.
  static std::vector<const Symptom*> SymptomsOf(const Strand& root);

  // The last of them.
  static const Event& LastOf(const Strand& root);

  // Forgets these candidates and everything of them, and the resolves that are
  // before the rest and before `horizon`, and the decisions from before that
  // concern nothing else.
  // REQUIRES: Update() was called; nothing will be inserted that could join
  // them, nor anything before `horizon`.
  void Forget(const std::vector<const Strand*>& roots, absl::Time horizon);

  // InfiniteFuture when there is none.
  absl::Time OldestSymptomTime() const {
    return symptoms_.empty() ? absl::InfiniteFuture()
                             : symptoms_.begin()->first.event_time;
  }
  // The smallest log position of any symptom; 0 when there is none.
  uint64_t MinPosition() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Open {
    Strand* strand = nullptr;
    std::shared_ptr<Group> group;  // shared with the past; null once merged
    uint64_t touched = 0;          // grows with each change of any group
    // Neighbours in the list of the open ones by `touched`; kNone at its ends.
    uint32_t newer = kNone;
    uint32_t older = kNone;
    size_t posted_count = 0;  // services of the group that are in the index
    uint64_t asked = 0;       // when it last came into question
    uint64_t saved = 0;       // the mark since which the journal has the group
  };
  // How far the fold is.
  struct Moment {
    std::optional<EventKey> symptom;  // the last that was folded
    std::optional<EventKey> resolve;
    absl::Time burst_until = absl::InfinitePast();  // a symptom up to here may
                                                    // belong to the last burst
    size_t since_checkpoint = 0;                    // symptoms and resolves
    uint64_t placed = 0;                            // see Symptom

    bool IsBefore(const EventKey& key) const;
    // What `later` did was after.
    bool IsBefore(const Symptom& later) const {
      return placed < later.placed;
    }
  };
  // A moment, and what was open then.
  struct Checkpoint {
    Moment moment;
    std::vector<Open> open;
  };
  // A moment that the fold can be taken back to by undoing what it did since.
  struct Mark {
    Moment moment;  // before a burst
    size_t journal_size;
    size_t placed_count;  // but so many clusters of it were placed
  };
  // How something open was before a step of the fold. Of the steps since a
  // mark, only the first has the group, and one that merges it into another.
  struct Step {
    uint32_t at;
    bool has_started;  // there was nothing
    Open before;
  };
  // Symptoms of a burst that belong together.
  struct Cluster {
    std::vector<Symptom*> symptoms;
    std::vector<Arrival> arrivals;
    std::shared_ptr<Group> group;
    Bond bond = kNoBond;  // of all of them that have one
  };
  using Symptoms = std::map<EventKey, std::unique_ptr<Symptom>>;
  struct Burst {
    Symptoms::iterator end;
    size_t count;
    absl::Time until;  // see Moment::burst_until
  };

  void UpdateBonds();
  void GoBackBefore(const EventKey& key);
  bool UndoBefore(const EventKey& key);
  void Undo(const Step& step);
  void RememberPrint(const Strand& strand);
  void ForgetUnchanged();
  void SetCloses(const Open& open);
  void Restart();
  void Truncate(const Moment& moment, const std::vector<Strand*>& open);
  void SetCheckpoint();
  void SetMark(size_t placed_count);
  void DropMarksWithin();
  size_t CountUnchanged(const EventKey& key);
  void Save(uint32_t at, bool with_group = false);
  void DropMarks();
  Burst FindBurst(Symptoms::iterator first);
  Symptoms::iterator FoldBurst(Symptoms::iterator first);
  std::vector<Cluster> ClusterBurst(Symptoms::iterator first,
                                    Symptoms::iterator end) const;
  void Place(const Cluster& cluster);
  uint32_t FindBonded(const Cluster& cluster) const;
  bool PrepareBonded(const Cluster& cluster, uint32_t at);
  bool MayJoin(Bond bond, const Strand& strand) const;
  bool MayConnect(const Strand& one, const Strand& other) const;
  bool IsAwaited(const Strand& strand) const;
  void Resolve(const EventKey& key, uint64_t occurrence);
  uint32_t Start(Symptom* symptom);
  void Join(Symptom* symptom, uint32_t at, bool is_decided);
  void Connect(uint32_t one, uint32_t other, const Symptom& by);
  void Touch(const Strand& strand);

  // The index of what is open.
  std::vector<uint32_t>* PostingsOf(const Group::Service& service);
  void Post(uint32_t at);
  void Unlink(uint32_t at);
  void LinkNewest(uint32_t at);
  void Reindex(std::vector<Open> open);
  std::vector<Open> FindStillOpen() const;
  std::vector<uint32_t> FindOpen(const Cluster& cluster);
  void Ask(uint32_t at, std::vector<uint32_t>* found);
  void AskAll(const std::vector<uint32_t>& postings,
              std::vector<uint32_t>* found);
  void AskOfService(const Arrival& arrival, std::vector<uint32_t>* found);
  Group* Own(uint32_t at);

  const Topology& topology_;
  const AffinityHistory* const affinity_;
  Symptoms symptoms_;
  std::map<EventKey, uint64_t> resolves_;  // occurrences
  absl::flat_hash_map<std::string, Symptom*> by_id_;
  absl::flat_hash_map<uint64_t, std::vector<Symptom*>> by_occurrence_;
  std::map<EventKey, std::unique_ptr<Strand>> strands_;  // by first symptom
  std::vector<Checkpoint> checkpoints_;
  std::optional<EventKey> dirty_;  // the earliest that is not folded
  Bonds bonds_;
  std::vector<Symptom*> new_bound_;  // inserted since, and decided about
  absl::flat_hash_map<Bond, std::vector<Symptom*>> by_bond_;  // in event order
  std::set<std::string> touched_;
  // What strands were before steps were undone, by id.
  std::map<std::string, uint64_t> prints_;

  // The state of the fold: where it is, and what is open there, in no order.
  Moment now_;
  std::vector<Open> open_;
  uint32_t newest_ = kNone;
  uint64_t touch_count_ = 0;
  uint64_t ask_count_ = 0;
  // How to go back a little; empty where there is only a checkpoint.
  std::vector<Mark> marks_;
  std::vector<Step> journal_;
  uint64_t mark_count_ = 0;
  uint64_t place_count_ = 0;
  // Of the last burst, where there are marks within it; and how many of them
  // are placed, where it is only taken up again.
  std::vector<Cluster> clusters_;
  size_t placed_count_ = 0;
  std::vector<std::vector<uint32_t>> by_node_;
  absl::flat_hash_map<std::string, std::vector<uint32_t>> by_service_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_GATHERING_H_
