// What decisions of people teach, each from its position in the log on.
//
// Confirmed changes teach ranking, and promotions and dismissals how likely it
// is that a change contributed at all, see timeline/learning.h; splits and
// merges teach grouping, see timeline/affinity.h.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_LESSONS_H_
#define SECONDSTORY_INGEST_ASSEMBLER_LESSONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "timeline/affinity.h"
#include "timeline/assembler.h"
#include "timeline/learning.h"

namespace secondstory::ingest {

// What was learnt up to a position.
struct Learnt {
  timeline::Learning ranking;
  timeline::Affinity grouping;
};

// "learning 2 decisions 12 ... affinity 1 ...": see timeline::FormatLearning()
// and timeline::Affinity::Format(). At most 3.5 KiB.
std::string FormatLearnt(const Learnt& learnt);

// The inverse. INVALID_ARGUMENT: anything else, also of another version of
// either rule; read the decisions again then.
absl::StatusOr<Learnt> ParseLearnt(absl::string_view text);

// Threads: one at a time.
class Lessons {
 public:
  explicit Lessons(const Learnt& start = {});

  // Decisions come in the order of the log; known ones are ignored.
  //
  // Each confirmation teaches, also one that replaces another: a correction
  // weighs as much as what it corrects. A merge is told by each of its
  // candidates, one after the other, and teaches with the last of them.
  void Take(const v1::CandidateDecision& decision);

  const timeline::LearningHistory& ranking() const { return ranking_; }
  const timeline::AffinityHistory& grouping() const { return grouping_; }

  // Forgets what only events up to `position` would ask for, and returns what
  // was learnt by then.
  Learnt ForgetThrough(uint64_t position);

 private:
  void TakeConfirmation(const v1::CandidateDecision& decision);
  void TakeJudgement(const v1::CandidateDecision& decision);
  void TakeSplit(const v1::CandidateDecision& decision);
  void TakeMerge(const v1::CandidateDecision& decision);
  template <typename Lesson>
  void TeachRanking(uint64_t position, const std::optional<Lesson>& lesson);
  template <typename Change>
  void TeachGrouping(uint64_t position, Change change);

  timeline::LearningHistory ranking_;
  timeline::AffinityHistory grouping_;
  // The merge that is being told, and its candidates so far.
  v1::CandidateMerge merge_;
  timeline::Sides merge_sides_;
};

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_LESSONS_H_
