#include "timeline/ranking.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "timeline/phrase.h"

namespace secondstory::timeline {
namespace {

using Events = absl::Span<const KnownEvent* const>;

// Lag from a change to the onset, in minutes: log-normal. Published incidents
// have the median at 12 min, the third quartile at 88 min and the ninth decile
// at 6.5 h, which is a spread of 2.8 in the natural logarithm.
constexpr double kLagMedian = 12;
constexpr double kLagSpread = 2.8;
// Clocks and rounding make shorter lags all the same.
constexpr double kLagMin = 2;
// Of 35 published incidents, 29 name a change.
constexpr double kOddsOfAnyChange = 29.0 / 6;
// Counted beside the changes of the window, so that the only change of quiet
// days is not held for a rare event at once.
constexpr double kChangesBeside = 10;
// Of contributing changes, so many seem to come after the onset; evenly spread
// over the skew.
constexpr double kAfterOnset = 0.05;

// Which of the changes it was is told by their order as well as by the lag: in
// quiet hours the latest change may be long ago. The order takes over so much
// of what the lag says, and is weighed by so much of its own logarithm. It says
// nothing about whether any change contributed.
constexpr double kOrderForLag = 0.4;
constexpr double kOrder = 0.6;

// A word in common comes as often out of the change as out of the blue.
constexpr double kOwnWords = 0.5;
// How much less a word says in a change of many words.
constexpr double kLength = 0.5;
// Words of one text are not independent of each other.
constexpr double kWordsMax = 12;

// Where contributing changes were, seen from the services that alert: the same
// service, a caller or called one, two steps away, elsewhere; and, where the
// dependency graph does not say, in another service.
constexpr double kContributingAt[] = {0.40, 0.25, 0.10, 0.25, 0.75};
// And where any change would be by chance, which the window then corrects. What
// is expected before a look at it, of places and of words, weighs as much as so
// many changes.
constexpr double kChanceAt[] = {0.10, 0.15, 0.15, 0.60, 0.90};
constexpr int kElsewhereUnknown = 4;
constexpr double kChanceWeight = 10;

constexpr double kFrequency = 0.2;
// An undo that names the change; a roll-back of its service that names none,
// and which undoes the latest change of it so often, else an earlier one.
constexpr double kUndoneByName = 4;
constexpr double kUndoneService = 3;
constexpr double kUndoesLatest = 0.8;
constexpr double kHarmless = -1.2;
// An undo brings back what ran before, which seldom is the trouble.
constexpr double kIsUndo = -2;

// Symptoms beyond say nothing new and would cost.
constexpr size_t kSymptomCountMax = 64;

// Bytes must not depend on the last bit of a logarithm.
double Round(double value) { return std::round(value * 1e4) / 1e4; }

// What the symptoms say, gathered once for all changes.
struct Symptoms {
  absl::Time onset;
  absl::string_view noun;
  std::vector<absl::string_view> services;
  std::vector<Word> words;
};

Symptoms Gather(Events symptoms) {
  Symptoms all;
  all.onset = symptoms.front()->event.event_time;
  all.noun = symptoms.front()->event.kind == EventKind::kUserReport
                 ? "first report"
                 : "first alert";
  absl::flat_hash_set<absl::string_view> services;
  absl::flat_hash_set<uint64_t> occurrences;
  for (const KnownEvent* symptom : symptoms) {
    if (!occurrences.insert(symptom->occurrence).second) continue;
    if (occurrences.size() > kSymptomCountMax) break;
    const std::string& service = symptom->event.service;
    if (!service.empty() && services.insert(service).second) {
      all.services.push_back(service);
    }
    all.words.insert(all.words.end(), symptom->words.begin(),
                     symptom->words.end());
    all.words.insert(all.words.end(), symptom->name_words.begin(),
                     symptom->name_words.end());
  }
  std::sort(all.words.begin(), all.words.end());
  all.words.erase(std::unique(all.words.begin(), all.words.end()),
                  all.words.end());
  return all;
}

std::vector<Word> Union(const std::vector<Word>& a,
                        const std::vector<Word>& b) {
  std::vector<Word> all;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(),
                 std::back_inserter(all));
  return all;
}

bool IsUndo(const Event& event) {
  return event.kind == EventKind::kChangeRolledBack ||
         absl::StartsWithIgnoreCase(event.title, "revert ") ||
         !FindLabel(event, "reverts").empty();
}

// True when `undo` says that it undoes `change`.
bool NamesChange(const Event& undo, const KnownEvent& change) {
  const std::string& revision = change.event.change.revision;
  if (revision.size() >= 4) {
    if (undo.change.previous_revision == revision ||
        FindLabel(undo, "reverts") == revision ||
        absl::StrContains(undo.title, revision)) {
      return true;
    }
  }
  return change.event.title.size() >= 12 &&
         absl::StrContains(undo.title, change.event.title);
}

bool TouchesService(const Event& change, absl::string_view service) {
  return !service.empty() &&
         (change.service == service ||
          std::find(change.change.services.begin(),
                    change.change.services.end(),
                    service) != change.change.services.end());
}

bool IsHarmlessPath(absl::string_view path) {
  return absl::EndsWith(path, ".md") || absl::EndsWith(path, ".rst") ||
         absl::StartsWith(path, "docs/") || absl::StrContains(path, "/docs/") ||
         absl::StartsWith(path, "test") || absl::StrContains(path, "/test") ||
         absl::StrContains(path, "/spec/");
}

bool IsHarmless(const Event& event) {
  const std::vector<std::string>& paths = event.change.paths;
  return !paths.empty() &&
         std::all_of(paths.begin(), paths.end(), IsHarmlessPath);
}

// Adds evidence up. The sentences cost more than the sums, so they are written
// only for the changes that are listed in the end.
class Account {
 public:
  explicit Account(bool written) : written_(written) {}

