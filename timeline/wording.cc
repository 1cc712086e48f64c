#include "timeline/wording.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "timeline/vocabulary.h"

namespace secondstory::timeline {
namespace {

// A word in common comes as often out of the change as out of the blue.
constexpr double kOwnWords = 0.5;
// How much less a word says in a change of many words.
constexpr double kLength = 0.5;
// Words of one text are not independent of each other.
constexpr double kWordsShare = 0.5;
constexpr double kWordsMax = 6;
// What is expected before a look at the window weighs as much as so many
// changes.
constexpr double kChanceWeight = 10;

// The cosine of the traces, each weighed by how rare it is, counts so much.
constexpr double kTraces = 12.5;
// A change of average length has a norm of about this; and what is added, so
// that short texts are not taken at their word.
constexpr double kTraceNorm = 20;
constexpr double kTraceNormBeside = 3;

// That a change is of a subject that the symptoms speak of comes so often from
// the subject.
constexpr double kOwnSubject = 0.3;
constexpr int kSubjectBits = 32;

template <typename T>
void AppendWords(const std::vector<T>& words, std::vector<T>* all) {
  all->insert(all->end(), words.begin(), words.end());
}

// The texts of a symptom that are still there.
template <typename Visit>
void ForEachText(const Event& event, Visit visit) {
  visit(absl::string_view(event.title));
  if (const absl::string_view name = FindLabel(event, "alertname");
      name != event.title) {
    visit(name);
  }
  ForEachName(event, visit);
}

template <typename T>
void AddShared(const std::vector<T>& own, const SortedSet<T>& others,
               std::vector<int>* counts, Places* shared) {
  for (T value : own) {
    const size_t at = others.Find(value);
    if (at == SortedSet<T>::kAbsent) continue;
    shared->Add(static_cast<uint32_t>(at));
    ++(*counts)[at];
  }
  shared->EndList();
}

double LengthOf(size_t own, double mean) {
  return 1 - kLength + kLength * static_cast<double>(own) / mean;
}

}  // namespace

Wording::Wording(absl::Span<const KnownEvent* const> symptoms,
                 absl::Span<const KnownEvent* const> changes)
    : changes_(changes) {
  std::vector<Word> words;
  for (const KnownEvent* symptom : symptoms) {
    AppendWords(symptom->words, &words);
    AppendWords(symptom->name_words, &words);
  }
  words_.Assign(std::move(words));
  word_subjects_.resize(words_.size());
  SpellSymptoms(symptoms);
  word_count_.resize(words_.size());
  trace_count_.resize(traces_.size());
  subject_count_.resize(kSubjectBits);
  double word_total = 0;
  double trace_total = 0;
  for (const KnownEvent* change : changes) {
    const ChangeProfile& profile = change->profile;
    word_total += static_cast<double>(profile.words.size());
    trace_total += static_cast<double>(profile.traces.size());
    AddShared(profile.words, words_, &word_count_, &shared_words_);
    AddShared(profile.traces, traces_, &trace_count_, &shared_traces_);
    size_t bit = 0;
    for (uint32_t left = profile.subjects; left != 0; left >>= 1, ++bit) {
      subject_count_[bit] += static_cast<int>(left & 1u);
    }
  }
  const double count = static_cast<double>(changes.size());
  mean_word_count_ = std::max(1.0, word_total / std::max(1.0, count));
  mean_trace_count_ = std::max(1.0, trace_total / std::max(1.0, count));
  double squares = 0;
  for (int seen : trace_count_) {
    const double rare = seen == 0 ? 0 : std::log((count + 1) / (seen + 0.5));
    trace_weight_.push_back(rare * rare);
    squares += rare * rare;
  }
  trace_norm_ = std::sqrt(squares) + kTraceNormBeside;
}

// Most words of most symptoms are those of others before.
void Wording::SpellSymptoms(absl::Span<const KnownEvent* const> symptoms) {
  std::vector<Trace> traces;
  absl::flat_hash_set<absl::string_view> texts;
  absl::flat_hash_set<Word> seen;
  for (const KnownEvent* symptom : symptoms) {
    ForEachText(symptom->event, [&](absl::string_view text) {
      if (!texts.insert(text).second) return;
      ForEachWord(text, [&](absl::string_view word, Word hash) {
        if (!seen.insert(hash).second) return;
        const auto place = static_cast<uint32_t>(spelled_.size());
        spelled_.emplace_back(word);
        const size_t known = traces.size();
        AppendTraces(word, &traces);
        for (size_t i = known; i < traces.size(); ++i) {
          spelled_with_.emplace_back(traces[i], place);
        }
        const uint32_t subjects = SubjectsOf(StemOf(word));
        if (subjects == 0) return;
        subjects_ |= subjects;
        const size_t at = words_.Find(hash);
        if (at != SortedSet<Word>::kAbsent) word_subjects_[at] |= subjects;
      });
    });
  }
  traces_.Assign(std::move(traces));
  std::sort(spelled_with_.begin(), spelled_with_.end());
}

double Wording::ScoreTraces(size_t index) const {
  double sum = 0;
  for (uint32_t at : shared_traces_[index]) sum += trace_weight_[at];
  const double length =
      static_cast<double>(changes_[index]->profile.traces.size()) /
      mean_trace_count_;
  const double norm = kTraceNorm * std::sqrt(length) + kTraceNormBeside;
  return kTraces * sum / (trace_norm_ * norm);
}

Wording::Words Wording::WeighWords(size_t index, absl::string_view apart,
                                   bool with_shared) const {
  Words result;
  const std::vector<Word> weighed =
      apart.empty() ? std::vector<Word>() : WordsOf({apart});
  const double count = static_cast<double>(changes_.size());
  const double length =
      LengthOf(changes_[index]->profile.words.size(), mean_word_count_);
  double sum = 0;
  for (uint32_t at : shared_words_[index]) {
    const Word word = words_.values()[at];
    if (std::binary_search(weighed.begin(), weighed.end(), word)) continue;
    const double chance = (word_count_[at] + 0.5) / (count + kChanceWeight);
    const double surprise = 1 / (length * chance);
    if (surprise <= 1) continue;
    const double log_odds = std::log(1 - kOwnWords + kOwnWords * surprise);
    if (with_shared) result.shared.push_back({log_odds, word});
    sum += log_odds;
  }
  std::sort(result.shared.begin(), result.shared.end(),
            [](const Shared& a, const Shared& b) {
              return std::tie(b.log_odds, a.word) <
                     std::tie(a.log_odds, b.word);
            });
  const double same = std::min(kWordsShare * sum, kWordsMax);
  // A service that alerted and changed is akin to itself.
  const double akin = weighed.empty() || sum > 0 ? ScoreTraces(index) : 0;
  result.log_odds = same + akin;
  result.is_akin = akin > same;
  return result;
}

Wording::Kin Wording::FindKin(size_t index) const {
  // The pair that has most traces in common; the first of several.
  Kin best;
  int most = 0;
  if (shared_traces_[index].empty()) return best;
  std::vector<int> common(spelled_.size());
  std::vector<Trace> traces;
  const auto consider = [&](absl::string_view own) {
    traces.clear();
    AppendTraces(own, &traces);
    const auto strange = [&](Trace trace) {
      return traces_.Find(trace) == SortedSet<Trace>::kAbsent;
    };
    traces.erase(std::remove_if(traces.begin(), traces.end(), strange),
                 traces.end());
    if (traces.empty()) return;
    SortUnique(&traces);
    std::fill(common.begin(), common.end(), 0);
    for (Trace trace : traces) {
      for (auto at =
               std::lower_bound(spelled_with_.begin(), spelled_with_.end(),
                                std::make_pair(trace, uint32_t{0}));
           at != spelled_with_.end() && at->first == trace; ++at) {
        ++common[at->second];
      }
    }
    for (size_t i = 0; i < common.size(); ++i) {
      if (common[i] <= most || own == spelled_[i]) continue;
      most = common[i];
      best = {std::string(own), spelled_[i]};
    }
  };
  const auto consider_all = [&](absl::string_view text) {
    ForEachWord(text, consider);
  };
  consider_all(changes_[index]->event.title);
  if (most == 0) ForEachName(changes_[index]->event, consider_all);
  return best;
}

Wording::Subject Wording::WeighSubject(size_t index) const {
  Subject result;
  // A word in common is weighed as a word.
  uint32_t left = changes_[index]->profile.subjects & subjects_;
  for (uint32_t at : shared_words_[index]) left &= ~word_subjects_[at];
  const double count = static_cast<double>(changes_.size());
  double most = 0;
  for (int bit = 0; left >> bit != 0; ++bit) {
    if ((left >> bit & 1u) == 0) continue;
    const double chance = (subject_count_[static_cast<size_t>(bit)] + 0.5) /
                          (count + kChanceWeight);
    if (chance >= 1) continue;
    const double log_odds = std::log(1 - kOwnSubject + kOwnSubject / chance);
    result.log_odds += log_odds;
    if (log_odds > most) {
      most = log_odds;
      result.subject = 1u << bit;
    }
  }
  return result;
}

}  // namespace secondstory::timeline
