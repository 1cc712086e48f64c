#include "timeline/grouping.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "timeline/phrase.h"

namespace secondstory::timeline {
namespace {

// Time: at once speaks for joining, and every doubling of the wait, counted in
// the group's own rhythm, against it.
constexpr double kAtOnce = 2.0;
constexpr double kPerLogWait = 3.0;
constexpr double kRhythmPriorMinutes = 5.5;
constexpr double kRhythmPriorWeight = 30;

// A report of the same or a neighbouring service needs no rhythm, but a group
// that goes on: that speaks for joining, less as the time goes by in which the
// group may be quiet, from half of it on against it, and in the end as much
// against it as it spoke for it at first.
constexpr double kGoesOn = 1.5;

// Place: the same service, a caller or called one, two steps away, further,
// not connected, not known to the graph.
constexpr double kAtDistance[] = {0.8, 0.4, 0.0, -0.2, -3.0, -2.4};
// One of the two does not say its service.
constexpr double kPlaceUnknown = -0.3;

// The very same alert: one that resolved and fires again is flapping, one that
// is told again at once is repeated. But an alert that still fires cannot fire:
// when it is said to after a while, that is another occurrence, and speaks for
// another group.
constexpr double kFlaps = 2.0;
constexpr double kFiresAlready = -4.0;
constexpr absl::Duration kRepeatWithin = absl::Minutes(3);
constexpr double kSameAlert = 0.6;
constexpr double kOtherEnvironment = -2.0;
constexpr double kLabelEqual = 0.3;
constexpr double kLabelOther = -0.8;
constexpr double kLabelsMax = 2.0;
constexpr double kWordsShared = 0.8;

// Bounds of what a group remembers.
constexpr size_t kServiceCountMax = 64;
constexpr size_t kNameCountMax = 64;
constexpr size_t kOccurrenceCountMax = 1024;
constexpr size_t kLabelValueCountMax = 16;
constexpr size_t kWordCountMax = 256;

template <typename T>
void InsertSorted(std::vector<T>* sorted, const T& value, size_t count_max) {
  auto at = std::lower_bound(sorted->begin(), sorted->end(), value);
  if (at != sorted->end() && *at == value) return;
  if (sorted->size() < count_max) sorted->insert(at, value);
}

template <typename T, typename U>
bool ContainsSorted(const std::vector<T>& sorted, const U& value) {
  auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  return at != sorted.end() && *at == value;
}

// Where `id` is or belongs in a vector sorted by the member `id`.
template <typename Occurrences>
auto Seek(Occurrences& occurrences, uint64_t id) {
  return std::lower_bound(
      occurrences.begin(), occurrences.end(), id,
      [](const auto& occurrence, uint64_t b) { return occurrence.id < b; });
}

}  // namespace

// Reads a group for one symptom.
struct Weigher {
  const KnownEvent& symptom;
  const Group& group;
  const Topology& topology;

  double Time() const {
    const absl::Duration since = symptom.event.event_time - group.last_;
    const double wait = absl::ToDoubleMinutes(since) / group.mean_gap_minutes_;
    const double rhythm = kAtOnce - kPerLogWait * std::log1p(wait * wait);
    return IsReportNearby() ? std::max(rhythm, GoingOn()) : rhythm;
  }

  bool IsReportNearby() const {
    int distance;
    return symptom.event.kind == EventKind::kUserReport &&
           Nearest(&distance) != nullptr && distance <= 1;
  }

  double GoingOn() const {
    const absl::Duration since = symptom.event.event_time - group.QuietSince();
    return kGoesOn * (1 - 2 * absl::FDivDuration(since, group.MayBeQuiet()));
  }

  // False whatever speaks for it.
  bool MayJoin() const {
    const absl::Time time = symptom.event.event_time;
    return time <= group.ClosesAt() &&
           (time - group.last_ <= kGroupQuiet || IsReportNearby());
  }

  // The nearest service of the group, the latest of several; null when there is
  // none to compare with.
  const Group::Service* Nearest(int* distance) const {
    const Group::Service* nearest = nullptr;
    *distance = Topology::kUnknown + 1;
    if (symptom.event.service.empty()) return nullptr;
    for (const auto& seen : group.services_) {
      const int at = topology.Distance(symptom.event.service, seen.name);
      if (at < *distance || (at == *distance && seen.last >= nearest->last)) {
        nearest = &seen;
        *distance = at;
      }
    }
    return nearest;
  }

  double Place() const {
    int distance;
    return Nearest(&distance) == nullptr ? kPlaceUnknown
                                         : kAtDistance[distance];
  }

