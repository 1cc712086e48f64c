// A dead-letter file: one JSON object a line for everything that a worker had
// to refuse, so that nothing disappears without a trace.
#ifndef SECONDSTORY_INGEST_DELIVERY_REFUSED_FILE_H_
#define SECONDSTORY_INGEST_DELIVERY_REFUSED_FILE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace secondstory::ingest {

// `text` as a JSON string, quotes included. Bytes that are not UTF-8 are
// replaced.
std::string JsonQuote(absl::string_view text);

// A JSON object. Values are JSON already: see JsonQuote.
std::string JsonObject(
    const std::vector<std::pair<std::string, std::string>>& members);

// Threads: all methods may be called from any thread.
class RefusedFile {
 public:
  // The file is made by the first Append. Beyond `bytes_max` it is renamed to
  // PATH.1, which replaces an older one: the disk is never filled by us.
  explicit RefusedFile(std::string path, int64_t bytes_max = 64 << 20)
      : path_(std::move(path)), bytes_max_(bytes_max) {}

  // Appends `lines`, JSON objects without a line end, and syncs them to the
  // disk. UNAVAILABLE: the disk says no; names the file and the reason. Some of
  // the lines may be there nevertheless.
  absl::Status Append(const std::vector<std::string>& lines);

 private:
  const std::string path_;
  const int64_t bytes_max_;
  absl::Mutex mutex_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_REFUSED_FILE_H_
