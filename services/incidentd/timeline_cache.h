// Timelines as they go over the wire, kept while they hold. During an incident
// everybody looks at the same few timelines again and again, and putting one
// together takes a hundred times as long as sending it.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_CACHE_H_
#define SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/byte_buffer.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/page_token.h"
#include "storage/log.h"

namespace secondstory::incidentd {

// A whole timeline, serialized. Threads: any, since nothing changes it.
class RenderedTimeline {
 public:
  explicit RenderedTimeline(const std::vector<v1::TimelineEntry>& entries);

  // A GetTimelineResponse: entries behind `place`, if there is one, at most
  // `limit` of them and, behind the first, half a message. Its bytes are those
  // of `timeline` itself, which lives as long as they do. `filters` are those
  // of the request, for the token of the next page.
  static grpc::ByteBuffer PageOf(
      const std::shared_ptr<const RenderedTimeline>& timeline,
      const std::optional<PagePlace>& place, uint32_t limit,
      const std::string& filters);

  size_t byte_count() const;

 private:
  struct Entry {
    int64_t micros;
    std::string id;
    size_t end;  // in bytes_
  };

  std::string bytes_;  // of all entries, as fields of the response
  std::vector<Entry> entries_;
};

// What was read of objects of the log, and how often they had changed by then.
// Threads: one.
class ReadObjects {
 public:
  // `log` must outlive it.
  explicit ReadObjects(const storage::Log* log) : log_(log) {}

  // To be called before the object is read.
  void Add(const std::string& object);

  // Whether nothing that was read has changed since.
  bool Hold() const;

 private:
  const storage::Log* log_;
  std::vector<std::pair<std::string, uint64_t>> counts_;
};

// Threads: all methods may be called from any thread.
class TimelineCache {
 public:
  explicit TimelineCache(size_t bytes_max = size_t{32} << 20)
      : bytes_max_(bytes_max) {}

  // The timeline of the incident, if it is here and still holds; else null.
  std::shared_ptr<const RenderedTimeline> Find(const std::string& incident_id);

  // Keeps it for as long as `read` holds and there is room.
  void Add(const std::string& incident_id, ReadObjects read,
           std::shared_ptr<const RenderedTimeline> timeline);

 private:
  struct Kept {
    std::string incident_id;
    ReadObjects read;
    std::shared_ptr<const RenderedTimeline> timeline;
  };
  using Order = std::list<Kept>;  // the one that was used last is first

  void Remove(Order::iterator kept) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t bytes_max_;
  absl::Mutex mutex_;
  Order order_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, Order::iterator> by_id_
      ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_TIMELINE_CACHE_H_
