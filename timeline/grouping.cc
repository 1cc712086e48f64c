#include "timeline/grouping.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "timeline/phrase.h"

namespace secondstory::timeline {
namespace {

// Time: at once speaks for joining, and every doubling of the wait, from some
// minutes on, against it.
constexpr double kAtOnce = 2.0;
constexpr double kPerLogWait = 2.5;
constexpr double kWaitMinutes = 5.5;

// The group's own rhythm: a wait that is like one between earlier bursts speaks
// for joining, another one against it, the more the more of them there were.
// Alike is a quarter more or less: those who evaluate rules every few minutes
// are not punctual.
constexpr double kRhythm = 2.0;
constexpr double kAlikeLog = 0.25;

// A report of the same or a neighbouring service needs no rhythm, but a group
// that goes on: that speaks for joining, less as the time goes by in which the
// group may be quiet, from half of it on against it, and in the end as much
// against it as it spoke for it at first.
constexpr double kGoesOn = 1.5;

// Place: the same service, a caller or called one, two steps away, further,
// not connected, not known to the graph.
constexpr double kAtDistance[] = {0.8, 0.4, 0.0, -0.2, -3.0, -2.4};
// The more services there are, the more troubles begin at one time that have
// nothing to do with each other, and in a large organisation all services are
// connected somehow. From so many on, far speaks against joining as much as
// foreign troubles are more frequent.
constexpr double kFewServices = 50;
// One of the two does not say its service.
constexpr double kPlaceUnknown = -0.3;

// The very same alert: one that resolved and fires again is flapping, and one
// that is told again at once was told by a second evaluator. But an alert that
// still fires cannot fire: when it is said to, among others that still fire,
// that is another occurrence and speaks for another group. Alone in its group
// it is an alert of which nobody says when it resolves.
constexpr double kFlaps = 2.0;
constexpr double kFiresAlready = -12.0;
constexpr absl::Duration kRepeatWithin = absl::Minutes(1);
constexpr double kSameAlert = 0.5;
constexpr double kOtherEnvironment = -2.0;
constexpr double kLabelEqual = 0.3;
constexpr double kLabelOther = -1.5;
constexpr double kLabelsMax = 2.0;
constexpr double kWordsShared = 0.8;
// What a symptom can bring at most: by its place; and beside time and place,
// by flapping, labels and words.
constexpr double kPlaceMax = 0.8;
constexpr double kBesidesMax = kFlaps + kLabelsMax + kWordsShared;

// Bounds of what a group remembers.
constexpr size_t kGapCountMax = 32;
constexpr size_t kServiceCountMax = 64;
constexpr size_t kNameCountMax = 64;
constexpr size_t kOccurrenceCountMax = 1024;
constexpr size_t kLabelValueCountMax = 16;
constexpr size_t kWordCountMax = 256;
constexpr size_t kPatternCountMax = 64;

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
  const Arrival& symptom;
  const Group& group;
  const Topology& topology;

  absl::Duration Wait() const {
    return symptom.event().event_time - group.last_;
  }

  double Time() const {
    const double wait = absl::ToDoubleMinutes(Wait()) / kWaitMinutes;
    const double time =
        kAtOnce - kPerLogWait * std::log1p(wait * wait) + Rhythm();
    return IsReportNearby() ? std::max(time, GoingOn()) : time;
  }

  double Rhythm() const {
    if (group.gaps_.empty() || Wait() <= kBurst) return 0;
    const double gap = std::log(absl::ToDoubleMinutes(Wait()));
    const auto alike = std::lower_bound(group.gaps_.begin(), group.gaps_.end(),
                                        gap - kAlikeLog);
    const bool is_alike =
        alike != group.gaps_.end() && *alike <= gap + kAlikeLog;
    const auto known = static_cast<double>(group.gaps_.size());
    return (is_alike ? kRhythm : -kRhythm) * known / (known + 1);
  }

