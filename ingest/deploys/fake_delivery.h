// Delivery in memory, for tests: durable as long as the object lives, and
// refuses when told to.
#ifndef SECONDSTORY_INGEST_DEPLOYS_FAKE_DELIVERY_H_
#define SECONDSTORY_INGEST_DEPLOYS_FAKE_DELIVERY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ingest/delivery/delivery.h"
#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// Threads: one at a time.
class FakeDelivery final : public Delivery {
 public:
  void Stop() override {}

  absl::Status Accept(absl::Span<const v1::Event> batch,
                      const std::optional<WorkerCursor>& cursor) override {
    if (script) {
      if (absl::Status status = script(); !status.ok()) return status;
    }
    for (const v1::Event& event : batch) {
      ++accepted_count;
      const bool is_new = known.insert(event.source_event_id()).second;
      if (is_new) events.push_back(event);
    }
    if (cursor.has_value()) cursors[cursor->source] = cursor->value;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadCursor(const std::string& source,
                                         uint32_t shard) override {
    return cursors[source];
  }
  int64_t pending_event_count() const override { return 0; }
  bool WaitUntilDelivered(absl::Time deadline) override { return true; }

  // The titles of `events`.
  std::vector<std::string> Titles() const {
    std::vector<std::string> titles;
    for (const v1::Event& event : events) titles.push_back(event.title());
    return titles;
  }

  // In the order of their first acceptance, each once.
  std::vector<v1::Event> events;
  std::set<std::string> known;
  std::map<std::string, std::string> cursors;
  // Second deliveries included.
  int accepted_count = 0;
  // Asked before every Accept(); what is not OK is returned.
  std::function<absl::Status()> script;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DEPLOYS_FAKE_DELIVERY_H_
