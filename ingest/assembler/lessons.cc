#include "ingest/assembler/lessons.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ingest/assembler/convert/convert.h"
#include "timeline/event.h"

namespace secondstory::ingest {
namespace {

constexpr absl::string_view kAffinity = " affinity ";

// The first patterns of a side say what it is; the rest of a storm does not.
constexpr size_t kPatternsPerSideMax = 8;

using Ids = absl::flat_hash_set<absl::string_view>;

bool Names(const Ids& ids, const v1::CandidateEvent& line) {
  return ids.contains(line.event_id()) ||
         std::any_of(line.repeat_event_ids().begin(),
                     line.repeat_event_ids().end(),
                     [&](const std::string& id) { return ids.contains(id); });
}

// The patterns of the symptoms that are named, or of whose repeats one is.
std::vector<uint64_t> PatternsOf(
    const v1::Candidate& candidate,
    const google::protobuf::RepeatedPtrField<std::string>& event_ids) {
  const Ids ids(event_ids.begin(), event_ids.end());
  std::vector<uint64_t> patterns;
  for (const v1::CandidateEvent& line : candidate.events()) {
    if (patterns.size() == kPatternsPerSideMax) break;
    if (line.kind() != v1::EVENT_KIND_ALERT_FIRED &&
        line.kind() != v1::EVENT_KIND_USER_REPORT) {
      continue;
    }
    if (!Names(ids, line)) continue;
    const uint64_t pattern = timeline::PatternOf(line.service(), line.title());
    if (std::find(patterns.begin(), patterns.end(), pattern) ==
        patterns.end()) {
      patterns.push_back(pattern);
    }
  }
  return patterns;
}

bool IsSameMerge(const v1::CandidateMerge& a, const v1::CandidateMerge& b) {
  return a.merge_time().seconds() == b.merge_time().seconds() &&
         a.merge_time().nanos() == b.merge_time().nanos() &&
         std::equal(a.candidate_ids().begin(), a.candidate_ids().end(),
                    b.candidate_ids().begin(), b.candidate_ids().end());
}

}  // namespace

std::string FormatLearnt(const Learnt& learnt) {
  return absl::StrCat(timeline::FormatLearning(learnt.ranking), " ",
                      learnt.grouping.Format());
}

absl::StatusOr<Learnt> ParseLearnt(absl::string_view text) {
  const size_t at = text.find(kAffinity);
  if (at == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "not what was learnt: \"", text, "\"; read the decisions again"));
  }
  Learnt learnt;
  SS_ASSIGN_OR_RETURN(learnt.ranking,
                      timeline::ParseLearning(text.substr(0, at)));
  SS_ASSIGN_OR_RETURN(learnt.grouping,
                      timeline::Affinity::Parse(text.substr(at + 1)));
  return learnt;
}

Lessons::Lessons(const Learnt& start)
    : ranking_(start.ranking),
      grouping_(start.grouping.empty()
                    ? nullptr
                    : std::make_shared<timeline::Affinity>(start.grouping)) {}

void Lessons::Take(const v1::CandidateDecision& decision) {
  switch (decision.kind()) {
    case v1::DECISION_KIND_CONFIRMED:
    case v1::DECISION_KIND_IMPORTED:
      return TakeConfirmation(decision);
    case v1::DECISION_KIND_PROMOTED:
    case v1::DECISION_KIND_DISMISSED:
      return TakeJudgement(decision);
    case v1::DECISION_KIND_SPLIT:
      return TakeSplit(decision);
    case v1::DECISION_KIND_MERGED:
      return TakeMerge(decision);
    default:
      return;
  }
}

void Lessons::TakeConfirmation(const v1::CandidateDecision& decision) {
  TeachRanking(decision.position(), ToOutcome(decision.candidate()));
}

void Lessons::TakeJudgement(const v1::CandidateDecision& decision) {
  TeachRanking(decision.position(), ToJudgement(decision.candidate()));
}

template <typename Lesson>
void Lessons::TeachRanking(uint64_t position,
                           const std::optional<Lesson>& lesson) {
  if (!lesson.has_value()) return;
  ranking_.Add(position, [&](timeline::Learning* learning) {
    timeline::Learn(*lesson, learning);
  });
}

template <typename Change>
void Lessons::TeachGrouping(uint64_t position, Change change) {
  grouping_.Add(position, [&](std::shared_ptr<const timeline::Affinity>* now) {
    auto next = std::make_shared<timeline::Affinity>(
        *now == nullptr ? timeline::Affinity() : **now);
    change(next.get());
    if (!next->empty()) *now = std::move(next);
  });
}

void Lessons::TakeSplit(const v1::CandidateDecision& decision) {
  const v1::Candidate& candidate = decision.candidate();
  if (candidate.splits().empty()) return;
  const v1::CandidateSplit& split = *candidate.splits().rbegin();
  const timeline::Sides sides = {PatternsOf(candidate, split.taken_event_ids()),
                                 PatternsOf(candidate, split.kept_event_ids())};
  TeachGrouping(decision.position(),
                [&](timeline::Affinity* affinity) { affinity->Part(sides); });
}

void Lessons::TakeMerge(const v1::CandidateDecision& decision) {
  const v1::Candidate& candidate = decision.candidate();
  if (candidate.merges().empty()) return;
  const v1::CandidateMerge& merge = *candidate.merges().rbegin();
  if (!IsSameMerge(merge, merge_)) {
    merge_ = merge;
    merge_sides_.clear();
  }
  merge_sides_.push_back(PatternsOf(candidate, merge.event_ids()));
  if (merge_sides_.size() != static_cast<size_t>(merge.candidate_ids_size())) {
    return;
  }
  TeachGrouping(decision.position(), [&](timeline::Affinity* affinity) {
    affinity->Join(merge_sides_);
  });
}

Learnt Lessons::ForgetThrough(uint64_t position) {
  ranking_.ForgetThrough(position);
  grouping_.ForgetThrough(position);
  Learnt learnt;
  learnt.ranking = ranking_.Before(position + 1);
  const auto& grouping = grouping_.Before(position + 1);
  if (grouping != nullptr) learnt.grouping = *grouping;
  return learnt;
}

}  // namespace secondstory::ingest
