// Databases of older formats: what they lack is filled in from the log.
#ifndef SECONDSTORY_STORAGE_UPGRADE_H_
#define SECONDSTORY_STORAGE_UPGRADE_H_

#include "absl/status/status.h"
#include "storage/tables.h"

namespace secondstory::storage {

// Makes tables that are new, or of an older format, ones of this program's;
// see kFormatVersion. The version is written last, so that an upgrade that was
// cut off begins again, and writes what it wrote before once more. Cost: reads
// the whole log once when the format is older than 3.
//   FAILED_PRECONDITION  they are of a newer version than this program
//   DATA_LOSS            bytes on disk are wrong
absl::Status Upgrade(Tables* tables);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_UPGRADE_H_
