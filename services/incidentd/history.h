// What became of an incident, readable: from records to sentences. Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_HISTORY_H_
#define SECONDSTORY_SERVICES_INCIDENTD_HISTORY_H_

#include <utility>
#include <vector>

#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "storage/keyspace.h"

namespace secondstory::incidentd {

using PositionedRecord = std::pair<storage::Position, stored::v1::Record>;

// One entry for each of `records`, which are all of an incident's (and of those
// merged into it), by position. Authors of accounts appear by role, and what an
// account said that was withdrawn or moved away by now appears nowhere. Cost:
// compares each record with the one before of the same thing.
std::vector<v1::HistoryEntry> HistoryOf(std::vector<PositionedRecord> records);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_HISTORY_H_
