// What was done and said after the onset, and which change it speaks for.
//
// A responder undoes what they suspect, and goes on at the service that it is
// about; what was undone, and did not end it, was not it; and now and then
// somebody writes down that it came from outside.
#ifndef SECONDSTORY_TIMELINE_AFTERMATH_H_
#define SECONDSTORY_TIMELINE_AFTERMATH_H_

#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "timeline/known_event.h"

namespace secondstory::timeline {

// The events that an aftermath is read from, all in the order of events and
// outliving it.
struct AftermathEvents {
  absl::Span<const KnownEvent* const> symptoms;  // of the candidate
  absl::Span<const KnownEvent* const> changes;   // also before the onset
  // Actions, notes, and resolves that name no alert.
  absl::Span<const KnownEvent* const> context;
  absl::Span<const KnownEvent* const> resolves;  // of its alerts
};

// Plain const after construction.
class Aftermath {
 public:
  // `services`: those with symptoms. `lookback`: what changes there are before
  // the onset. Cost: the undos times the changes.
  Aftermath(const AftermathEvents& events,
            const std::vector<absl::string_view>& services,
            absl::Duration lookback);

  // The undo of a change after the onset.
  struct Undo {
    const Event* event = nullptr;  // null when there is none
    double log_odds = 0;
    int64_t between = 0;  // changes of the service after this one
    bool is_named = false;
    bool is_in_vain = false;  // as it says itself
    // From it to the resolve that ended it all; InfiniteDuration when it is
    // not known.
    absl::Duration quiet_after = absl::InfiniteDuration();
  };
  Undo FindUndo(const KnownEvent& change) const;

  // The change was undone before the onset.
  bool WasUndoneBefore(const KnownEvent& change) const;

  // Something else was done about the change's service, which has no symptoms;
  // or nothing was, though it is over by now.
  struct Response {
    const Event* event = nullptr;
    double log_odds = 0;
  };
  Response FindResponse(const KnownEvent& change) const;

  // What speaks for something outside: at most 0, for every change. `word` is
  // empty when nothing does.
  struct Outside {
    double log_odds = 0;
    std::string word;
    const Event* event = nullptr;
  };
  const Outside& outside() const { return outside_; }

 private:
  void FindUndos();
  void FindEnd();
  void FindResponses(absl::Duration lookback);
  void CountChanges();
  void FindOutside(const std::vector<absl::string_view>& services);
  int64_t CountBetween(const Event& change, const Event& undo) const;
  double WeighQuiet(const Event& undo, absl::Duration* quiet_after) const;
  Undo Complete(Undo undo) const;

  const AftermathEvents events_;
  const absl::Time onset_;
  std::vector<const KnownEvent*> undos_;          // after the onset
  std::vector<const KnownEvent*> service_undos_;  // which name no change
  // What undos before the onset name, by revision or title.
  absl::flat_hash_map<absl::string_view, absl::Time> undone_before_;
  std::bitset<64> undone_sizes_;           // of these names, by the remainder
  std::vector<absl::Time> resolve_times_;  // sorted
  absl::Time last_symptom_;
  bool is_over_ = false;
  // By service; changes are counted only where that will be asked for.
  absl::flat_hash_map<Word, const Event*> response_;
  absl::flat_hash_map<Word, double> change_count_;
  double changes_per_count_ = 0;  // expected in the aftermath, of one before
  Outside outside_;
};

// `undo` says that it undoes `change`, by revision or title.
bool NamesChange(const Event& undo, const KnownEvent& change);

// A roll-back of a service that says neither in a field of its own what ran
// before nor what it undoes.
bool SaysNotWhat(const Event& undo);

// `change` is of `service`.
bool TouchesService(const Event& change, absl::string_view service);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_AFTERMATH_H_
