#include "timeline/changes.h"

#include <algorithm>
#include <utility>

#include "timeline/aftermath.h"
#include "timeline/vocabulary.h"

namespace secondstory::timeline {
namespace {

bool IsEarlier(const KnownEvent* a, const KnownEvent* b) {
  return IsBefore(a->event, b->event);
}

void InsertSorted(const KnownEvent* known,
                  std::vector<const KnownEvent*>* sorted) {
  // Most come in their order.
  if (sorted->empty() || IsEarlier(sorted->back(), known)) {
    sorted->push_back(known);
    return;
  }
  sorted->insert(
      std::upper_bound(sorted->begin(), sorted->end(), known, IsEarlier),
      known);
}

auto FindFirstFrom(const std::vector<const KnownEvent*>& sorted,
                   absl::Time from) {
  return std::lower_bound(sorted.begin(), sorted.end(), from,
                          [](const KnownEvent* known, absl::Time time) {
                            return known->event.event_time < time;
                          });
}

void EraseBefore(absl::Time before, std::vector<const KnownEvent*>* sorted) {
  sorted->erase(sorted->begin(), FindFirstFrom(*sorted, before));
}

}  // namespace

const KnownEvent& Changes::Insert(Event&& event) {
  EventKey key = KeyOf(event);
  auto owned = std::make_unique<const KnownEvent>(std::move(event));
  const KnownEvent& known = *owned;
  all_.emplace_hint(all_.end(), std::move(key), std::move(owned));
  InsertSorted(&known, &by_service_[known.event.service]);
  if (SaysNotWhat(known.event)) InsertSorted(&known, &nameless_rollbacks_);
  return known;
}

void Changes::VisitWithin(absl::Time from, absl::Time to, Visit visit) const {
  // The smallest key at that time: kinds start at zero and ids are not empty.
  for (auto at = all_.lower_bound({from, EventKind::kChangeStarted, ""});
       at != all_.end() && at->first.event_time <= to; ++at) {
    visit(*at->second);
  }
}

void Changes::ForgetBefore(absl::Time before, Visit forgotten) {
  EraseBefore(before, &nameless_rollbacks_);
  while (!all_.empty() && all_.begin()->first.event_time < before) {
    const KnownEvent& known = *all_.begin()->second;
    const auto same = by_service_.find(known.event.service);
    if (same != by_service_.end()) {
      EraseBefore(before, &same->second);
      if (same->second.empty()) by_service_.erase(same);
    }
    forgotten(known);
    all_.erase(all_.begin());
  }
}

uint64_t Changes::MinPosition() const {
  uint64_t position = 0;
  for (const auto& [key, known] : all_) {
    if (position == 0 || known->event.position < position) {
      position = known->event.position;
    }
  }
  return position;
}

const Changes::Events* Changes::OfService(const std::string& service) const {
  const auto same = by_service_.find(service);
  return same == by_service_.end() ? nullptr : &same->second;
}

bool Changes::HasWithin(const std::string& service, absl::Time from,
                        absl::Time to) const {
  const Events* same = OfService(service);
  if (same == nullptr) return false;
  const auto first = FindFirstFrom(*same, from);
  return first != same->end() && (*first)->event.event_time <= to;
}

bool Changes::IsRepeated(const KnownEvent& change, absl::Time onset) const {
  const Events* same = OfService(change.event.service);
  if (same == nullptr) return false;
  for (auto at = FindFirstFrom(*same, onset);
       at != same->end() && IsEarlier(*at, &change); ++at) {
    const Event& event = (*at)->event;
    // A start counts only until its end is known.
    if (event.event_time > onset && event.kind != EventKind::kChangeStarted &&
        event.kind != EventKind::kChangeRolledBack &&
        !SaysInVain(event.title)) {
      return true;
    }
  }
  return false;
}

void Changes::VisitStartsOf(const KnownEvent& change, Visit visit) const {
  if (change.event.kind == EventKind::kChangeStarted) return;
  const Events* same = OfService(change.event.service);
  if (same == nullptr) return;
  for (const KnownEvent* other : *same) {
    if (!IsEarlier(other, &change)) break;
    if (other->event.kind == EventKind::kChangeStarted &&
        other->event.change.revision == change.event.change.revision) {
      visit(*other);
    }
  }
}

void Changes::VisitUndone(const KnownEvent& undo, absl::Time from,
                          Visit visit) const {
  if (!undo.profile.is_undo) return;
  const bool says_not_what = SaysNotWhat(undo.event);
  for (auto at = all_.lower_bound({from, EventKind::kChangeStarted, ""});
       at != all_.end(); ++at) {
    const KnownEvent& change = *at->second;
    if (NamesChange(undo.event, change) ||
        (says_not_what && TouchesService(change.event, undo.event.service))) {
      visit(change);
    }
  }
}

void Changes::VisitRollbacksAbout(const KnownEvent& change, Visit visit) const {
  for (const KnownEvent* rollback : nameless_rollbacks_) {
    if (rollback == &change) continue;
    const bool is_between =
        IsEarlier(&change, rollback) &&
        TouchesService(change.event, rollback->event.service);
    if (is_between || NamesChange(rollback->event, change)) visit(*rollback);
  }
}

}  // namespace secondstory::timeline
