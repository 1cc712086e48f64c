#include "review/lifecycle.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace secondstory::review {
namespace {

struct Transition {
  IncidentState from;
  IncidentState to;
  Mover mover;
  absl::string_view call;
};

constexpr absl::string_view kUpdateCall = "UpdateIncident";

using S = IncidentState;
constexpr Transition kTransitions[] = {
    {S::kOpen, S::kMitigated, Mover::kUpdate, kUpdateCall},
    {S::kOpen, S::kResolved, Mover::kUpdate, kUpdateCall},
    {S::kMitigated, S::kOpen, Mover::kUpdate, kUpdateCall},
    {S::kMitigated, S::kResolved, Mover::kUpdate, kUpdateCall},
    {S::kResolved, S::kOpen, Mover::kUpdate, kUpdateCall},
    {S::kResolved, S::kInReview, Mover::kReview, "StartReview"},
    {S::kInReview, S::kPublished, Mover::kReview, "PublishReview"},
    {S::kPublished, S::kClosed, Mover::kReview, "CloseReview"},
    {S::kPublished, S::kInReview, Mover::kReview, "ReopenReview"},
    {S::kClosed, S::kInReview, Mover::kReview, "ReopenReview"},
    {S::kOpen, S::kMerged, Mover::kMerge, "MergeIncidents"},
    {S::kMitigated, S::kMerged, Mover::kMerge, "MergeIncidents"},
    {S::kResolved, S::kMerged, Mover::kMerge, "MergeIncidents"},
    {S::kInReview, S::kMerged, Mover::kMerge, "MergeIncidents"},
};

std::string DescribeAllowed(IncidentState from) {
  std::vector<std::string> allowed;
  for (const Transition& each : kTransitions) {
    if (each.from != from) continue;
    allowed.push_back(absl::StrCat(NameOf(each.to), " by ", each.call));
  }
  return allowed.empty()
             ? "it stays there"
             : absl::StrCat("allowed: ", absl::StrJoin(allowed, ", "));
}

struct DurationName {
  absl::string_view name;
  TimeField from;
  TimeField to;
};

constexpr DurationName kDurations[] = {
    {"start to detect", TimeField::kStart, TimeField::kDetect},
    {"detect to acknowledge", TimeField::kDetect, TimeField::kAcknowledge},
    {"start to mitigate", TimeField::kStart, TimeField::kMitigate},
    {"start to resolve", TimeField::kStart, TimeField::kResolve},
};

bool Fires(const Entry& entry) {
  return entry.is_event && entry.kind == EventKind::kAlertFired &&
         !entry.resolve_time.has_value();
}

// A resolve is the alert's own, or an event of its own.
std::optional<DerivedTime> LastResolve(const std::vector<Entry>& entries) {
  std::optional<DerivedTime> last;
  for (const Entry& entry : entries) {
    if (!entry.is_event) continue;
    std::optional<absl::Time> time = entry.resolve_time;
    if (entry.kind == EventKind::kAlertResolved) time = entry.event_time;
    if (time.has_value() && (!last.has_value() || *time > last->time)) {
      last = DerivedTime{TimeField::kResolve, *time, entry.id};
    }
  }
  return last;
}

}  // namespace

absl::string_view NameOf(IncidentState state) {
  constexpr absl::string_view kNames[] = {"OPEN",      "MITIGATED", "RESOLVED",
                                          "IN_REVIEW", "PUBLISHED", "CLOSED",
                                          "MERGED"};
  return kNames[static_cast<size_t>(state)];
}

absl::string_view NameOf(IncidentKind kind) {
  constexpr absl::string_view kNames[] = {"incident", "near miss", "success"};
  return kNames[static_cast<size_t>(kind)];
}

absl::string_view NameOf(TimeField field) {
  constexpr absl::string_view kNames[] = {"start_time", "detect_time",
                                          "acknowledge_time", "mitigate_time",
                                          "resolve_time"};
  return kNames[static_cast<size_t>(field)];
}

absl::Status CheckInitialState(IncidentKind kind, IncidentState state) {
  const bool may_be_over = kind != IncidentKind::kIncident;
  if (state == IncidentState::kOpen ||
      (may_be_over && state == IncidentState::kResolved)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "state ", NameOf(state), " is not one in which a new ", NameOf(kind),
      " begins; allowed: OPEN", may_be_over ? ", RESOLVED" : ""));
}

absl::Status CheckTransition(IncidentState from, IncidentState to,
                             Mover mover) {
  if (from == to) return absl::OkStatus();
  for (const Transition& each : kTransitions) {
    if (each.from == from && each.to == to && each.mover == mover) {
      return absl::OkStatus();
    }
  }
  return absl::FailedPreconditionError(
      absl::StrCat("state ", NameOf(from), " does not become ", NameOf(to),
                   " by this call; ", DescribeAllowed(from)));
}