  template <typename Text>
  void Add(absl::string_view rule, double log_odds, Text text) {
    const double rounded = Round(log_odds);
    log_odds_ += rounded;
    if (written_) evidence_.push_back({std::string(rule), text(), rounded});
  }

  double log_odds() const { return log_odds_; }

  // The weightiest first.
  std::vector<Evidence> TakeEvidence() {
    std::stable_sort(evidence_.begin(), evidence_.end(),
                     [](const Evidence& a, const Evidence& b) {
                       return std::fabs(a.log_odds) > std::fabs(b.log_odds);
                     });
    return std::move(evidence_);
  }

 private:
  const bool written_;
  double log_odds_ = 0;
  std::vector<Evidence> evidence_;
};

// Weighs the changes of one window against the symptoms of one candidate.
class Scale {
 public:
  // `changes`: all of them, also those after the onset that are not listed.
  Scale(Symptoms symptoms, Events changes, Events listed, Events undos,
        const Topology& topology, const RankingOptions& options)
      : symptoms_(std::move(symptoms)),
        changes_(changes),
        listed_(listed),
        undos_(undos),
        topology_(topology),
        options_(options) {
    CountWindow();
    FindServiceUndos();
    BalanceOrder();
  }

  // Everything that speaks for and against the change.
  Account Weigh(size_t index, bool written) const {
    Account account = WeighWithoutOrder(index, written);
    WeighOrder(index, &account);
    return account;
  }

 private:
  Account WeighWithoutOrder(size_t index, bool written) const {
    const KnownEvent& change = *listed_[index];
    Account account(written);
    WeighLag(change.event, &account);
    WeighPlace(index, &account);
    WeighWords(index, &account);
    WeighFrequency(change.event, &account);
    WeighUndo(index, &account);
    if (IsUndo(change.event)) {
      account.Add("is_undo", kIsUndo,
                  [] { return "undoes an earlier change"; });
    }
    if (IsHarmless(change.event)) {
      account.Add("harmless", kHarmless,
                  [] { return "touches only tests or documents"; });
    }
    return account;
  }

