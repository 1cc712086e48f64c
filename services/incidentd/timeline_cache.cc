#include "services/incidentd/timeline_cache.h"

#include <algorithm>
#include <tuple>

#include "base/limits.h"
#include "base/proto_time.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace secondstory::incidentd {
namespace {

using google::protobuf::internal::WireFormatLite;

// What an entry costs beside its bytes.
constexpr size_t kEntryBytes = 96;

// The bytes of `timeline` from `begin` to `end`, which keep it alive.
grpc::Slice SliceOf(const std::shared_ptr<const RenderedTimeline>& timeline,
                    const std::string& bytes, size_t begin, size_t end) {
  using Held = std::shared_ptr<const RenderedTimeline>;
  return grpc::Slice(
      // gRPC only reads it.
      const_cast<char*>(bytes.data()) + begin, end - begin,
      [](void* held) { delete static_cast<Held*>(held); },
      std::make_unique<Held>(timeline).release());
}

}  // namespace

RenderedTimeline::RenderedTimeline(
    const std::vector<v1::TimelineEntry>& entries) {
  google::protobuf::io::StringOutputStream stream(&bytes_);
  google::protobuf::io::CodedOutputStream out(&stream);
  for (const v1::TimelineEntry& entry : entries) {
    entry.ByteSizeLong();  // remembers sizes, which WriteMessage asks for
    WireFormatLite::WriteMessage(v1::GetTimelineResponse::kEntriesFieldNumber,
                                 entry, &out);
    entries_.push_back({ToMicros(entry.event_time()), entry.entry_id(),
                        static_cast<size_t>(out.ByteCount())});
  }
}

size_t RenderedTimeline::byte_count() const {
  return bytes_.capacity() + entries_.size() * kEntryBytes;
}

grpc::ByteBuffer RenderedTimeline::PageOf(
    const std::shared_ptr<const RenderedTimeline>& timeline,
    const std::optional<PagePlace>& place, uint32_t limit,
    const std::string& filters) {
  const std::vector<Entry>& entries = timeline->entries_;
  const auto end_before = [&](size_t i) {
    return i == 0 ? size_t{0} : entries[i - 1].end;
  };
  size_t first = 0;
  if (place.has_value()) {
    const auto behind = std::upper_bound(
        entries.begin(), entries.end(), *place,
        [](const PagePlace& a, const Entry& b) {
          return std::tie(a.micros, a.rest) < std::tie(b.micros, b.id);
        });
    first = static_cast<size_t>(behind - entries.begin());
  }
  const size_t begin = end_before(first);
  size_t last = first;
  while (last < entries.size() && last - first < limit &&
         (last == first ||
          entries[last].end - begin <= limits::kMessageBytesMax / 2)) {
    ++last;
  }
  std::vector<grpc::Slice> slices;
  if (last > first) {
    slices.push_back(
        SliceOf(timeline, timeline->bytes_, begin, end_before(last)));
  }
  if (last < entries.size() && last > first) {
    v1::GetTimelineResponse rest;
    const Entry& entry = entries[last - 1];
    rest.set_next_page_token(MakePageToken(filters, {entry.micros, entry.id}));
    slices.emplace_back(rest.SerializeAsString());
  }
  // An empty message is one slice of no bytes.
  if (slices.empty()) slices.emplace_back();
  return grpc::ByteBuffer(slices.data(), slices.size());
}

void ReadObjects::Add(const std::string& object) {
  counts_.emplace_back(object, log_->ChangeCount(object));
}

bool ReadObjects::Hold() const {
  return std::all_of(counts_.begin(), counts_.end(), [this](const auto& one) {
    return log_->ChangeCount(one.first) == one.second;
  });
}

std::shared_ptr<const RenderedTimeline> TimelineCache::Find(
    const std::string& incident_id) {
  absl::MutexLock lock(&mutex_);
  const auto found = by_id_.find(incident_id);
  if (found == by_id_.end()) return nullptr;
  if (!found->second->read.Hold()) {
    Remove(found->second);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second);
  return found->second->timeline;
}

void TimelineCache::Add(const std::string& incident_id, ReadObjects read,
                        std::shared_ptr<const RenderedTimeline> timeline) {
  // One that would push out most others is made anew each time.
  if (timeline->byte_count() > bytes_max_ / 2) return;
  absl::MutexLock lock(&mutex_);
  if (const auto found = by_id_.find(incident_id); found != by_id_.end()) {
    Remove(found->second);
  }
  bytes_ += timeline->byte_count();
  order_.push_front({incident_id, std::move(read), std::move(timeline)});
  by_id_[incident_id] = order_.begin();
  while (bytes_ > bytes_max_) Remove(std::prev(order_.end()));
}

void TimelineCache::Remove(Order::iterator kept) {
  bytes_ -= kept->timeline->byte_count();
  by_id_.erase(kept->incident_id);
  order_.erase(kept);
}

}  // namespace secondstory::incidentd
