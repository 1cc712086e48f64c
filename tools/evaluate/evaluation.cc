#include "tools/evaluate/evaluation.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <random>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "timeline/assembler.h"

namespace secondstory::evaluate {
namespace {

constexpr int kResamples = 2000;
constexpr double kCalibration[] = {0,   0.03, 0.1, 0.2, 0.35,
                                   0.5, 0.65, 0.8, 0.9, 1.01};

// Uniform in [0, bound): std::uniform_int_distribution differs by library.
size_t Pick(std::mt19937_64* random, size_t bound) {
  return static_cast<size_t>((*random)() % bound);
}

Verdict Judge(const Incident& incident, const timeline::Candidate* candidate) {
  Verdict verdict;
  verdict.is_confirmed = incident.is_confirmed;
  verdict.has_change = !incident.contributing.empty();
  verdict.outcome.contributing_event_ids = incident.contributing;
  if (candidate == nullptr) return verdict;
  const absl::flat_hash_set<absl::string_view> contributing(
      incident.contributing.begin(), incident.contributing.end());
  verdict.no_change_score = candidate->no_change_score;
  verdict.outcome.ranked_changes = candidate->ranked_changes;
  int rank = 0;
  for (const timeline::RankedChange& change : candidate->ranked_changes) {
    ++rank;
    const bool is_it = contributing.contains(change.event_id);
    if (is_it && verdict.rank == 0) verdict.rank = rank;
    verdict.scores.emplace_back(change.score, is_it);
  }
  return verdict;
}

// Which candidate each event is in, by its place in `candidates`.
absl::flat_hash_map<std::string, size_t> PlacesOf(
    const std::vector<timeline::Candidate>& candidates) {
  absl::flat_hash_map<std::string, size_t> places;
  for (size_t i = 0; i < candidates.size(); ++i) {
    for (const timeline::TimelineLine& line : candidates[i].lines) {
      places.try_emplace(line.event_id, i);
      for (const std::string& id : line.repeat_event_ids) {
        places.try_emplace(id, i);
      }
    }
  }
  return places;
}

int64_t Pairs(int64_t count) { return count * (count - 1) / 2; }

// Symptoms of one incident, of one candidate, and of both, give the pairs.
void CountPairs(const History& history,
                const absl::flat_hash_map<std::string, size_t>& places,
                Assembled* assembled) {
  absl::flat_hash_map<size_t, int64_t> together;
  int64_t truly = 0;
  for (const Incident& incident : history.incidents) {
    truly += Pairs(static_cast<int64_t>(incident.symptoms.size()));
    absl::flat_hash_map<size_t, int64_t> own;
    for (const std::string& symptom : incident.symptoms) {
      const auto place = places.find(symptom);
      if (place == places.end()) continue;
      assembled->right += own[place->second]++;
      assembled->wrong += together[place->second]++;
    }
  }
  assembled->wrong -= assembled->right;
  assembled->missed = truly - assembled->right;
}

struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;
};

Interval Bootstrap(const std::vector<double>& values, uint64_t seed) {
  if (values.empty()) return {};
  std::mt19937_64 random(seed);
  const double count = static_cast<double>(values.size());
  std::vector<double> means;
  for (int i = 0; i < kResamples; ++i) {
    double sum = 0;
    for (size_t j = 0; j < values.size(); ++j) {
      sum += values[Pick(&random, values.size())];
    }
    means.push_back(sum / count);
  }
  std::sort(means.begin(), means.end());
  return {std::accumulate(values.begin(), values.end(), 0.0) / count,
          means[kResamples / 40], means[kResamples - 1 - kResamples / 40]};
}

std::string Describe(absl::string_view name, const Interval& interval) {
  return absl::StrFormat("  %-6s %.3f [%.3f, %.3f]\n", name, interval.mean,
                         interval.low, interval.high);
}

std::string DescribeAbstaining(const std::vector<Verdict>& verdicts) {
  std::vector<double> named;
  std::vector<double> none;
  for (const Verdict& verdict : verdicts) {
    (verdict.has_change ? named : none).push_back(1 - verdict.no_change_score);
  }
  std::string text =
      absl::StrFormat("none of these: %d name a change, %d name none; ",
                      named.size(), none.size());
  if (named.empty() || none.empty()) {
    return absl::StrCat(text, "both are needed for a figure\n");
  }
  double above = 0;
  for (double one : named) {
    for (double other : none) above += one > other ? 1 : one == other ? 0.5 : 0;
  }
  const double pairs =
      static_cast<double>(named.size()) * static_cast<double>(none.size());
  return absl::StrFormat("%sAUC %.3f\n", text, above / pairs);
}

std::string DescribeCalibration(const std::vector<Verdict>& verdicts) {
  std::string text = "scores against what was confirmed:\n";
  absl::StrAppend(&text, "  score from  changes  mean score  contributed\n");
  for (size_t bin = 0; bin + 1 < std::size(kCalibration); ++bin) {
    int64_t count = 0;
    double sum = 0;
    double hits = 0;
    for (const Verdict& verdict : verdicts) {
      for (const auto& [score, is_it] : verdict.scores) {
        if (score < kCalibration[bin] || score >= kCalibration[bin + 1]) {
          continue;
        }
        ++count;
        sum += score;
        hits += is_it ? 1 : 0;
      }
    }
    if (count == 0) continue;
    const double total = static_cast<double>(count);
    absl::StrAppendFormat(&text, "  %10.2f  %7d  %10.3f  %11.3f\n",
                          kCalibration[bin], count, sum / total, hits / total);
  }
  return text;
}

}  // namespace