  void CountWindow() {
    const double count = static_cast<double>(listed_.size());
    for (const KnownEvent* change : listed_) {
      if (change->event.event_time <= symptoms_.onset) ++before_count_;
      words_.push_back(Union(change->words, change->name_words));
      word_total_ += static_cast<double>(words_.back().size());
      for (Word word : words_.back()) {
        if (std::binary_search(symptoms_.words.begin(), symptoms_.words.end(),
                               word)) {
          ++word_count_[word];
        }
      }
      place_.push_back(PlaceOf(change->event));
      ++service_count_[change->event.service];
    }
    for (int at = 0; at <= kElsewhereUnknown; ++at) {
      const double seen =
          static_cast<double>(std::count(place_.begin(), place_.end(), at));
      chance_at_[at] =
          (seen + kChanceAt[at] * kChanceWeight) / (count + kChanceWeight);
    }
  }

  // The order moves odds from change to change; their sum, against no change,
  // stays.
  void BalanceOrder() {
    double without = 0;
    double with = 0;
    for (size_t i = 0; i < listed_.size(); ++i) {
      const double log_odds =
          WeighWithoutOrder(i, /*written=*/false).log_odds();
      without += std::exp(log_odds);
      with += std::exp(log_odds + OrderOdds(i));
    }
    if (with > 0) order_balance_ = std::log(without / with);
  }

  // The distance from the change to the nearest service that alerts; -1 when
  // nobody says where one of them is.
  int PlaceOf(const Event& change) const {
    if (symptoms_.services.empty()) return -1;
    if (change.service.empty() && change.change.services.empty()) return -1;
    int nearest = Topology::kUnknown;
    for (absl::string_view service : symptoms_.services) {
      nearest = std::min(nearest, topology_.Distance(change.service, service));
      for (const std::string& touched : change.change.services) {
        nearest = std::min(nearest, topology_.Distance(touched, service));
      }
    }
    if (nearest == Topology::kUnknown) return kElsewhereUnknown;
    // Elsewhere is elsewhere, connected or not.
    return std::min(nearest, Topology::kFar);
  }

  // The log-odds of the lag alone.
  double LagOdds(const Event& change) const {
    const absl::Duration lag = symptoms_.onset - change.event_time;
    double density = kAfterOnset / absl::ToDoubleMinutes(options_.skew);
    if (lag >= absl::ZeroDuration()) {
      const double minutes = std::max(absl::ToDoubleMinutes(lag), kLagMin);
      const double z = std::log(minutes / kLagMedian) / kLagSpread;
      density =
          std::exp(-z * z / 2) / (minutes * kLagSpread * std::sqrt(2 * M_PI));
    }
    const double rate = (static_cast<double>(listed_.size()) + kChangesBeside) /
                        absl::ToDoubleMinutes(options_.lookback);
    return std::log(kOddsOfAnyChange * density / rate);
  }

  void WeighLag(const Event& change, Account* account) const {
    account->Add("lag", LagOdds(change), [&] {
      const absl::Duration lag = symptoms_.onset - change.event_time;
      return absl::StrCat(
          DescribeDuration(absl::AbsDuration(lag)),
          lag >= absl::ZeroDuration() ? " before the " : " after the ",
          symptoms_.noun);
    });
  }

  // Before it is balanced against the others.
  double OrderOdds(size_t index) const {
    const size_t between =
        index < before_count_ ? before_count_ - 1 - index : 0;
    return -kOrderForLag * LagOdds(listed_[index]->event) -
           kOrder * std::log1p(static_cast<double>(between));
  }

  void WeighOrder(size_t index, Account* account) const {
    account->Add("order", OrderOdds(index) + order_balance_, [&] {
      if (index >= before_count_) return std::string("shortly after it");
      const size_t between = before_count_ - 1 - index;
      return between == 0
                 ? std::string("the latest change before it")
                 : absl::StrCat(
                       DescribeCount(static_cast<int64_t>(between), "change"),
                       " came between");
    });
  }