  double Name() const {
    if (const auto* same = group.Find(symptom.occurrence)) {
      const absl::Duration since = symptom.event.event_time - same->last;
      return !same->fires || since <= kRepeatWithin ? kFlaps : kFiresAlready;
    }
    return ContainsSorted(group.names_, AlertName(symptom.event)) ? kSameAlert
                                                                  : 0;
  }

  double Environment() const {
    return !symptom.event.environment.empty() && !group.environment_.empty() &&
                   symptom.event.environment != group.environment_
               ? kOtherEnvironment
               : 0;
  }

  const std::vector<std::string>* FindValues(const std::string& key) const {
    for (const auto& [known, values] : group.labels_) {
      if (known == key) return &values;
    }
    return nullptr;
  }

  double Labels() const {
    double sum = 0;
    for (const auto& [key, value] : symptom.event.labels) {
      if (IsGradeLabel(key) || key == "alertname") continue;
      const std::vector<std::string>* values = FindValues(key);
      if (values == nullptr) continue;
      sum += ContainsSorted(*values, value) ? kLabelEqual : kLabelOther;
    }
    return std::clamp(sum, -kLabelsMax, kLabelsMax);
  }

  std::vector<Word> SharedWords() const {
    std::vector<Word> shared;
    std::set_intersection(symptom.words.begin(), symptom.words.end(),
                          group.words_.begin(), group.words_.end(),
                          std::back_inserter(shared));
    return shared;
  }

  double Words() const {
    if (symptom.words.empty() || group.words_.empty()) return 0;
    return kWordsShared * static_cast<double>(SharedWords().size()) /
           static_cast<double>(symptom.words.size());
  }

  std::vector<std::string> Describe() const {
    std::vector<std::string> reasons;
    for (std::string reason :
         {DescribePlace(), DescribeName(), DescribeTime()}) {
      if (!reason.empty()) reasons.push_back(std::move(reason));
    }
    return reasons;
  }

  std::string DescribePlace() const {
    int distance;
    const Group::Service* nearest = Nearest(&distance);
    if (distance == 0) {
      return nearest->alerted ? "same service as an alert before"
                              : "same service as a report before";
    }
    if (distance == 1) {
      return topology.Calls(symptom.event.service, nearest->name)
                 ? absl::StrCat("calls ", nearest->name)
                 : absl::StrCat("called by ", nearest->name);
    }
    return distance == 2 ? absl::StrCat("two calls from ", nearest->name) : "";
  }

  std::string DescribeName() const {
    const bool is_alert = symptom.event.kind == EventKind::kAlertFired;
    const double name = Name();
    if (name == kFlaps || name == kFiresAlready) {
      return is_alert ? "the same alert again" : "the same report again";
    }
    if (name == kSameAlert) {
      return is_alert ? "same alert as before" : "same report as before";
    }
    const std::vector<Word> shared = SharedWords();
    if (shared.empty()) return "";
    std::string word = FindWord(symptom.event.title, shared.front());
    if (word.empty()) word = FindWord(AlertName(symptom.event), shared.front());
    return word.empty() ? "" : absl::StrCat("also names `", word, "`");
  }

