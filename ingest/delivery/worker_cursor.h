// Where a worker is in its source.
#ifndef SECONDSTORY_INGEST_DELIVERY_WORKER_CURSOR_H_
#define SECONDSTORY_INGEST_DELIVERY_WORKER_CURSOR_H_

#include <cstdint>
#include <string>

namespace secondstory::ingest {

// Where a worker goes on in one shard of a source. The value is the worker's
// own affair. Limits: kSourceBytesMax, kCursorValueBytesMax.
struct WorkerCursor {
  std::string source;
  uint32_t shard = 0;
  std::string value;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_WORKER_CURSOR_H_
