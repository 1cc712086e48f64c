#include "timeline/aftermath.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "timeline/vocabulary.h"

namespace secondstory::timeline {
namespace {

// An undo that names the change; a roll-back of its service that names none,
// and which undoes the latest change of it so often, else an earlier one.
constexpr double kUndoneByName = 4;
constexpr double kUndoneService = 3;
constexpr double kUndoesLatest = 0.8;
// An undo of which people say that it did not help.
constexpr double kUndoneInVain = -2;

// From the undo of what contributed to the end of it, and from that of what did
// not: medians in minutes and spreads of the natural logarithm.
constexpr double kQuietMedian = 10;
constexpr double kQuietSpread = 1.2;
constexpr double kOtherMedian = 60;
constexpr double kOtherSpread = 1.5;
constexpr double kQuietMax = 1.5;

// So often something is done about the service of a contributing change that
// has no symptoms itself; and that much by chance, beside other changes of it.
constexpr double kResponse = 0.5;
constexpr double kResponseByChance = 0.05;
constexpr double kResponseMax = 2;
// What people do about it goes on so long after the last symptom.
constexpr absl::Duration kResponseAfter = absl::Hours(2);

// Of something outside: said in the aftermath, and in a symptom.
constexpr double kOutsideSaid = -2;
constexpr double kOutsideSymptom = -1;

// A revision or title shorter than this may stand in a text by chance.
constexpr size_t kRevisionSizeMin = 4;
constexpr size_t kTitleSizeMin = 12;

// `Revert "x"` without what is around x; empty when it is no such title.
absl::string_view TitleUndone(absl::string_view title) {
  if (!absl::StartsWithIgnoreCase(title, "revert \"")) return "";
  title.remove_prefix(8);
  return absl::StripSuffix(title, "\"");
}

double LogNormal(double value, double median, double spread) {
  const double z = std::log(value / median) / spread;
  return -z * z / 2 - std::log(spread);
}

}  // namespace

bool NamesChange(const Event& undo, const KnownEvent& change) {
  const std::string& revision = change.event.change.revision;
  if (revision.size() >= kRevisionSizeMin) {
    if (undo.change.previous_revision == revision ||
        FindLabel(undo, "reverts") == revision ||
        absl::StrContains(undo.title, revision)) {
      return true;
    }
  }
  return change.event.title.size() >= kTitleSizeMin &&
         absl::StrContains(undo.title, change.event.title);
}

bool SaysNotWhat(const Event& undo) {
  return undo.kind == EventKind::kChangeRolledBack && !undo.service.empty() &&
         undo.change.previous_revision.empty() &&
         FindLabel(undo, "reverts").empty();
}

bool TouchesService(const Event& change, absl::string_view service) {
  return !service.empty() &&
         (change.service == service ||
          std::find(change.change.services.begin(),
                    change.change.services.end(),
                    service) != change.change.services.end());
}

Aftermath::Aftermath(const AftermathEvents& events,
                     const std::vector<absl::string_view>& services,
                     absl::Duration lookback)
    : events_(events),
      onset_(events.symptoms.front()->event.event_time),
      last_symptom_(events.symptoms.back()->event.event_time) {
  FindUndos();
  FindEnd();
  FindResponses(lookback);
  FindOutside(services);
}

void Aftermath::FindUndos() {
  for (const KnownEvent* change : events_.changes) {
    if (!change->profile.is_undo) continue;
    const Event& event = change->event;
    if (event.event_time > onset_) {
      undos_.push_back(change);
      continue;
    }
    for (absl::string_view name :
         {absl::string_view(event.change.previous_revision),
          FindLabel(event, "reverts"), TitleUndone(event.title)}) {
      // A deploy log says of every change what ran before.
      if (name.size() >= kRevisionSizeMin) {
        undone_before_[name] = event.event_time;
        undone_sizes_.set(name.size() % undone_sizes_.size());
      }
    }
  }
  // Roll-backs that say neither by revision nor by title what they undo.
  for (const KnownEvent* undo : undos_) {
    const Event& event = undo->event;
    if (!SaysNotWhat(event)) continue;
    if (std::none_of(events_.changes.begin(), events_.changes.end(),
                     [&](const KnownEvent* change) {
                       return change != undo && NamesChange(event, *change);
                     })) {
      service_undos_.push_back(undo);
    }
  }
}

void Aftermath::FindEnd() {
  for (const auto& list : {events_.resolves, events_.context}) {
    for (const KnownEvent* each : list) {
      if (each->event.kind == EventKind::kAlertResolved) {
        resolve_times_.push_back(each->event.event_time);
      }
    }
  }
  std::sort(resolve_times_.begin(), resolve_times_.end());
  is_over_ = !resolve_times_.empty() && resolve_times_.back() >= last_symptom_;
}

void Aftermath::FindResponses(absl::Duration lookback) {
  const absl::Time end = last_symptom_ + kResponseAfter;
  changes_per_count_ = absl::FDivDuration(end - onset_, lookback);
  const auto add = [&](const Event& event) {
    if (event.service.empty() || SaysInVain(event.title)) return;
    response_.try_emplace(HashOf(event.service), &event);
  };
  for (const KnownEvent* change : events_.changes) {
    const Event& event = change->event;
    if (event.event_time > onset_ && event.event_time <= end &&
        event.kind != EventKind::kChangeRolledBack) {
      add(event);
    }
  }
  for (const KnownEvent* each : events_.context) {
    if (each->event.kind != EventKind::kAlertResolved) add(each->event);
  }
  CountChanges();
}

void Aftermath::CountChanges() {
  if (response_.empty() && !is_over_) return;
  for (const KnownEvent* change : events_.changes) {
    if (change->event.event_time > onset_) break;
    const Word service = change->profile.service;
    if (is_over_ || response_.contains(service)) ++change_count_[service];
  }
}

void Aftermath::FindOutside(const std::vector<absl::string_view>& services) {
  const auto consider = [&](const KnownEvent& known, double log_odds) {
    if (log_odds >= outside_.log_odds) return;
    const absl::string_view word = timeline::FindOutside(known.event.title);
    if (!word.empty()) {
      outside_ = {log_odds, std::string(word), &known.event};
    }
  };
  for (const KnownEvent* each : events_.symptoms) {
    consider(*each, kOutsideSymptom);
  }
  for (const KnownEvent* each : events_.context) {
    if (each->event.kind == EventKind::kAlertResolved) continue;
    const bool is_near = each->event.service.empty() ||
                         std::find(services.begin(), services.end(),
                                   each->event.service) != services.end();
    // It may be said of another trouble at the same time.
    consider(*each, is_near ? kOutsideSaid : kOutsideSaid / 2);
  }
}

bool Aftermath::WasUndoneBefore(const KnownEvent& change) const {
  if (undone_before_.empty()) return false;
  for (const std::string* name :
       {&change.event.change.revision, &change.event.title}) {
    if (!undone_sizes_.test(name->size() % undone_sizes_.size())) continue;
    const auto undone = undone_before_.find(*name);
    if (undone != undone_before_.end() &&
        undone->second > change.event.event_time) {
      return true;
    }
  }
  return false;
}

// Changes of the service that came after `change` and before its roll-back.
int64_t Aftermath::CountBetween(const Event& change, const Event& undo) const {
  return std::count_if(events_.changes.begin(), events_.changes.end(),
                       [&](const KnownEvent* each) {
                         return IsBefore(change, each->event) &&
                                IsBefore(each->event, undo) &&
                                TouchesService(each->event, undo.service);
                       });
}

double Aftermath::WeighQuiet(const Event& undo,
                             absl::Duration* quiet_after) const {
  const absl::Time from = std::max(undo.event_time, last_symptom_);
  const auto resolve =
      std::lower_bound(resolve_times_.begin(), resolve_times_.end(), from);
  const bool is_known = resolve != resolve_times_.end();
  const absl::Time end = is_known ? *resolve : last_symptom_;
  if (!is_known && end <= undo.event_time) return 0;
  *quiet_after = end - undo.event_time;
  const double minutes = std::max(1.0, absl::ToDoubleMinutes(*quiet_after));
  const double log_odds = LogNormal(minutes, kQuietMedian, kQuietSpread) -
                          LogNormal(minutes, kOtherMedian, kOtherSpread);
  // It went on at least so long, where nobody says when it ended.
  if (!is_known && log_odds > 0) {
    *quiet_after = absl::InfiniteDuration();
    return 0;
  }
  return std::clamp(log_odds, -kUndoneService, kQuietMax);
}

Aftermath::Undo Aftermath::Complete(Undo undo) const {
  if (SaysInVain(undo.event->title)) {
    undo.is_in_vain = true;
    undo.log_odds = kUndoneInVain;
  } else {
    undo.log_odds += WeighQuiet(*undo.event, &undo.quiet_after);
  }
  return undo;
}

Aftermath::Undo Aftermath::FindUndo(const KnownEvent& change) const {
  for (const KnownEvent* undo : undos_) {
    if (undo != &change && NamesChange(undo->event, change)) {
      return Complete({&undo->event, kUndoneByName, 0, true});
    }
  }
  Undo best;
  for (const KnownEvent* undo : service_undos_) {
    if (!TouchesService(change.event, undo->event.service)) continue;
    if (!IsBefore(change.event, undo->event)) continue;
    const int64_t between = CountBetween(change.event, undo->event);
    double log_odds = kUndoneService;
    // Of all that were between, one was undone with the share that is left.
    if (between > 0) {
      log_odds += std::log((1 - kUndoesLatest) / static_cast<double>(between));
    }
    if (log_odds > best.log_odds) {
      best = {&undo->event, log_odds, between, false};
    }
  }
  return best.event == nullptr ? best : Complete(best);
}

Aftermath::Response Aftermath::FindResponse(const KnownEvent& change) const {
  if (change.event.service.empty()) return {};
  const Word service = change.profile.service;
  const auto response = response_.find(service);
  if (response == response_.end() && !is_over_) return {};
  const auto count = change_count_.find(service);
  const double expected =
      changes_per_count_ * (count == change_count_.end() ? 0 : count->second);
  const double chance =
      1 - (1 - kResponseByChance) * std::exp(-std::max(0.0, expected));
  if (response != response_.end()) {
    const double log_odds = std::log(kResponse / chance);
    if (log_odds <= 0 || !IsBefore(change.event, *response->second)) return {};
    return {response->second, std::min(log_odds, kResponseMax)};
  }
  if (chance >= kResponse) return {};
  return {nullptr, std::log((1 - kResponse) / (1 - chance))};
}

}  // namespace secondstory::timeline
