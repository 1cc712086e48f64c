// What a change has in common with the symptoms by its words.
//
//   words    the same word, or words that are akin; a rare one says much and a
//            frequent one little
//   subject  other words of one subject: `mysql` where the alert says
//            `database`
#ifndef SECONDSTORY_TIMELINE_WORDING_H_
#define SECONDSTORY_TIMELINE_WORDING_H_

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "timeline/known_event.h"

namespace secondstory::timeline {

// A set that answers "surely not" at once: most words of most changes are in
// no symptom.
template <typename T>
class SortedSet {
 public:
  static constexpr size_t kAbsent = static_cast<size_t>(-1);

  void Assign(std::vector<T> values) {
    values_ = std::move(values);
    SortUnique(&values_);
    for (T value : values_) seen_.set(value % kBits);
  }
  // Its place in values(), or kAbsent.
  size_t Find(T value) const {
    if (!seen_.test(value % kBits)) return kAbsent;
    auto at = std::lower_bound(values_.begin(), values_.end(), value);
    if (at == values_.end() || *at != value) return kAbsent;
    return static_cast<size_t>(at - values_.begin());
  }
  const std::vector<T>& values() const { return values_; }
  size_t size() const { return values_.size(); }

 private:
  static constexpr size_t kBits = 1 << 15;
  std::vector<T> values_;
  std::bitset<kBits> seen_;
};

// What there is of each change of a window. It is made and thrown away with
// each ranking, so it is kept off the heap where a window is not unusually
// full.
inline constexpr size_t kUsualChangeCount = 128;
template <typename T>
using PerChange = absl::InlinedVector<T, kUsualChangeCount>;

// Lists of places, one after the other, each sorted: sums of rounded numbers
// depend on their order.
class Places {
 public:
  void Add(uint32_t place) { all_.push_back(place); }
  void EndList() {
    const size_t begin = ends_.empty() ? 0 : ends_.back();
    std::sort(all_.begin() + static_cast<std::ptrdiff_t>(begin), all_.end());
    ends_.push_back(all_.size());
  }

  absl::Span<const uint32_t> operator[](size_t index) const {
    const size_t begin = index == 0 ? 0 : ends_[index - 1];
    return absl::MakeConstSpan(all_).subspan(begin, ends_[index] - begin);
  }

 private:
  absl::InlinedVector<uint32_t, 4 * kUsualChangeCount> all_;
  PerChange<size_t> ends_;
};

// Compares the changes of one window with the symptoms of one candidate.
// Plain const after construction.
class Wording {
 public:
  // `changes` must outlive this.
  // Cost: the words and traces of the changes.
  Wording(absl::Span<const KnownEvent* const> symptoms,
          absl::Span<const KnownEvent* const> changes);

  struct Shared {
    double log_odds = 0;
    Word word = 0;
  };
  struct Words {
    double log_odds = 0;
    std::vector<Shared> shared;  // the weightiest first
    bool is_akin = false;        // what is akin weighs more than what is shared
  };
  // Of changes[index], without the words of `apart`, which are weighed already.
  // `shared` is left empty unless it is asked for.
  Words WeighWords(size_t index, absl::string_view apart,
                   bool with_shared) const;

  // A pair of akin words, the change's and the symptoms'; empty when there is
  // none of the same beginning.
  struct Kin {
    std::string own;
    std::string other;
  };
  Kin FindKin(size_t index) const;

  struct Subject {
    double log_odds = 0;
    uint32_t subject = 0;  // the rarest; 0 when there is none
  };
  Subject WeighSubject(size_t index) const;

 private:
  void SpellSymptoms(absl::Span<const KnownEvent* const> symptoms);
  double ScoreTraces(size_t index) const;

  const absl::Span<const KnownEvent* const> changes_;
  SortedSet<Word> words_;
  SortedSet<Trace> traces_;
  std::vector<std::string> spelled_;  // the symptoms' words, each once
  // Their traces, sorted, and the places in spelled_.
  std::vector<std::pair<Trace, uint32_t>> spelled_with_;
  std::vector<uint32_t> word_subjects_;  // beside words_
  uint32_t subjects_ = 0;
  std::vector<int> word_count_;   // changes that have it, beside words_
  std::vector<int> trace_count_;  // beside traces_
  std::vector<double> trace_weight_;
  std::vector<int> subject_count_;
  Places shared_words_;   // by change
  Places shared_traces_;  // by change
  double mean_word_count_ = 1;
  double mean_trace_count_ = 1;
  double trace_norm_ = 0;
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_WORDING_H_