  void WeighPlace(size_t index, Account* account) const {
    const int at = place_[index];
    if (at < 0) return;
    const Event& change = listed_[index]->event;
    const double log_odds = std::log(kContributingAt[at] / chance_at_[at]);
    if (at == 0) {
      account->Add("same_service", log_odds, [&] {
        return absl::StrCat("changes ", AlertingServiceOf(change),
                            ", which alerted");
      });
    } else if (at < Topology::kFar) {
      account->Add("neighbour", log_odds,
                   [&] { return DescribeNeighbour(change, at); });
    } else {
      account->Add("elsewhere", log_odds,
                   [] { return "changes no service that alerted"; });
    }
  }

  std::string AlertingServiceOf(const Event& change) const {
    for (absl::string_view service : symptoms_.services) {
      if (TouchesService(change, service)) return std::string(service);
    }
    return change.service;
  }

  std::string DescribeNeighbour(const Event& change, int at) const {
    for (absl::string_view service : symptoms_.services) {
      if (topology_.Distance(change.service, service) != at) continue;
      if (at == 2) {
        return absl::StrCat(change.service, " is two calls away from ", service,
                            ", which alerted");
      }
      return topology_.Calls(service, change.service)
                 ? absl::StrCat(service, ", which alerted, calls ",
                                change.service)
                 : absl::StrCat(change.service, " calls ", service,
                                ", which alerted");
    }
    return "changes a neighbour of a service that alerted";
  }

  void WeighWords(size_t index, Account* account) const {
    const std::vector<Word>& own = words_[index];
    // That it changes a service that alerted is weighed already.
    const std::vector<Word> weighed =
        place_[index] == 0 ? WordsOf({AlertingServiceOf(listed_[index]->event)})
                           : std::vector<Word>();
    std::vector<std::pair<double, Word>> shared;
    const double count = static_cast<double>(listed_.size());
    const double length =
        1 - kLength +
        kLength * static_cast<double>(own.size()) * count / word_total_;
    for (Word word : own) {
      if (std::binary_search(weighed.begin(), weighed.end(), word)) continue;
      auto counted = word_count_.find(word);
      if (counted == word_count_.end()) continue;
      const double chance = (counted->second + 0.5) / (count + kChanceWeight);
      const double surprise = 1 / (length * chance);
      if (surprise <= 1) continue;
      shared.emplace_back(std::log(1 - kOwnWords + kOwnWords * surprise), word);
    }
    if (shared.empty()) return;
    std::sort(shared.begin(), shared.end(), [](const auto& a, const auto& b) {
      return std::tie(b.first, a.second) < std::tie(a.first, b.second);
    });
    double sum = 0;
    for (const auto& [weight, word] : shared) sum += weight;
    account->Add("words", std::min(sum, kWordsMax),
                 [&] { return DescribeWords(*listed_[index], shared); });
  }

  // "touches `varnish`, named in the alert"
  std::string DescribeWords(
      const KnownEvent& change,
      const std::vector<std::pair<double, Word>>& shared) const {
    constexpr size_t kShown = 3;
    std::vector<std::string> shown;
    for (const auto& [weight, word] : shared) {
      if (shown.size() == kShown) break;
      shown.push_back(absl::StrCat("`", Spell(change.event, word), "`"));
    }
    return absl::StrCat("touches ", absl::StrJoin(shown, ", "),
                        ", named in the ",
                        symptoms_.noun == "first report" ? "report" : "alert");
  }

  static std::string Spell(const Event& event, Word word) {
    std::string found = FindWord(event.title, word);
    if (found.empty()) found = FindWord(event.service, word);
    for (const auto& [key, value] : event.labels) {
      if (found.empty()) found = FindWord(value, word);
    }
    for (const std::string& service : event.change.services) {
      if (found.empty()) found = FindWord(service, word);
    }
    for (const std::string& path : event.change.paths) {
      if (found.empty()) found = FindWord(path, word);
    }
    return found.empty() ? "its description" : found;
  }

