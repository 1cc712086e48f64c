// deployd: one thread for each deploy log and each Git repository, and one
// delivery for all of them.
#ifndef SECONDSTORY_INGEST_DEPLOYS_WORKER_H_
#define SECONDSTORY_INGEST_DEPLOYS_WORKER_H_

#include "absl/status/status.h"
#include "secondstory/config/v1/deployd.pb.h"

namespace secondstory::ingest {

// What the schema cannot say: every source has a name of its own, of 1 to 200
// bytes of UTF-8. INVALID_ARGUMENT: names the source.
absl::Status CheckDeploydConfig(const config::v1::DeploydConfig& config);

// Runs until a stop is asked for (base/process.h), and stops between two
// batches. Returns why it could not start.
absl::Status RunDeployd(const config::v1::DeploydConfig& config);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_WORKER_H_
