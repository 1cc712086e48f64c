#include "ingest/alerts/open_alerts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/proto_time.h"

namespace secondstory::ingest {
namespace {

absl::string_view FingerprintOf(const v1::Event& fired) {
  const absl::string_view id = fired.source_event_id();
  return id.substr(0, id.find('/'));
}

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace

OpenAlerts::OpenAlerts(std::vector<OpenAlert> open) {
  for (OpenAlert& alert : open) {
    alert.stored = true;
    alert.delivered = false;
    const std::string id = alert.fired.source_event_id();
    open_[id] = std::move(alert);
  }
}

PollOutcome OpenAlerts::Look(const PollRound& round) {
  PollOutcome outcome;
  // What this round says of an occurrence replaces what was known; among the
  // replicas the latest end counts.
  std::map<std::string, Alert> seen;
  for (const Alert& alert : round.alerts) {
    const auto [at, is_new] =
        seen.emplace(alert.fired.source_event_id(), alert);
    if (!is_new) {
      at->second.end_time = std::max(at->second.end_time, alert.end_time);
    }
  }
  for (const auto& [id, alert] : seen) See(alert, &outcome);
  for (auto& [id, open] : open_) {
    if (seen.count(id) == 0) Miss(round, &open, &outcome);
  }
  return outcome;
}

void OpenAlerts::See(const Alert& alert, PollOutcome* outcome) {
  const std::string& id = alert.fired.source_event_id();
  const auto [at, is_new] = open_.emplace(id, OpenAlert{});
  OpenAlert& open = at->second;
  if (is_new) open.fired = alert.fired;
  Extend(alert, &open, outcome);
  if (open.delivered) return;
  outcome->events.push_back(open.fired);
  outcome->delivered.push_back(id);
}

void OpenAlerts::Extend(const Alert& alert, OpenAlert* open,
                        PollOutcome* outcome) {
  if (open->stored && open->end_time == alert.end_time &&
      open->missing_since == absl::InfiniteFuture()) {
    return;
  }
  open->stored = false;
  open->end_time = alert.end_time;
  open->missing_since = absl::InfiniteFuture();
  outcome->changed.push_back(*open);
}

void OpenAlerts::Miss(const PollRound& round, OpenAlert* open,
                      PollOutcome* outcome) {
  const absl::Time start = ToTime(open->fired.event_time());
  absl::Time anew = absl::InfiniteFuture();
  for (const Alert& alert : round.alerts) {
    if (alert.fingerprint != FingerprintOf(open->fired)) continue;
    // Alertmanager learnt of an earlier start; the alert goes on.
    if (alert.start_time <= start) return Extend(alert, open, outcome);
    anew = std::min(anew, alert.start_time);
  }
  if (!round.complete) return;
  if (open->missing_since == absl::InfiniteFuture()) {
    open->missing_since = round.time;
    open->stored = false;
  }
  if (!open->stored) outcome->changed.push_back(*open);
  const bool fires_anew = anew != absl::InfiniteFuture();
  if (!fires_anew &&
      round.time <
          std::max(open->end_time, open->missing_since + round.missing_min)) {
    return;
  }
  const absl::Time end =
      std::max(start, std::min({open->missing_since, open->end_time, anew}));
  const std::string how =
      fires_anew ? absl::StrCat("fired anew at ", Text(anew))
                 : absl::StrCat("was to end at ", Text(open->end_time));
  outcome->events.push_back(open->fired);
  outcome->events.push_back(
      ResolvedEvent(open->fired, end, round.time,
                    absl::StrCat("inferred: missing from all replicas since ",
                                 Text(open->missing_since), "; ", how)));
  outcome->closed.push_back(open->fired.source_event_id());
}

void OpenAlerts::Commit(const PollOutcome& outcome) {
  for (const OpenAlert& changed : outcome.changed) {
    open_[changed.fired.source_event_id()].stored = true;
  }
  for (const std::string& id : outcome.delivered) open_[id].delivered = true;
  for (const std::string& id : outcome.closed) open_.erase(id);
}

}  // namespace secondstory::ingest