  bool IsReportNearby() const {
    int distance;
    return symptom.event().kind == EventKind::kUserReport &&
           Nearest(&distance) != nullptr && distance <= 1;
  }

  double GoingOn() const {
    const absl::Duration since =
        symptom.event().event_time - group.QuietSince();
    return kGoesOn * (1 - 2 * absl::FDivDuration(since, group.MayBeQuiet()));
  }

  // False whatever speaks for it.
  bool MayJoin() const {
    const absl::Time time = symptom.event().event_time;
    return time <= group.ClosesAt() &&
           (Wait() <= kGroupQuiet || IsReportNearby());
  }

  // The nearest service of the group, the latest of several; null when there is
  // none to compare with.
  const Group::Service* Nearest(int* distance) const {
    const Group::Service* nearest = nullptr;
    *distance = Topology::kUnknown + 1;
    if (symptom.event().service.empty()) return nullptr;
    for (const auto& seen : group.services_) {
      const int at = DistanceTo(seen);
      if (at < *distance || (at == *distance && seen.last >= nearest->last)) {
        nearest = &seen;
        *distance = at;
      }
    }
    return nearest;
  }

  int DistanceTo(const Group::Service& seen) const {
    const bool both = symptom.node >= 0 && seen.node >= 0;
    if (both) return topology.DistanceOfNodes(symptom.node, seen.node);
    return symptom.event().service == seen.name ? 0 : Topology::kUnknown;
  }

  double Place() const {
    int distance;
    if (Nearest(&distance) == nullptr) return kPlaceUnknown;
    if (distance != Topology::kFar) return kAtDistance[distance];
    const auto connected =
        static_cast<double>(topology.CountConnected(symptom.node));
    return kAtDistance[distance] -
           std::log(std::max(1.0, connected / kFewServices));
  }

  double Name() const {
    if (const auto* same = group.Find(symptom.known->occurrence)) {
      const absl::Duration since = symptom.event().event_time - same->last;
      const bool alone = group.occurrences_.size() == 1;
      return !same->fires || alone || since <= kRepeatWithin ? kFlaps
                                                             : kFiresAlready;
    }
    return ContainsSorted(group.names_, AlertName(symptom.event())) ? kSameAlert
                                                                    : 0;
  }

  double Environment() const {
    return !symptom.event().environment.empty() &&
                   !group.environment_.empty() &&
                   symptom.event().environment != group.environment_
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
    for (const auto& [key, value] : symptom.event().labels) {
      if (IsGradeLabel(key) || key == "alertname") continue;
      const std::vector<std::string>* values = FindValues(key);
      if (values == nullptr) continue;
      sum += ContainsSorted(*values, value) ? kLabelEqual : kLabelOther;
    }
    return std::clamp(sum, -kLabelsMax, kLabelsMax);
  }

  std::vector<Word> SharedWords() const {
    std::vector<Word> shared;
    std::set_intersection(symptom.known->words.begin(),
                          symptom.known->words.end(), group.words_.begin(),
                          group.words_.end(), std::back_inserter(shared));
    return shared;
  }

  double Words() const {
    const std::vector<Word>& words = symptom.known->words;
    if (words.empty()) return 0;
    const auto shared = std::count_if(
        words.begin(), words.end(),
        [&](Word word) { return ContainsSorted(group.words_, word); });
    return kWordsShared * static_cast<double>(shared) /
           static_cast<double>(words.size());
  }

  double Taught() const {
    return symptom.affinity == nullptr
               ? 0
               : symptom.affinity->Weigh(symptom.known->pattern,
                                         group.patterns_);
  }

  double BesideTime(double place) const {
    return place + Name() + Environment() + Labels() + Words() + Taught();
  }

  std::vector<std::string> Describe() const {
    std::vector<std::string> reasons;
    for (std::string reason :
         {DescribePlace(), DescribeName(), DescribeTaught(), DescribeTime()}) {
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
      const std::string& service = symptom.event().service;
      const bool calls = topology.Calls(service, nearest->name);
      const bool called = topology.Calls(nearest->name, service);
      return absl::StrCat(calls && called ? "connected with "
                          : calls         ? "calls "
                                          : "called by ",
                          nearest->name);
    }
    return distance == 2 ? absl::StrCat("two calls from ", nearest->name) : "";
  }

