// What a revision of a candidate changed, in sentences.
#ifndef SECONDSTORY_TIMELINE_DIFFERENCE_H_
#define SECONDSTORY_TIMELINE_DIFFERENCE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "timeline/candidate.h"

namespace secondstory::timeline {

// Sentences beyond are only counted.
inline constexpr size_t kDifferenceCountMax = 50;

// Compares two folded revisions of one candidate:
//   "added: change of shop-api 3.2.1, "Deploy 3.2.1", learnt 40 min later"
//   "3 more of HighLatency (shop-api)"
//   "5700 more of 12 alerts"
//   "removed: alert QueueGrows (mail), split off by sam: another outage"
// Empty when a reader would see no difference. `before` may have been read back
// from where it is stored. `explain_decision` says what people decided last
// about a symptom, see Assembler::ExplainDecision.
std::vector<std::string> Diff(
    const Candidate& before, const Candidate& after,
    const std::function<std::string(absl::string_view id)>& explain_decision =
        [](absl::string_view) { return std::string(); });

// True when all that Diff() says is that alerts repeated: who knows the one
// misses nothing of the other but figures.
bool IsMoreOfTheSame(const Candidate& before, const Candidate& after);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_DIFFERENCE_H_