absl::Status CheckFacilitator(const Incident& incident) {
  const absl::string_view facilitator =
      absl::StripAsciiWhitespace(incident.facilitator);
  if (facilitator.empty()) {
    return absl::FailedPreconditionError(
        "facilitator is empty; name somebody who leads the review and was not "
        "a participant");
  }
  for (const Participant& participant : incident.participants) {
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(participant.name),
                               facilitator)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "facilitator \"", facilitator,
          "\" is a participant; name somebody who was not there, so that "
          "people tell what they saw to somebody with nothing to explain"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTimes(const Incident& incident) {
  constexpr std::pair<TimeField, TimeField> kOrders[] = {
      {TimeField::kStart, TimeField::kAcknowledge},
      {TimeField::kStart, TimeField::kMitigate},
      {TimeField::kStart, TimeField::kResolve},
      {TimeField::kDetect, TimeField::kAcknowledge},
      {TimeField::kMitigate, TimeField::kResolve},
  };
  for (const auto& [first, second] : kOrders) {
    const std::optional<absl::Time>& from = TimeOf(incident, first);
    const std::optional<absl::Time>& to = TimeOf(incident, second);
    if (from.has_value() && to.has_value() && *to < *from) {
      return absl::InvalidArgumentError(absl::StrCat(
          NameOf(second), " ", absl::FormatTime(*to, absl::UTCTimeZone()),
          " is before ", NameOf(first), " ",
          absl::FormatTime(*from, absl::UTCTimeZone()),
          "; change one of the two"));
    }
  }
  return absl::OkStatus();
}

std::optional<absl::Time> ReviewDueTime(uint32_t severity,
                                        absl::Time resolve_time,
                                        const ReviewPeriods& periods) {
  if (severity < 1 || severity > periods.by_severity.size()) {
    return std::nullopt;
  }
  const absl::Duration period = periods.by_severity[severity - 1];
  if (period <= absl::ZeroDuration()) return std::nullopt;
  return resolve_time + period;
}

bool IsReviewOverdue(const Incident& incident, absl::Time now) {
  return incident.state < IncidentState::kPublished &&
         incident.review_due_time.has_value() &&
         *incident.review_due_time < now;
}

std::vector<DerivedTime> DeriveTimes(const std::vector<Entry>& entries) {
  const Entry* start = nullptr;
  const Entry* detect = nullptr;
  for (const Entry& entry : entries) {
    if (!entry.is_event || !timeline::IsSymptom(entry.kind)) continue;
    if (start == nullptr || entry.event_time < start->event_time) {
      start = &entry;
    }
    if (detect == nullptr || entry.known_time < detect->known_time) {
      detect = &entry;
    }
  }
  std::vector<DerivedTime> times;
  if (start == nullptr) return times;
  times.push_back({TimeField::kStart, start->event_time, start->id});
  times.push_back({TimeField::kDetect, detect->known_time, detect->id});
  const Entry* acknowledge = nullptr;
  for (const Entry& entry : entries) {
    if (!entry.is_event || entry.kind != EventKind::kHumanAction) continue;
    if (entry.event_time < detect->known_time) continue;
    if (acknowledge == nullptr || entry.event_time < acknowledge->event_time) {
      acknowledge = &entry;
    }
  }
  if (acknowledge != nullptr) {
    times.push_back(
        {TimeField::kAcknowledge, acknowledge->event_time, acknowledge->id});
  }
  if (std::none_of(entries.begin(), entries.end(), Fires)) {
    const std::optional<DerivedTime> resolve = LastResolve(entries);
    if (resolve.has_value()) times.push_back(*resolve);
  }
  return times;
}

std::vector<NamedDuration> DurationsOf(const Incident& incident) {
  std::vector<NamedDuration> durations;
  for (const auto& [name, from, to] : kDurations) {
    const std::optional<absl::Time>& first = TimeOf(incident, from);
    const std::optional<absl::Time>& second = TimeOf(incident, to);
    if (first.has_value() && second.has_value() && *first <= *second) {
      durations.push_back({name, from, to, *second - *first});
    }
  }
  return durations;
}

const std::optional<absl::Time>& TimeOf(const Incident& incident,
                                        TimeField field) {
  switch (field) {
    case TimeField::kStart:
      return incident.start_time;
    case TimeField::kDetect:
      return incident.detect_time;
    case TimeField::kAcknowledge:
      return incident.acknowledge_time;
    case TimeField::kMitigate:
      return incident.mitigate_time;
    case TimeField::kResolve:
      break;
  }
  return incident.resolve_time;
}

}  // namespace secondstory::review
