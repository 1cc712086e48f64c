// The changes that are retained, by time and by service.
//
// Besides what happened when, it answers what decides whether one more change
// can alter a candidate at all: most cannot, and ranking a candidate anew costs
// a thousand times as much as the answer.
#ifndef SECONDSTORY_TIMELINE_CHANGES_H_
#define SECONDSTORY_TIMELINE_CHANGES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "timeline/event.h"
#include "timeline/known_event.h"

namespace secondstory::timeline {

// Not copyable; threads: one at a time.
class Changes {
 public:
  Changes() = default;
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  using Visit = absl::FunctionRef<void(const KnownEvent&)>;

  // REQUIRES: a change that was not inserted before.
  const KnownEvent& Insert(Event&& event);

  // In the order of events, from `from` to `to`, both inclusive.
  void VisitWithin(absl::Time from, absl::Time to, Visit visit) const;

  // Forgets those before `before`, and says which.
  void ForgetBefore(absl::Time before, Visit forgotten);

  // The smallest log position; 0 when there is none. Cost: all of them.
  uint64_t MinPosition() const;

  // True when the service changed within [from, to].
  bool HasWithin(const std::string& service, absl::Time from,
                 absl::Time to) const;

  // True when people went on at the service of `change` after `onset` and
  // before it, by a change that ranking takes for that whatever comes later.
  bool IsRepeated(const KnownEvent& change, absl::Time onset) const;

  // The starts that `change` is the end of.
  void VisitStartsOf(const KnownEvent& change, Visit visit) const;

  // The changes since `from` that `undo` may undo.
  void VisitUndone(const KnownEvent& undo, absl::Time from, Visit visit) const;

  // The roll-backs that may be about other changes, or about how many, since
  // `change` is there.
  void VisitRollbacksAbout(const KnownEvent& change, Visit visit) const;

 private:
  using Events = std::vector<const KnownEvent*>;  // in the order of events

  const Events* OfService(const std::string& service) const;

  std::map<EventKey, std::unique_ptr<const KnownEvent>> all_;
  absl::flat_hash_map<std::string, Events> by_service_;
  Events nameless_rollbacks_;  // see SaysNotWhat()
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_CHANGES_H_
