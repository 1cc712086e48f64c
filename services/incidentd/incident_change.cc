#include "services/incidentd/incident_change.h"

#include <optional>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/stable_id.h"
#include "base/status_macros.h"
#include "review/lifecycle.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/transaction.h"

namespace secondstory::incidentd {
namespace {

// As late as candidates take events in.
constexpr absl::Duration kRetoldAfter = absl::Hours(24);

bool SaysTimes(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_ALERT_FIRED ||
         kind == v1::EVENT_KIND_ALERT_RESOLVED ||
         kind == v1::EVENT_KIND_USER_REPORT ||
         kind == v1::EVENT_KIND_HUMAN_ACTION;
}

}  // namespace

absl::StatusOr<v1::Incident> ReadWritable(const storage::Store& store,
                                          const std::string& incident_id) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident,
                      store.GetIncident(IdFromHex(incident_id)));
  SS_RETURN_IF_ERROR(CheckWritable(incident));
  return incident;
}

absl::StatusOr<v1::Incident> ShownIncident(const storage::Store& store,
                                           std::string incident_id) {
  // An import may say that incidents were merged in a circle.
  std::set<std::string> seen;
  while (seen.insert(incident_id).second) {
    SS_ASSIGN_OR_RETURN(v1::Incident incident,
                        store.GetIncident(IdFromHex(incident_id)));
    if (incident.state() != v1::INCIDENT_STATE_MERGED) return incident;
    incident_id = incident.merged_into_incident_id();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("incident ", incident_id,
                   " was merged into itself, by way of others or at once, and "
                   "none of them goes on; import it as it should be"));
}

absl::StatusOr<v1::Incident> ReadForChange(const storage::Store& store,
                                           const std::string& incident_id,
                                           const std::string& etag) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident, ReadWritable(store, incident_id));
  SS_RETURN_IF_ERROR(CheckEtag("incident", incident, etag));
  return incident;
}

absl::StatusOr<bool> DeriveTimes(const TimelineReader& reader,
                                 int64_t now_micros, v1::Incident* incident) {
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> lines,
                      reader.Read(*incident));
  std::vector<review::Entry> entries;
  for (const v1::TimelineEntry& line : lines) {
    if (!line.has_event() || !SaysTimes(line.kind())) continue;
    SS_ASSIGN_OR_RETURN(const std::optional<v1::Event> event,
                        reader.FindEvent(line.entry_id()));
    review::Entry& entry = entries.emplace_back(
        ToEntry(line, event.has_value() ? &*event : nullptr));
    // Learnt of that late, it was told again and not detected.
    if (entry.known_time > entry.event_time + kRetoldAfter) {
      entry.known_time = entry.event_time;
    }
  }
  return TakeDerivedTimes(review::DeriveTimes(entries), now_micros, incident);
}

}  // namespace secondstory::incidentd