  std::string DescribeTime() const {
    const char* before = group.last_kind_ == EventKind::kAlertFired
                             ? "the alert before it"
                             : "the report before it";
    const absl::Duration wait = symptom.event.event_time - group.last_;
    if (wait < absl::Seconds(1))
      return absl::StrCat("at the same time as ", before);
    return absl::StrCat(
        IsReportNearby() && group.StillFires() ? "an alert still fires; " : "",
        DescribeDuration(wait), " after ", before);
  }
};

Group::Group(const KnownEvent& first)
    : onset_(first.event.event_time),
      last_(first.event.event_time),
      active_(first.event.event_time),
      count_(0),
      mean_gap_minutes_(kRhythmPriorMinutes) {
  Add(first);
}

void Group::Add(const KnownEvent& symptom) {
  const Event& event = symptom.event;
  if (count_ > 0) {
    const double gap = absl::ToDoubleMinutes(event.event_time - last_);
    const double weight = static_cast<double>(count_) + kRhythmPriorWeight;
    mean_gap_minutes_ += (gap - mean_gap_minutes_) / weight;
  }
  ++count_;
  const bool is_alert = event.kind == EventKind::kAlertFired;
  last_ = event.event_time;
  active_ = std::max(active_, last_);
  last_kind_ = event.kind;
  if (environment_.empty()) environment_ = event.environment;
  if (!event.service.empty()) {
    auto at = std::find_if(
        services_.begin(), services_.end(),
        [&](const auto& seen) { return seen.name == event.service; });
    if (at != services_.end()) {
      at->last = event.event_time;
      at->alerted = at->alerted || is_alert;
    } else if (services_.size() < kServiceCountMax) {
      services_.push_back({event.service, event.event_time, is_alert});
    }
  }
  InsertSorted(&names_, std::string(AlertName(event)), kNameCountMax);
  auto same = Seek(occurrences_, symptom.occurrence);
  if (same != occurrences_.end() && same->id == symptom.occurrence) {
    *same = {symptom.occurrence, event.event_time, is_alert};
  } else if (occurrences_.size() < kOccurrenceCountMax) {
    occurrences_.insert(same, {symptom.occurrence, event.event_time, is_alert});
  }
  for (const auto& [key, value] : event.labels) {
    if (IsGradeLabel(key) || key == "alertname") continue;
    auto at =
        std::find_if(labels_.begin(), labels_.end(),
                     [&](const auto& known) { return known.first == key; });
    if (at == labels_.end()) at = labels_.insert(at, {key, {}});
    InsertSorted(&at->second, value, kLabelValueCountMax);
  }
  for (Word word : symptom.words) InsertSorted(&words_, word, kWordCountMax);
}

const Group::Occurrence* Group::Find(uint64_t occurrence) const {
  auto at = Seek(occurrences_, occurrence);
  return at != occurrences_.end() && at->id == occurrence ? &*at : nullptr;
}

bool Group::Has(uint64_t occurrence) const {
  return Find(occurrence) != nullptr;
}

bool Group::StillFires() const {
  return std::any_of(occurrences_.begin(), occurrences_.end(),
                     [](const Occurrence& each) { return each.fires; });
}

void Group::Resolve(uint64_t occurrence, absl::Time time) {
  auto at = Seek(occurrences_, occurrence);
  if (at == occurrences_.end() || at->id != occurrence || !at->fires) return;
  at->fires = false;
  active_ = std::max(active_, time);
}

void Group::Absorb(const Group& other) {
  const double together = static_cast<double>(count_ + other.count_);
  mean_gap_minutes_ += (other.mean_gap_minutes_ - mean_gap_minutes_) *
                       static_cast<double>(other.count_) / together;
  onset_ = std::min(onset_, other.onset_);
  if (last_ < other.last_) last_kind_ = other.last_kind_;
  last_ = std::max(last_, other.last_);
  active_ = std::max(active_, other.active_);
  count_ += other.count_;
  if (environment_.empty()) environment_ = other.environment_;
  for (const auto& seen : other.services_) {
    auto at =
        std::find_if(services_.begin(), services_.end(),
                     [&](const auto& mine) { return mine.name == seen.name; });
    if (at != services_.end()) {
      at->last = std::max(at->last, seen.last);
      at->alerted = at->alerted || seen.alerted;
    } else if (services_.size() < kServiceCountMax) {
      services_.push_back(seen);
    }
  }
  for (const std::string& name : other.names_) {
    InsertSorted(&names_, name, kNameCountMax);
  }
  for (const Occurrence& theirs : other.occurrences_) {
    auto mine = Seek(occurrences_, theirs.id);
    if (mine != occurrences_.end() && mine->id == theirs.id) {
      if (mine->last < theirs.last) *mine = theirs;
    } else if (occurrences_.size() < kOccurrenceCountMax) {
      occurrences_.insert(mine, theirs);
    }
  }
  for (const auto& [key, values] : other.labels_) {
    auto at = std::find_if(labels_.begin(), labels_.end(),
                           [&](const auto& mine) { return mine.first == key; });
    if (at == labels_.end()) at = labels_.insert(at, {key, {}});
    for (const std::string& value : values) {
      InsertSorted(&at->second, value, kLabelValueCountMax);
    }
  }
  for (Word word : other.words_) InsertSorted(&words_, word, kWordCountMax);
}

double WeighJoining(const KnownEvent& symptom, const Group& group,
                    const Topology& topology) {
  const Weigher weigher{symptom, group, topology};
  if (!weigher.MayJoin()) return -std::numeric_limits<double>::infinity();
  return weigher.Time() + weigher.Place() + weigher.Name() +
         weigher.Environment() + weigher.Labels() + weigher.Words();
}

std::string DescribeJoining(const KnownEvent& symptom, const Group& group,
                            const Topology& topology) {
  return absl::StrJoin(Weigher{symptom, group, topology}.Describe(), "; ");
}

}  // namespace secondstory::timeline
