#include "timeline/decision.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace secondstory::timeline {

bool Decision::Takes(const std::string& id) const {
  return std::binary_search(taken.begin(), taken.end(), id);
}

bool operator<(const Decision& a, const Decision& b) {
  return std::tie(a.time, a.taken, a.kept, a.author, a.reason) <
         std::tie(b.time, b.taken, b.kept, b.author, b.reason);
}

std::string DescribeDecision(const Decision& decision) {
  return absl::StrCat(decision.IsSplit() ? "split off by " : "merged by ",
                      decision.author, decision.reason.empty() ? "" : ": ",
                      decision.reason);
}

std::string DescribePlace(const Decision& decision, const std::string& id) {
  return absl::StrCat(decision.IsSplit() && !decision.Takes(id)
                          ? "stayed when others were "
                          : "",
                      DescribeDecision(decision));
}

}  // namespace secondstory::timeline
