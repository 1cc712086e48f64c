#include "timeline/learning.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace secondstory::timeline {
namespace {

constexpr absl::string_view kVersion = "2";
constexpr double kRate = 0.02;
constexpr double kPull = 0.1;
// A judgement says less than an outcome, so it moves so much less.
constexpr double kJudgementShare = 0.25;
constexpr double kStepMax = 1;
constexpr double kWeightMin = 0.5;
constexpr double kWeightMax = 2;
constexpr double kAnyChangeMax = 2;

struct RuleName {
  absl::string_view name;
  Rule rule;
};

constexpr RuleName kRuleNames[] = {
    {"lag", Rule::kLag},
    {"order", Rule::kOrder},
    {"frequency", Rule::kOrder},
    {"same_service", Rule::kPlace},
    {"neighbour", Rule::kPlace},
    {"elsewhere", Rule::kPlace},
    {"words", Rule::kWords},
    {"subject", Rule::kSubject},
    {"work", Rule::kWork},
    {"harmless", Rule::kWork},
    {"is_undo", Rule::kWork},
    {"rolled_back", Rule::kUndo},
    {"undone_before", Rule::kUndo},
    {"acted_on", Rule::kResponse},
    {"outside", Rule::kOutside},
};

using Amounts = std::array<double, kRuleCount>;

// Null for a rule that is not known.
const RuleName* FindRule(absl::string_view name) {
  for (const RuleName& each : kRuleNames) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

// What each rule says of the change; rules that are not known say nothing.
Amounts AmountsOf(const RankedChange& change) {
  Amounts amounts = {};
  for (const Evidence& evidence : change.evidence) {
    const RuleName* rule = FindRule(evidence.rule);
    if (rule == nullptr) continue;
    amounts[static_cast<size_t>(rule->rule)] += evidence.log_odds;
  }
  return amounts;
}

double Odds(const Amounts& amounts, const RankingWeights& weights) {
  double log_odds = weights.any_change;
  for (size_t i = 0; i < kRuleCount; ++i) {
    log_odds += weights.of[i] * amounts[i];
  }
  return std::exp(log_odds);
}

double Round(double value) { return std::round(value * 1e6) / 1e6; }

double Step(double weight, double middle, double gradient) {
  return kRate * (std::clamp(gradient, -kStepMax, kStepMax) -
                  kPull * (weight - middle));
}

void MoveAnyChange(double gradient, double share, RankingWeights* weights) {
  double& any = weights->any_change;
  any = Round(std::clamp(any + share * Step(any, 0, gradient), -kAnyChangeMax,
                         kAnyChangeMax));
}

absl::Status NotLearning(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "not what was learnt by version ", kVersion, " of the rule: \"", text,
      "\"; learn from the decisions again"));
}

}  // namespace

void Unweigh(const RankingWeights& weights,
             std::vector<RankedChange>* changes) {
  for (RankedChange& change : *changes) {
    for (Evidence& evidence : change.evidence) {
      const RuleName* rule = FindRule(evidence.rule);
      if (rule == nullptr) continue;
      // Ranking balances by "order", and so adds `any_change` there.
      if (evidence.rule == "order") evidence.log_odds -= weights.any_change;
      evidence.log_odds /= weights.of[static_cast<size_t>(rule->rule)];
    }
  }
}

void Learn(const Outcome& outcome, Learning* learning) {
  ++learning->decision_count;
  const absl::flat_hash_set<absl::string_view> confirmed(
      outcome.contributing_event_ids.begin(),
      outcome.contributing_event_ids.end());
  RankingWeights& weights = learning->weights;
  std::vector<Amounts> amounts;
  std::vector<double> odds;
  double total = 1;
  double confirmed_total = 0;
  for (const RankedChange& change : outcome.ranked_changes) {
    amounts.push_back(AmountsOf(change));
    odds.push_back(Odds(amounts.back(), weights));
    total += odds.back();
    if (confirmed.contains(change.event_id)) confirmed_total += odds.back();
  }
  if (!confirmed.empty() && confirmed_total <= 0) return;
  Amounts gradient = {};
  double any_gradient = 0;
  for (size_t i = 0; i < odds.size(); ++i) {
    double off = -odds[i] / total;
    if (confirmed.contains(outcome.ranked_changes[i].event_id)) {
      off += odds[i] / confirmed_total;
    }
    any_gradient += off;
    for (size_t rule = 0; rule < kRuleCount; ++rule) {
      gradient[rule] += off * amounts[i][rule];
    }
  }
  for (size_t rule = 0; rule < kRuleCount; ++rule) {
    double& weight = weights.of[rule];
    weight = Round(std::clamp(weight + Step(weight, 1, gradient[rule]),
                              kWeightMin, kWeightMax));
  }
  MoveAnyChange(any_gradient, 1, &weights);
}

void Learn(const Judgement& judgement, Learning* learning) {
  ++learning->decision_count;
  RankingWeights& weights = learning->weights;
  double odds = 0;
  for (const RankedChange& change : judgement.ranked_changes) {
    odds += Odds(AmountsOf(change), weights);
  }
  const double share =
      judgement.is_incident ? kOddsOfAnyChange / (1 + kOddsOfAnyChange) : 0;
  MoveAnyChange(share - odds / (1 + odds), kJudgementShare, &weights);
}

std::string FormatLearning(const Learning& learning) {
  std::string text = absl::StrCat("learning ", kVersion, " decisions ",
                                  learning.decision_count, " weights");
  for (double weight : learning.weights.of) {
    absl::StrAppendFormat(&text, " %.6f", weight);
  }
  absl::StrAppendFormat(&text, " any %.6f", learning.weights.any_change);
  return text;
}

absl::StatusOr<Learning> ParseLearning(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ' ');
  if (parts.size() != kRuleCount + 7 || parts[0] != "learning" ||
      parts[1] != kVersion || parts[2] != "decisions" ||
      parts[4] != "weights" || parts[kRuleCount + 5] != "any") {
    return NotLearning(text);
  }
  Learning learning;
  bool is_good = absl::SimpleAtoi(parts[3], &learning.decision_count);
  for (size_t i = 0; i < kRuleCount; ++i) {
    double& weight = learning.weights.of[i];
    is_good = is_good && absl::SimpleAtod(parts[5 + i], &weight) &&
              weight >= kWeightMin && weight <= kWeightMax;
  }
  double& any = learning.weights.any_change;
  is_good = is_good && absl::SimpleAtod(parts.back(), &any) &&
            std::fabs(any) <= kAnyChangeMax;
  if (!is_good) return NotLearning(text);
  return learning;
}

}  // namespace secondstory::timeline
