// What a revision of a candidate changed, in sentences.
#ifndef SECONDSTORY_TIMELINE_DIFFERENCE_H_
#define SECONDSTORY_TIMELINE_DIFFERENCE_H_

#include <string>
#include <vector>

#include "timeline/candidate.h"

namespace secondstory::timeline {

// Sentences beyond are only counted.
inline constexpr size_t kDifferenceCountMax = 50;

// Compares two folded revisions of one candidate:
//   "added: change of shop-api 3.2.1, "Deploy 3.2.1", learnt 40 min later"
//   "3 more of HighLatency (shop-api)"
// Empty when a reader would see no difference. `before` may have been read back
// from where it is stored.
std::vector<std::string> Diff(const Candidate& before, const Candidate& after);

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_DIFFERENCE_H_