  std::string DescribeName() const {
    const bool is_alert = symptom.event().kind == EventKind::kAlertFired;
    const double name = Name();
    if (name == kFlaps || name == kFiresAlready) {
      return is_alert ? "the same alert again" : "the same report again";
    }
    if (name == kSameAlert) {
      return is_alert ? "same alert as before" : "same report as before";
    }
    const std::vector<Word> shared = SharedWords();
    if (shared.empty()) return "";
    std::string word = FindWord(symptom.event().title, shared.front());
    if (word.empty())
      word = FindWord(AlertName(symptom.event()), shared.front());
    return word.empty() ? "" : absl::StrCat("also names `", word, "`");
  }

  std::string DescribeTaught() const {
    return Taught() > 0 ? "people put such together before" : "";
  }

  std::string DescribeTime() const {
    const char* before = group.last_kind_ == EventKind::kAlertFired
                             ? "the alert before it"
                             : "the report before it";
    if (Wait() < absl::Seconds(1))
      return absl::StrCat("at the same time as ", before);
    return absl::StrCat(
        IsReportNearby() && group.StillFires() ? "an alert still fires; " : "",
        DescribeDuration(Wait()), " after ", before,
        Rhythm() > 0 ? ", as far apart as others" : "");
  }
};

Group::Group(const Arrival& first)
    : onset_(first.event().event_time),
      last_(first.event().event_time),
      active_(first.event().event_time) {
  Add(first);
}

void Group::Add(const Arrival& symptom) {
  const Event& event = symptom.event();
  AddGap(event.event_time - last_);
  ++count_;
  const bool is_alert = event.kind == EventKind::kAlertFired;
  last_ = event.event_time;
  active_ = std::max(active_, last_);
  last_kind_ = event.kind;
  if (environment_.empty()) environment_ = event.environment;
  if (!event.service.empty()) {
    AddService({event.service, symptom.node, event.event_time, is_alert});
  }
  const absl::string_view name = AlertName(event);
  if (!ContainsSorted(names_, name)) {
    InsertSorted(&names_, std::string(name), kNameCountMax);
  }
  AddOccurrence({symptom.known->occurrence, event.event_time, is_alert});
  for (const auto& [key, value] : event.labels) {
    if (IsGradeLabel(key) || key == "alertname") continue;
    InsertSorted(ValuesOf(key), value, kLabelValueCountMax);
  }
  for (Word word : symptom.known->words) {
    InsertSorted(&words_, word, kWordCountMax);
  }
  InsertSorted(&patterns_, symptom.known->pattern, kPatternCountMax);
}

void Group::Reopen(absl::Time time) {
  onset_ = time;
  last_ = time;
  active_ = std::max(active_, time);
  gaps_.clear();
}

void Group::AddGap(absl::Duration gap) {
  if (gap <= kBurst || gaps_.size() == kGapCountMax) return;
  const double log = std::log(absl::ToDoubleMinutes(gap));
  gaps_.insert(std::upper_bound(gaps_.begin(), gaps_.end(), log), log);
}

void Group::AddService(const Service& service) {
  auto at = std::find_if(
      services_.begin(), services_.end(),
      [&](const Service& mine) { return mine.name == service.name; });
  if (at != services_.end()) {
    at->last = std::max(at->last, service.last);
    at->alerted = at->alerted || service.alerted;
  } else if (services_.size() < kServiceCountMax) {
    services_.push_back(service);
  }
}

// The later one of the same says whether it fires.
void Group::AddOccurrence(const Occurrence& occurrence) {
  auto at = Seek(occurrences_, occurrence.id);
  if (at != occurrences_.end() && at->id == occurrence.id) {
    if (occurrence.last < at->last) return;
    firing_count_ -= at->fires ? 1 : 0;
    *at = occurrence;
  } else if (occurrences_.size() < kOccurrenceCountMax) {
    occurrences_.insert(at, occurrence);
  } else {
    return;
  }
  firing_count_ += occurrence.fires ? 1 : 0;
}

std::vector<std::string>* Group::ValuesOf(const std::string& key) {
  auto at = std::find_if(labels_.begin(), labels_.end(),
                         [&](const auto& known) { return known.first == key; });
  if (at == labels_.end()) at = labels_.insert(at, {key, {}});
  return &at->second;
}

const Group::Occurrence* Group::Find(uint64_t occurrence) const {
  auto at = Seek(occurrences_, occurrence);
  return at != occurrences_.end() && at->id == occurrence ? &*at : nullptr;
}

bool Group::Has(uint64_t occurrence) const {
  return Find(occurrence) != nullptr;
}

void Group::Resolve(uint64_t occurrence, absl::Time time) {
  auto at = Seek(occurrences_, occurrence);
  if (at == occurrences_.end() || at->id != occurrence || !at->fires) return;
  at->fires = false;
  --firing_count_;
  active_ = std::max(active_, time);
}

void Group::Absorb(const Group& other) {
  for (double gap : other.gaps_) {
    if (gaps_.size() == kGapCountMax) break;
    gaps_.insert(std::upper_bound(gaps_.begin(), gaps_.end(), gap), gap);
  }
  onset_ = std::min(onset_, other.onset_);
  if (last_ < other.last_) last_kind_ = other.last_kind_;
  last_ = std::max(last_, other.last_);
  active_ = std::max(active_, other.active_);
  count_ += other.count_;
  if (environment_.empty()) environment_ = other.environment_;
  for (const Service& service : other.services_) AddService(service);
  for (const std::string& name : other.names_) {
    InsertSorted(&names_, name, kNameCountMax);
  }
  for (const Occurrence& each : other.occurrences_) AddOccurrence(each);
  for (const auto& [key, values] : other.labels_) {
    for (const std::string& value : values) {
      InsertSorted(ValuesOf(key), value, kLabelValueCountMax);
    }
  }
  for (Word word : other.words_) InsertSorted(&words_, word, kWordCountMax);
  for (uint64_t pattern : other.patterns_) {
    InsertSorted(&patterns_, pattern, kPatternCountMax);
  }
}

// Those of one burst say the same thing in part, so that the evidence of four
// counts twice that of one, not four times.
double WeighJoining(absl::Span<const Arrival> together, const Group& group,
                    const Topology& topology) {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  const auto count = static_cast<double>(together.size());
  double time = 0;
  double besides_max = kBesidesMax;
  bool may_join = false;
  for (const Arrival& symptom : together) {
    const Weigher weigher{symptom, group, topology};
    may_join = may_join || weigher.MayJoin();
    time += weigher.Time() / count;
    if (symptom.affinity != nullptr) besides_max = kBesidesMax + kAffinityMax;
  }
  const auto may_be_more = [&](double beside) {
    return time + beside / std::sqrt(count) > 0;
  };
  if (!may_join || !may_be_more((kPlaceMax + besides_max) * count)) {
    return kNever;
  }
  // Most groups that come into question are those of foreign services.
  absl::InlinedVector<double, 8> places;
  double place = 0;
  for (const Arrival& symptom : together) {
    places.push_back(Weigher{symptom, group, topology}.Place());
    place += places.back();
  }
  if (!may_be_more(place + besides_max * count)) return kNever;
  double beside = 0;
  for (size_t i = 0; i < together.size(); ++i) {
    beside += Weigher{together[i], group, topology}.BesideTime(places[i]);
  }
  return time + beside / std::sqrt(count);
}

std::string DescribeJoining(const Arrival& symptom, const Group& group,
                            const Topology& topology) {
  return absl::StrJoin(Weigher{symptom, group, topology}.Describe(), "; ");
}

}  // namespace secondstory::timeline