Assembled Assemble(const History& history,
                   const timeline::RankingWeights& weights) {
  timeline::AssemblerOptions options;
  options.ranking.lookback = history.lookback;
  options.ranking.weights = weights;
  // The whole history is known at once, so nothing in it is late.
  options.lateness = absl::InfiniteDuration();
  timeline::Assembler assembler(options, history.topology);
  for (const timeline::Event& event : history.events) assembler.Add(event);
  const std::vector<timeline::Candidate> candidates = assembler.TakeChanged();
  const auto places = PlacesOf(candidates);
  Assembled assembled;
  for (const Incident& incident : history.incidents) {
    const auto place = places.find(incident.symptoms.front());
    assembled.verdicts.push_back(
        Judge(incident,
              place == places.end() ? nullptr : &candidates[place->second]));
  }
  CountPairs(history, places, &assembled);
  return assembled;
}

timeline::Learning LearnFrom(const std::vector<Verdict>& plain) {
  timeline::Learning learning;
  for (const Verdict& verdict : plain) {
    if (!verdict.is_confirmed) continue;
    timeline::Learn(verdict.outcome, &learning);
  }
  return learning;
}

std::vector<Verdict> CrossValidate(const History& history,
                                   const std::vector<Verdict>& plain, int folds,
                                   uint64_t seed) {
  std::vector<size_t> shuffled(plain.size());
  std::iota(shuffled.begin(), shuffled.end(), 0);
  std::mt19937_64 random(seed);
  for (size_t i = shuffled.size(); i > 1; --i) {
    std::swap(shuffled[i - 1], shuffled[Pick(&random, i)]);
  }
  std::vector<size_t> fold_of(plain.size());
  for (size_t i = 0; i < shuffled.size(); ++i) {
    fold_of[shuffled[i]] = i % static_cast<size_t>(folds);
  }
  std::vector<Verdict> verdicts(plain.size());
  for (size_t fold = 0; fold < static_cast<size_t>(folds); ++fold) {
    std::vector<Verdict> others;
    for (size_t i = 0; i < plain.size(); ++i) {
      if (fold_of[i] != fold) others.push_back(plain[i]);
    }
    Assembled learnt = Assemble(history, LearnFrom(others).weights);
    for (size_t i = 0; i < plain.size(); ++i) {
      if (fold_of[i] == fold) verdicts[i] = std::move(learnt.verdicts[i]);
    }
  }
  return verdicts;
}

std::string DescribeRanking(const std::vector<Verdict>& all, uint64_t seed) {
  std::vector<Verdict> verdicts;
  std::copy_if(all.begin(), all.end(), std::back_inserter(verdicts),
               [](const Verdict& verdict) { return verdict.is_confirmed; });
  std::vector<double> first;
  std::vector<double> third;
  std::vector<double> reciprocal;
  for (const Verdict& verdict : verdicts) {
    if (!verdict.has_change) continue;
    first.push_back(verdict.rank == 1 ? 1 : 0);
    third.push_back(verdict.rank >= 1 && verdict.rank <= 3 ? 1 : 0);
    reciprocal.push_back(verdict.rank == 0 ? 0 : 1.0 / verdict.rank);
  }
  return absl::StrCat(
      "ranking: ", first.size(), " incidents that name a change\n",
      Describe("top-1", Bootstrap(first, seed)),
      Describe("top-3", Bootstrap(third, seed)),
      Describe("MRR", Bootstrap(reciprocal, seed)),
      DescribeAbstaining(verdicts), DescribeCalibration(verdicts));
}

std::string DescribeGrouping(const Assembled& assembled) {
  const double right = static_cast<double>(assembled.right);
  const double precision =
      right == 0
          ? 0
          : right / static_cast<double>(assembled.right + assembled.wrong);
  const double recall =
      right == 0
          ? 0
          : right / static_cast<double>(assembled.right + assembled.missed);
  const double f1 =
      right == 0 ? 0 : 2 * precision * recall / (precision + recall);
  if (assembled.right + assembled.wrong + assembled.missed == 0) {
    return "grouping: no incident has two symptoms\n";
  }
  return absl::StrFormat(
      "grouping: pairs of symptoms: precision %.3f  recall %.3f  F1 %.3f\n",
      precision, recall, f1);
}

}  // namespace secondstory::evaluate
