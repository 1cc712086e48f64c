// What a person decided about which symptoms belong together.
#ifndef SECONDSTORY_TIMELINE_DECISION_H_
#define SECONDSTORY_TIMELINE_DECISION_H_

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace secondstory::timeline {

// A split parts `taken` from `kept`, and keeps each of the two together. A
// merge keeps all of `kept` together; its `taken` is empty.
// Plain values: threads may share const ones.
struct Decision {
  absl::Time time;  // when it was stored
  // Ids of symptoms, sorted, each once.
  std::vector<std::string> taken;
  std::vector<std::string> kept;
  std::string author;  // as the caller named them
  std::string reason;  // in their words; may be empty

  bool IsSplit() const { return !taken.empty(); }
  // Whether it moved the symptom `id` away from others.
  bool Takes(const std::string& id) const;
};

// The order in which decisions were made; a later one wins. Total: those that
// are not before each other are the same decision.
bool operator<(const Decision& a, const Decision& b);

// "split off by sam: another outage", "merged by sam".
std::string DescribeDecision(const Decision& decision);

// Why the symptom `id`, which it names, is where it is: the same, or "stayed
// when others were split off by sam: another outage".
std::string DescribePlace(const Decision& decision, const std::string& id);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_DECISION_H_
