#include "services/incidentd/incident_change.h"

#include "base/stable_id.h"
#include "base/status_macros.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/transaction.h"

namespace secondstory::incidentd {

absl::StatusOr<v1::Incident> ReadWritable(const storage::Store& store,
                                          const std::string& incident_id) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident,
                      store.GetIncident(IdFromHex(incident_id)));
  SS_RETURN_IF_ERROR(CheckWritable(incident));
  return incident;
}

absl::StatusOr<v1::Incident> ReadForChange(const storage::Store& store,
                                           const std::string& incident_id,
                                           const std::string& etag) {
  SS_ASSIGN_OR_RETURN(v1::Incident incident, ReadWritable(store, incident_id));
  SS_RETURN_IF_ERROR(CheckEtag("incident", incident, etag));
  return incident;
}

}  // namespace secondstory::incidentd
