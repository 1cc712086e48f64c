// How an incident moves: states, the facilitator, due dates, and its times.
//
// Pure functions: any thread may call them.
#ifndef SECONDSTORY_REVIEW_LIFECYCLE_H_
#define SECONDSTORY_REVIEW_LIFECYCLE_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "review/story.h"

namespace secondstory::review {

// "OPEN", "IN_REVIEW": as the API spells them, without their prefix.
absl::string_view NameOf(IncidentState state);
// "incident", "near miss", "success".
absl::string_view NameOf(IncidentKind kind);
// "start_time", "detect_time": as the API spells them.
absl::string_view NameOf(TimeField field);

// Which call moves a state.
enum class Mover : uint8_t {
  kUpdate,  // IncidentService.UpdateIncident
  kReview,  // StartReview, PublishReview, CloseReview, ReopenReview
  kMerge,   // IncidentService.MergeIncidents, for the source
};

// Whether a new incident may begin in `state`: OPEN; a near miss or a success
// may be RESOLVED from the start, because nothing has to be ended. (Imported
// incidents keep whatever state they had.)
//   INVALID_ARGUMENT  names the states that are allowed.
absl::Status CheckInitialState(IncidentKind kind, IncidentState state);

// Whether `mover` may move an incident. Staying where it is always is allowed,
// so that a repeated call succeeds.
//   FAILED_PRECONDITION  names the states that are allowed, and by which call.
absl::Status CheckTransition(IncidentState from, IncidentState to, Mover mover);

// Whether somebody leads the review who was not there: people tell more to
// somebody who has nothing to explain. Names are compared without case.
//   FAILED_PRECONDITION  nobody is named, or a participant is.
absl::Status CheckFacilitator(const Incident& incident);

// Whether the times of an incident are in an order that can be: nothing ends
// before it begins. Detection may come first: a near miss is often seen coming.
//   INVALID_ARGUMENT  names the two fields and their values.
absl::Status CheckTimes(const Incident& incident);

// How long after the resolve a review should be published, by severity 1 to 5.
// While memory is fresh; an organisation sets its own.
struct ReviewPeriods {
  std::array<absl::Duration, 5> by_severity = {
      absl::Hours(5 * 24), absl::Hours(7 * 24), absl::Hours(14 * 24),
      absl::Hours(21 * 24), absl::Hours(30 * 24)};
};

// When the review should be published; absent while no severity is set, or one
// without a period.
std::optional<absl::Time> ReviewDueTime(uint32_t severity,
                                        absl::Time resolve_time,
                                        const ReviewPeriods& periods = {});

// Whether that is past, and the review is neither published nor closed.
bool IsReviewOverdue(const Incident& incident, absl::Time now);

// A time that follows from an event.
struct DerivedTime {
  TimeField field = TimeField::kStart;
  absl::Time time;
  std::string event_id;
};

// The times that the events of a timeline say, at most one for each field:
//   start        the first alert or user report
//   detect       when the first of these could be known
//   acknowledge  the first human action that is an event, from detection on
//   resolve      the last resolve, once no alert fires any more
// No event says when people outside no longer felt it: only a person sets
// mitigate_time. A person's word stands above all of these.
std::vector<DerivedTime> DeriveTimes(const std::vector<Entry>& entries);

// How long it took from one time of an incident to another.
struct NamedDuration {
  absl::string_view name;  // "start to detect"
  TimeField from = TimeField::kStart;
  TimeField to = TimeField::kDetect;
  absl::Duration duration;
};

// "start to detect", "detect to acknowledge", "start to mitigate", "start to
// resolve", in this order; those whose two times are known and in order.
std::vector<NamedDuration> DurationsOf(const Incident& incident);

// The incident's time of that name.
const std::optional<absl::Time>& TimeOf(const Incident& incident,
                                        TimeField field);

}  // namespace secondstory::review

#endif  // SECONDSTORY_REVIEW_LIFECYCLE_H_
