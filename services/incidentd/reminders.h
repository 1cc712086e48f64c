// What is overdue, for dashboards: gauges, and one event for each review and
// action whose due time has passed.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_REMINDERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_REMINDERS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/review_service.pb.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// The source of reminders. They are on no timeline: assemblerd passes them
// over.
inline constexpr char kReviewSource[] = "secondstory/review";

// The reminder of a review or an action that is overdue: an event that is the
// same however often it is made, until the due time moves. Pure.
v1::Event ReviewReminder(const v1::Incident& incident);
v1::Event ActionReminder(const v1::ActionItem& action);

// Whether the review of an incident should have been published by now. Pure.
bool IsReviewOverdue(const v1::Incident& incident, int64_t now_micros);

// Threads: Tick by one at a time.
class Reminders {
 public:
  // All must outlive it. `refresh` hears of each incident that is not over yet
  // and has candidates.
  Reminders(storage::Log* log, const storage::Store* store, const Clock* clock,
            Metrics* metrics,
            std::function<void(const std::string& incident_id)> refresh);

  // Looks at everything, sets the gauges and appends what is not appended yet.
  // Cost: a look at every incident and every overdue action.
  void Tick();

 private:
  absl::Status Look();
  absl::Status LookAtIncidents(int64_t now_micros,
                               std::vector<v1::Event>* reminders);
  absl::Status LookAtActions(int64_t now_micros,
                             std::vector<v1::Event>* reminders);
  void Append(const std::vector<v1::Event>& reminders);

  storage::Log* const log_;
  const storage::Store* const store_;
  const Clock* const clock_;
  const std::function<void(const std::string&)> refresh_;
  std::array<Gauge*, v1::IncidentState_ARRAYSIZE> by_state_;
  Gauge* const overdue_reviews_;
  Gauge* const overdue_actions_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_REMINDERS_H_
