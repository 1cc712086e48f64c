// How good candidate timelines are on a history whose incidents are known.
//
// Pure and deterministic: the same history, options and rules give the same
// text.
#ifndef SECONDSTORY_TOOLS_EVALUATE_EVALUATION_H_
#define SECONDSTORY_TOOLS_EVALUATE_EVALUATION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "timeline/event.h"
#include "timeline/learning.h"
#include "timeline/ranking_weights.h"
#include "timeline/topology.h"

namespace secondstory::evaluate {

// An incident of the past, as people confirmed it. Ids are Event::id.
struct Incident {
  std::vector<std::string> symptoms;      // at least one; the first one leads
  std::vector<std::string> contributing;  // changes; empty: none contributed
  // False: nobody said which changes contributed. Such an incident counts for
  // grouping alone.
  bool is_confirmed = true;
};

struct History {
  std::vector<timeline::Event> events;
  std::vector<Incident> incidents;
  timeline::Topology topology;
  absl::Duration lookback = absl::Hours(72);
};

// What became of one incident.
struct Verdict {
  bool is_confirmed = true;  // else nothing below says anything
  bool has_change = false;   // one contributed
  int rank = 0;              // of the best contributing change; 0: not listed
  // 1 where the first symptom is in no candidate.
  double no_change_score = 1;
  // Each listed change: its score, and whether it contributed.
  std::vector<std::pair<double, bool>> scores;
  timeline::Outcome outcome;
};

// Assembles the history under `weights`; one verdict for each incident, and the
// pairs of symptoms that were put together rightly, wrongly, and not.
struct Assembled {
  std::vector<Verdict> verdicts;
  int64_t right = 0;
  int64_t wrong = 0;
  int64_t missed = 0;
};
Assembled Assemble(const History& history,
                   const timeline::RankingWeights& weights);

// Verdicts of incidents, each under weights learnt from the other folds.
// REQUIRES: 2 <= folds. `plain`: under the default weights.
std::vector<Verdict> CrossValidate(const History& history,
                                   const std::vector<Verdict>& plain, int folds,
                                   uint64_t seed);

// What is learnt from the incidents, in their order.
timeline::Learning LearnFrom(const std::vector<Verdict>& plain);

// The figures of ranking and of "none of these" over confirmed incidents, as
// lines: top-1, top-3 and mean
// reciprocal rank with 95 % bootstrap intervals, the area under the curve, and
// a table of scores against what was confirmed.
std::string DescribeRanking(const std::vector<Verdict>& verdicts,
                            uint64_t seed);
// Pairwise precision, recall and F1, a line.
std::string DescribeGrouping(const Assembled& assembled);

}  // namespace secondstory::evaluate

#endif  // SECONDSTORY_TOOLS_EVALUATE_EVALUATION_H_
