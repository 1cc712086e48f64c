// Events for a log, with what they point into.
#ifndef SECONDSTORY_TESTS_SUPPORT_EVENT_APPEND_H_
#define SECONDSTORY_TESTS_SUPPORT_EVENT_APPEND_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "secondstory/v1/event.pb.h"
#include "storage/log.h"

namespace secondstory::support {

inline storage::EventAppend AppendOf(const std::vector<v1::Event>& events) {
  auto bytes = std::make_shared<std::vector<std::string>>();
  bytes->reserve(events.size());
  storage::EventAppend append;
  for (const v1::Event& event : events) {
    append.events.push_back(
        storage::MakeNewEvent(bytes->emplace_back(event.SerializeAsString())));
  }
  append.bytes = std::move(bytes);
  return append;
}

}  // namespace secondstory::support

#endif  // SECONDSTORY_TESTS_SUPPORT_EVENT_APPEND_H_
