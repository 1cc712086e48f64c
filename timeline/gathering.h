// Which symptoms are together: a fold over all of them in the order of events.
//
// Each symptom joins the open group for which most speaks, or opens one; where
// enough speaks for a second group too, it connects the two. The result depends
// on the set of symptoms alone, never on the order in which they were inserted:
// a late one has the fold taken up again from a checkpoint before it.
#ifndef SECONDSTORY_TIMELINE_GATHERING_H_
#define SECONDSTORY_TIMELINE_GATHERING_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "timeline/grouping.h"
#include "timeline/known_event.h"
#include "timeline/topology.h"

namespace secondstory::timeline {

struct Strand;

// A symptom and where the fold put it.
struct Symptom {
  explicit Symptom(Event event) : known(std::move(event)) {}

  const KnownEvent known;
  Strand* strand = nullptr;
  std::string reason;
};

// The symptoms that joined one group, and the strands that were connected with
// it later. A strand that has no `merged_into` is a candidate.
struct Strand {
  std::vector<Symptom*> symptoms;  // in the order of events; never empty
  std::vector<Strand*> absorbed;   // in the order of `merged_by`
  Strand* merged_into = nullptr;
  const Symptom* merged_by = nullptr;  // the symptom that connected them
  // Nothing after can join, as far as is known by now; of one that goes on.
  absl::Time closes = absl::InfinitePast();

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
  // `topology` must outlive this.
  explicit Gathering(const Topology& topology) : topology_(topology) {}
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // REQUIRES: a symptom whose id was not inserted before.
  const Symptom& Insert(Event event);

  // That alert resolved. REQUIRES: not inserted before.
  void InsertResolve(const Event& event, uint64_t occurrence);

  // Folds what was inserted, and returns the ids of the strands that are no
  // longer what they were: grown, shrunk, connected, gone.
  // Cost: the symptoms from the earliest inserted one on, times the groups
  // that are open at one time.
  std::set<std::string> Update();

  // All strands, also merged ones, in the order of their first symptoms.
  // Valid until the next call of another method.
  std::vector<const Strand*> Strands() const;

  // The strand that the symptom `id` opened; null when it opened none.
  const Strand* FindStrand(const std::string& id) const;
  // The symptom; null when there is none.
  const Symptom* FindSymptom(const std::string& id) const;

  // All symptoms of a candidate, in the order of events.
  static std::vector<const Symptom*> SymptomsOf(const Strand& root);

  // The last of them.
  static const Event& LastOf(const Strand& root);

  // Forgets these candidates and everything of them, and the resolves that are
  // before the rest and before `horizon`.
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
  struct Open {
    Strand* strand;
    std::shared_ptr<Group> group;  // shared with checkpoints: copy on write
  };
  // The open groups after `after` was folded.
  struct Checkpoint {
    EventKey after;
    std::vector<Open> open;
  };

  void GoBackBefore(const EventKey& key);
  void Truncate(const Checkpoint& checkpoint);
  void Place(Symptom* symptom);
  void Resolve(const EventKey& key, uint64_t occurrence);
  void Advance(const EventKey& key);
  void Start(Symptom* symptom);
  void Join(Symptom* symptom, Open* open);
  void Connect(size_t one, size_t other, const Symptom& by);
  void Touch(const Strand& strand);

  const Topology& topology_;
  std::map<EventKey, std::unique_ptr<Symptom>> symptoms_;
  std::map<EventKey, uint64_t> resolves_;  // occurrences
  absl::flat_hash_map<std::string, Symptom*> by_id_;
  std::map<EventKey, std::unique_ptr<Strand>> strands_;  // by first symptom
  std::vector<Open> open_;  // after `folded_`, in the order of onset
  std::optional<EventKey> folded_;
  std::optional<EventKey> dirty_;  // the earliest that is not folded
  std::vector<Checkpoint> checkpoints_;
  size_t since_checkpoint_ = 0;
  std::set<std::string> touched_;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_GATHERING_H_
