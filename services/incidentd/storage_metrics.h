// What Prometheus sees of the database and the log.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_STORAGE_METRICS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_STORAGE_METRICS_H_

#include "base/metrics.h"
#include "storage/log.h"
#include "storage/rocksdb/rocks_tables.h"

namespace secondstory::incidentd {

// Adds the metrics, which are brought up to date before every scrape. All must
// outlive `metrics`' last scrape.
void AddStorageMetrics(const storage::RocksTables* tables,
                       const storage::Log* log, Metrics* metrics);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_STORAGE_METRICS_H_
