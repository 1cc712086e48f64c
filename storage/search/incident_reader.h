// Reads an incident with all that belongs to it.
#ifndef SECONDSTORY_STORAGE_SEARCH_INCIDENT_READER_H_
#define SECONDSTORY_STORAGE_SEARCH_INCIDENT_READER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/log.h"
#include "storage/search/documents.h"
#include "storage/store.h"

namespace secondstory::storage {

// The incident that shows the one of this id (32 hex digits): itself, unless it
// was merged. NOT_FOUND: no such incident. DATA_LOSS: bytes on disk are wrong.
absl::StatusOr<v1::Incident> ShownBy(const Store& store, std::string id);

// `incident` with its parts and those of all that were merged into it. What
// changes meanwhile may be in it or not. Errors: as above. Cost: reads every
// line of the timeline.
absl::StatusOr<IncidentParts> ReadParts(const Store& store, const Log& log,
                                        v1::Incident incident);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_SEARCH_INCIDENT_READER_H_