  void WeighFrequency(const Event& change, Account* account) const {
    if (change.service.empty()) return;
    const int count = service_count_.find(change.service)->second;
    if (count < 2) return;
    account->Add("frequency", -kFrequency * std::log(count), [&] {
      return absl::StrCat(change.service, " changed ", count, " times in ",
                          DescribeDuration(options_.lookback));
    });
  }

  // Roll-backs that say neither by revision nor by title what they undo.
  void FindServiceUndos() {
    for (const KnownEvent* undo : undos_) {
      const Event& event = undo->event;
      if (event.kind != EventKind::kChangeRolledBack) continue;
      if (event.service.empty()) continue;
      if (!event.change.previous_revision.empty()) continue;
      if (!FindLabel(event, "reverts").empty()) continue;
      if (std::none_of(changes_.begin(), changes_.end(),
                       [&](const KnownEvent* change) {
                         return change != undo && NamesChange(event, *change);
                       })) {
        service_undos_.push_back(undo);
      }
    }
  }

  // One undo of the change, and what it says.
  struct Undo {
    const Event* event = nullptr;
    double log_odds = 0;
    int64_t between = 0;  // changes of the service
    bool is_named = false;
  };

  Undo FindUndo(const KnownEvent& change) const {
    Undo best;
    for (const KnownEvent* undo : undos_) {
      if (undo != &change && NamesChange(undo->event, change)) {
        return {&undo->event, kUndoneByName, 0, true};
      }
    }
    for (const KnownEvent* undo : service_undos_) {
      if (!TouchesService(change.event, undo->event.service)) continue;
      if (!IsBefore(change.event, undo->event)) continue;
      const int64_t between = CountBetween(change.event, undo->event);
      const double log_odds = ServiceUndoOdds(between);
      if (log_odds > best.log_odds) {
        best = {&undo->event, log_odds, between, false};
      }
    }
    return best;
  }

  // Of all that were between, one was undone with the share that is left.
  static double ServiceUndoOdds(int64_t between) {
    if (between == 0) return kUndoneService;
    return kUndoneService +
           std::log((1 - kUndoesLatest) / static_cast<double>(between));
  }

  // Changes of the service that came after `change` and before its roll-back.
  int64_t CountBetween(const Event& change, const Event& undo) const {
    return std::count_if(
        changes_.begin(), changes_.end(), [&](const KnownEvent* each) {
          return IsBefore(change, each->event) && IsBefore(each->event, undo) &&
                 TouchesService(each->event, undo.service);
        });
  }

  void WeighUndo(size_t index, Account* account) const {
    const Undo undo = FindUndo(*listed_[index]);
    if (undo.event == nullptr) return;
    account->Add("rolled_back", undo.log_odds, [&] {
      const std::string when = absl::StrCat(
          DescribeDuration(undo.event->event_time - symptoms_.onset),
          " after the ", symptoms_.noun);
      if (undo.is_named) return absl::StrCat("undone ", when);
      if (undo.between == 0) {
        return absl::StrCat("latest change of ", undo.event->service,
                            " before it was rolled back ", when);
      }
      return absl::StrCat(undo.event->service, " was rolled back ", when, ", ",
                          DescribeCount(undo.between, "change"),
                          " of it after this one");
    });
  }

  const Symptoms symptoms_;
  const Events changes_;
  const Events listed_;
  const Events undos_;
  std::vector<const KnownEvent*> service_undos_;
  const Topology& topology_;
  const RankingOptions& options_;
  std::vector<std::vector<Word>> words_;
  std::vector<int> place_;
  double chance_at_[kElsewhereUnknown + 1] = {};
  double word_total_ = 0;
  size_t before_count_ = 0;
  double order_balance_ = 0;
  absl::flat_hash_map<Word, int> word_count_;
  absl::flat_hash_map<absl::string_view, int> service_count_;
};

RankedChange Describe(const Event& event) {
  RankedChange change;
  change.event_id = event.id;
  change.source = event.source;
  change.source_event_id = event.source_event_id;
  change.event_time = event.event_time;
  change.append_time = event.append_time;
  change.service = event.service;
  change.title = std::string(DisplayTitle(event));
  change.revision = event.change.revision;
  change.url = event.change.url;
  return change;
}

// A start whose end is known too is one change, listed by its end.
bool IsSupersededStart(Events changes, const Event& start) {
  if (start.kind != EventKind::kChangeStarted) return false;
  return std::any_of(changes.begin(), changes.end(), [&](const auto* other) {
    return other->event.kind != EventKind::kChangeStarted &&
           other->event.service == start.service &&
           other->event.change.revision == start.change.revision &&
           IsBefore(start, other->event);
  });
}

std::string ExplainNoChange(const Ranking& ranking, size_t count,
                            absl::string_view noun,
                            const RankingOptions& options) {
  if (ranking.changes.empty()) {
    return absl::StrCat(
        "no change near the onset explains this: none is known "
        "from the ",
        DescribeDuration(options.lookback), " before the ", noun);
  }
  const RankedChange& first = ranking.changes.front();
  std::string lag;
  for (const Evidence& evidence : first.evidence) {
    if (evidence.rule == "lag") lag = evidence.text;
  }
  return ranking.no_change_score >= 0.5
             ? absl::StrCat("no change near the onset explains this well: of ",
                            count, ", the likeliest came ", lag)
             : absl::StrCat("of ", count, count == 1 ? " change" : " changes",
                            " near the onset, the likeliest to have "
                            "contributed came ",
                            lag);
}

}  // namespace

Ranking RankChanges(Events symptoms, Events changes, const Topology& topology,
                    const RankingOptions& options) {
  Symptoms gathered = Gather(symptoms);
  const absl::Time onset = gathered.onset;
  const absl::string_view noun = gathered.noun;
  std::vector<const KnownEvent*> all;
  std::vector<const KnownEvent*> listed;
  std::vector<const KnownEvent*> undos;
  for (const KnownEvent* change : changes) {
    const Event& event = change->event;
    if (IsSupersededStart(changes, event)) continue;
    all.push_back(change);
    const bool after = event.event_time > onset;
    if (after && IsUndo(event)) undos.push_back(change);
    if (after && event.kind == EventKind::kChangeRolledBack) continue;
    if (event.event_time > onset + options.skew) continue;
    if (event.event_time < onset - options.lookback) continue;
    listed.push_back(change);
  }
  const Scale scale(std::move(gathered), all, listed, undos, topology, options);
  double total = 1;  // the odds of "no change" against itself
  std::vector<std::pair<double, size_t>> odds;
  for (size_t i = 0; i < listed.size(); ++i) {
    odds.emplace_back(std::exp(scale.Weigh(i, /*written=*/false).log_odds()),
                      i);
    total += odds.back().first;
  }
  // The later one first where the evidence is equal.
  std::sort(odds.begin(), odds.end(), std::greater<>());
  const size_t kept = static_cast<size_t>(options.ranked_change_count_max);
  if (odds.size() > kept) odds.resize(kept);
  Ranking ranking;
  for (const auto& [own, index] : odds) {
    RankedChange change = Describe(listed[index]->event);
    change.score = Round(own / total);
    change.evidence = scale.Weigh(index, /*written=*/true).TakeEvidence();
    ranking.changes.push_back(std::move(change));
  }
  ranking.no_change_score = Round(1 / total);
  ranking.no_change_reason =
      ExplainNoChange(ranking, listed.size(), noun, options);
  return ranking;
}

}  // namespace secondstory::timeline
