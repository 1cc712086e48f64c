#include "timeline/ranking.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "timeline/phrase.h"
#include "timeline/vocabulary.h"
#include "timeline/wording.h"

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
// Counted beside the changes of the window, so that the only change of quiet
// days is not held for a rare event at once.
constexpr double kChangesBeside = 10;
// Of contributing changes, so many seem to come after the onset; evenly spread
// over the skew.
constexpr double kAfterOnset = 0.05;

// Which of the changes it was is told by their order as well as by the lag: in
// quiet hours the latest change may be long ago. The order takes over so much
// of what the lag says, and is weighed by so much of its own logarithm.
constexpr double kOrderForLag = 0.5;
constexpr double kOrder = 0.7;
constexpr double kFrequency = 0.1;

// Where contributing changes were, seen from the services that alert: the same
// service, a caller or called one, two steps away, elsewhere; and, where the
// dependency graph does not say, in another service.
constexpr double kContributingAt[] = {0.40, 0.25, 0.10, 0.25, 0.75};
// And where any change would be by chance, which the window then corrects. What
// is expected before a look at it weighs as much as so many changes.
constexpr double kChanceAt[] = {0.10, 0.15, 0.15, 0.60, 0.90};
constexpr int kElsewhereUnknown = 4;
constexpr double kChanceWeight = 10;

struct WorkOdds {
  Work work;
  double log_odds;
  absl::string_view text;
};

constexpr WorkOdds kWorkOdds[] = {
    {kReworks, 0.7, "switches or reworks something"},
    {kTunes, 0.7, "changes a limit or a size"},
    {kBroad, 0.5, "concerns many at once"},
    {kRoutine, -0.55, "routine work on hosts, access or monitoring"},
    {kFixes, -1.2, "mends something"},
};

constexpr double kHarmless = -1.2;
// An undo brings back what ran before, which seldom is the trouble.
constexpr double kIsUndo = -3;
constexpr double kUndoneBefore = -1.3;

// Symptoms beyond say nothing new and would cost.
constexpr size_t kSymptomCountMax = 64;

// Bytes must not depend on the last bit of a logarithm.
double Round(double value) { return std::round(value * 1e4) / 1e4; }

// What the symptoms say, gathered once for all changes.
struct Symptoms {
  absl::Time onset;
  absl::string_view noun;
  std::vector<absl::string_view> services;
  std::vector<const KnownEvent*> distinct;
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
    all.distinct.push_back(symptom);
  }
  return all;
}

// Adds evidence up. The sentences cost more than the sums, so they are written
// only for the changes that are listed in the end.
class Account {
 public:
  Account(const RankingWeights& weights, bool written)
      : weights_(weights), written_(written) {
    constexpr size_t kUsual = 8;
    if (written_) evidence_.reserve(kUsual);
  }

  template <typename Text>
  void Add(Rule rule, absl::string_view name, double log_odds, Text text) {
    const double rounded =
        Round(log_odds * weights_.of[static_cast<size_t>(rule)]);
    log_odds_ += rounded;
    if (!written_) return;
    const auto at =
        std::upper_bound(evidence_.begin(), evidence_.end(), rounded,
                         [](double a, const Evidence& b) {
                           return std::fabs(a) > std::fabs(b.log_odds);
                         });
    evidence_.insert(at, {std::string(name), std::string(text()), rounded});
  }

  double log_odds() const { return log_odds_; }
  bool written() const { return written_; }

  // The weightiest first.
  std::vector<Evidence> TakeEvidence() { return std::move(evidence_); }

 private:
  const RankingWeights& weights_;
  const bool written_;
  double log_odds_ = 0;
  std::vector<Evidence> evidence_;
};

// Weighs the changes of one window against the symptoms of one candidate.
class Scale {
 public:
  // `listed`: the changes to weigh, in the order of events. Everything must
  // outlive this.
  Scale(const Symptoms& symptoms, Events listed, const Aftermath& aftermath,
        const Topology& topology, const RankingOptions& options)
      : symptoms_(symptoms),
        listed_(listed),
        aftermath_(aftermath),
        topology_(topology),
        options_(options),
        wording_(symptoms.distinct, listed) {
    CountWindow();
    CountLater();
    for (const KnownEvent* change : listed_) {
      lag_odds_.push_back(LagOdds(change->event));
    }
    Balance();
  }

  // The log-odds of listed[index].
  double LogOdds(size_t index) const {
    return log_odds_[index] + WeightedOrder(index);
  }

  // The same in words, the weightiest first.
  std::vector<Evidence> Explain(size_t index) const {
    Account account(options_.weights, /*written=*/true);
    WeighWhether(index, &account);
    WeighWhich(index, &account);
    account.Add(Rule::kOrder, "order", OrderOdds(index),
                [&] { return DescribeOrder(index); });
    return account.TakeEvidence();
  }

 private:
  struct Service {
    int distance = Topology::kUnknown;  // to the nearest service that alerts
    int count = 0;                      // changes
  };

  // What tells whether any change contributed, too.
  void WeighWhether(size_t index, Account* account) const {
    const KnownEvent& change = *listed_[index];
    WeighLag(index, account);
    WeighPlace(index, account);
    WeighWords(index, account);
    WeighUndo(index, account);
    WeighOutside(account);
    if (change.profile.is_undo) {
      account->Add(Rule::kWork, "is_undo", kIsUndo,
                   [] { return "undoes an earlier change"; });
    }
    if (change.profile.is_harmless) {
      account->Add(Rule::kWork, "harmless", kHarmless,
                   [] { return "touches only tests or documents"; });
    }
    if (aftermath_.WasUndoneBefore(change)) {
      account->Add(Rule::kUndo, "undone_before", kUndoneBefore, [&] {
        return absl::StrCat("undone before the ", symptoms_.noun);
      });
    }
  }

  // What tells only which of the changes did.
  void WeighWhich(size_t index, Account* account) const {
    const KnownEvent& change = *listed_[index];
    for (const WorkOdds& each : kWorkOdds) {
      if ((change.profile.works & each.work) == 0) continue;
      account->Add(Rule::kWork, "work", each.log_odds,
                   [&] { return each.text; });
    }
    WeighFrequency(change, account);
  }

  void CountWindow() {
    for (const KnownEvent* change : listed_) {
      place_.push_back(PlaceOf(*change));
      ++OfService(change->profile.service, change->event.service).count;
    }
    const double count = static_cast<double>(listed_.size());
    for (int at = 0; at <= kElsewhereUnknown; ++at) {
      const double seen =
          static_cast<double>(std::count(place_.begin(), place_.end(), at));
      const double chance =
          (seen + kChanceAt[at] * kChanceWeight) / (count + kChanceWeight);
      place_odds_[at] = std::log(kContributingAt[at] / chance);
    }
  }

  // Of each change, those of its source that came between it and the onset.
  void CountLater() {
    absl::flat_hash_map<Word, int64_t> seen;
    later_.resize(listed_.size());
    for (size_t i = listed_.size(); i-- > 0;) {
      const Event& event = listed_[i]->event;
      if (event.event_time > symptoms_.onset) continue;
      later_[i] = seen[listed_[i]->profile.source]++;
    }
    source_count_ = seen.size();
  }

  // What tells only which change it was moves odds from change to change; their
  // sum, against no change, stays.
  void Balance() {
    double whether = 0;
    double all = 0;
    for (size_t i = 0; i < listed_.size(); ++i) {
      Account account(options_.weights, /*written=*/false);
      WeighWhether(i, &account);
      whether += std::exp(account.log_odds());
      WeighWhich(i, &account);
      log_odds_.push_back(account.log_odds());
      order_.push_back(UnbalancedOrder(i));
      all += std::exp(account.log_odds() + OrderWeight() * order_[i]);
    }
    if (all > 0 && OrderWeight() > 0) {
      balance_ = (std::log(whether / all) + options_.weights.any_change) /
                 OrderWeight();
    }
  }

  double OrderWeight() const {
    return options_.weights.of[static_cast<size_t>(Rule::kOrder)];
  }

  // As the account has it.
  double WeightedOrder(size_t index) const {
    return Round(OrderOdds(index) * OrderWeight());
  }

  double OrderOdds(size_t index) const { return order_[index] + balance_; }

  double UnbalancedOrder(size_t index) const {
    return -kOrderForLag * lag_odds_[index] -
           kOrder * std::log1p(static_cast<double>(later_[index]));
  }

  std::string DescribeOrder(size_t index) const {
    const Event& event = listed_[index]->event;
    if (event.event_time > symptoms_.onset) return "shortly after it";
    const std::string of =
        source_count_ > 1 ? absl::StrCat(" of ", event.source) : "";
    return later_[index] == 0
               ? absl::StrCat("the latest change", of, " before it")
               : absl::StrCat(DescribeCount(later_[index], "change"), of,
                              " came between");
  }

  // The distance from the change to the nearest service that alerts; -1 when
  // nobody says where one of them is.
  int PlaceOf(const KnownEvent& known) {
    const Event& change = known.event;
    const std::vector<std::string>& services = change.change.services;
    if (symptoms_.services.empty()) return -1;
    if (change.service.empty() && services.empty()) return -1;
    int nearest = OfService(known.profile.service, change.service).distance;
    for (size_t i = 0; i < services.size(); ++i) {
      const Service& touched =
          OfService(known.profile.services[i], services[i]);
      nearest = std::min(nearest, touched.distance);
    }
    if (nearest == Topology::kUnknown) return kElsewhereUnknown;
    // Elsewhere is elsewhere, connected or not.
    return std::min(nearest, Topology::kFar);
  }

  Service& OfService(Word hash, absl::string_view name) {
    const auto [at, is_new] = services_.try_emplace(hash);
    if (is_new) {
      for (absl::string_view alerting : symptoms_.services) {
        at->second.distance =
            std::min(at->second.distance, topology_.Distance(name, alerting));
      }
    }
    return at->second;
  }

  // The log-odds of the lag alone.
  double LagOdds(const Event& change) const {
    const absl::Duration lag = symptoms_.onset - change.event_time;
    const double rate = (static_cast<double>(listed_.size()) + kChangesBeside) /
                        absl::ToDoubleMinutes(options_.lookback);
    if (lag < absl::ZeroDuration()) {
      const double density = kAfterOnset / absl::ToDoubleMinutes(options_.skew);
      return std::log(kOddsOfAnyChange * density / rate);
    }
    const double minutes = std::max(absl::ToDoubleMinutes(lag), kLagMin);
    const double z = std::log(minutes / kLagMedian) / kLagSpread;
    const double density =
        std::exp(-z * z / 2) / (minutes * kLagSpread * std::sqrt(2 * M_PI));
    return std::log(kOddsOfAnyChange * density / rate);
  }

  void WeighLag(size_t index, Account* account) const {
    account->Add(Rule::kLag, "lag", lag_odds_[index], [&] {
      const absl::Duration lag =
          symptoms_.onset - listed_[index]->event.event_time;
      return absl::StrCat(
          DescribeDuration(absl::AbsDuration(lag)),
          lag >= absl::ZeroDuration() ? " before the " : " after the ",
          symptoms_.noun);
    });
  }

  void WeighPlace(size_t index, Account* account) const {
    const int at = place_[index];
    if (at < 0) return;
    const Event& change = listed_[index]->event;
    // At a service with symptoms people make changes because of them.
    if (at == 0 && change.event_time > symptoms_.onset) return;
    const double log_odds = place_odds_[at];
    if (at == 0) {
      account->Add(Rule::kPlace, "same_service", log_odds, [&] {
        return absl::StrCat("changes ", AlertingServiceOf(change), ", which ",
                            Alerted());
      });
    } else if (at < Topology::kFar) {
      account->Add(Rule::kPlace, "neighbour", log_odds,
                   [&] { return DescribeNeighbour(change, at); });
    } else {
      account->Add(Rule::kPlace, "elsewhere", log_odds, [&] {
        return absl::StrCat("changes no service that ", Alerted());
      });
    }
  }

  absl::string_view Alerted() const {
    return symptoms_.noun == "first report" ? "was reported" : "alerted";
  }

  absl::string_view AlertingServiceOf(const Event& change) const {
    for (absl::string_view service : symptoms_.services) {
      if (TouchesService(change, service)) return service;
    }
    return change.service;
  }

  std::string DescribeNeighbour(const Event& change, int at) const {
    for (absl::string_view service : symptoms_.services) {
      if (topology_.Distance(change.service, service) != at) continue;
      if (at == 2) {
        return absl::StrCat(change.service, " is two calls away from ", service,
                            ", which ", Alerted());
      }
      const bool calls = topology_.Calls(service, change.service);
      const bool called = topology_.Calls(change.service, service);
      if (calls && !called) {
        return absl::StrCat(service, ", which ", Alerted(), ", calls ",
                            change.service);
      }
      return absl::StrCat(change.service,
                          calls ? " is connected with " : " calls ", service,
                          ", which ", Alerted());
    }
    return absl::StrCat("changes a neighbour of a service that ", Alerted());
  }

  void WeighWords(size_t index, Account* account) const {
    // That it changes a service that alerted is weighed already.
    const absl::string_view apart =
        place_[index] == 0 ? AlertingServiceOf(listed_[index]->event) : "";
    const Wording::Words words =
        wording_.WeighWords(index, apart, account->written());
    if (Round(words.log_odds) > 0) {
      account->Add(Rule::kWords, "words", words.log_odds,
                   [&] { return DescribeWords(index, words); });
    }
    const Wording::Subject subject = wording_.WeighSubject(index);
    if (subject.subject != 0) {
      account->Add(Rule::kSubject, "subject", subject.log_odds, [&] {
        return absl::StrCat("about ", SubjectName(subject.subject), ", as the ",
                            Noun());
      });
    }
  }

  absl::string_view Noun() const {
    return symptoms_.noun == "first report" ? "report" : "alert";
  }

  // "touches `varnish`, named in the alert"
  std::string DescribeWords(size_t index, const Wording::Words& words) const {
    constexpr size_t kShown = 3;
    if (words.is_akin) {
      const Wording::Kin kin = wording_.FindKin(index);
      if (!kin.own.empty() && words.shared.empty()) {
        return absl::StrCat("touches `", kin.own, "`; the ", Noun(), " says `",
                            kin.other, "`");
      }
    }
    const auto shown = absl::MakeConstSpan(words.shared).subspan(0, kShown);
    if (shown.empty()) {
      return absl::StrCat("its words are like those of the ", Noun());
    }
    return absl::StrCat(
        "touches ", absl::StrJoin(Spell(listed_[index]->event, shown), ", "),
        ", named in the ", Noun());
  }

  static std::vector<std::string> Spell(
      const Event& event, absl::Span<const Wording::Shared> words) {
    std::vector<std::string> spelled(words.size());
    size_t left = words.size();
    const auto look = [&](absl::string_view text) {
      if (left == 0) return;
      ForEachWord(text, [&](absl::string_view each, Word hash) {
        for (size_t i = 0; i < words.size(); ++i) {
          if (words[i].word != hash || !spelled[i].empty()) continue;
          spelled[i] = absl::StrCat("`", each, "`");
          --left;
        }
      });
    };
    look(event.title);
    ForEachName(event, look);
    for (std::string& each : spelled) {
      if (each.empty()) each = "words of its description";
    }
    return spelled;
  }

  void WeighFrequency(const KnownEvent& known, Account* account) const {
    const Event& change = known.event;
    if (change.service.empty()) return;
    const int count = services_.find(known.profile.service)->second.count;
    if (count < 2) return;
    account->Add(Rule::kOrder, "frequency", -kFrequency * std::log(count), [&] {
      return absl::StrCat(change.service, " changed ", count, " times in ",
                          DescribeDuration(options_.lookback));
    });
  }

  void WeighUndo(size_t index, Account* account) const {
    const KnownEvent& change = *listed_[index];
    const Aftermath::Undo undo = aftermath_.FindUndo(change);
    if (undo.event != nullptr) {
      account->Add(Rule::kUndo, "rolled_back", undo.log_odds,
                   [&] { return DescribeUndo(undo); });
      return;
    }
    // At a service with symptoms people work in any case.
    if (place_[index] == 0) return;
    const Aftermath::Response response = aftermath_.FindResponse(change);
    if (response.log_odds == 0) return;
    account->Add(Rule::kResponse, "acted_on", response.log_odds, [&] {
      if (response.event == nullptr) {
        return absl::StrCat("it ended without anything being done about ",
                            change.event.service);
      }
      return absl::StrCat(
          "people went on at ", change.event.service, " ",
          DescribeDuration(response.event->event_time - symptoms_.onset),
          " after the ", symptoms_.noun);
    });
  }

  std::string DescribeUndo(const Aftermath::Undo& undo) const {
    const std::string when =
        absl::StrCat(DescribeDuration(undo.event->event_time - symptoms_.onset),
                     " after the ", symptoms_.noun);
    std::string text;
    if (undo.is_named) {
      text = absl::StrCat("undone ", when);
    } else if (undo.between == 0) {
      text = absl::StrCat("latest change of ", undo.event->service,
                          " before it was rolled back ", when);
    } else {
      text = absl::StrCat(undo.event->service, " was rolled back ", when, ", ",
                          DescribeCount(undo.between, "change"),
                          " of it after this one");
    }
    if (undo.is_in_vain) return absl::StrCat(text, ", which did not help");
    if (undo.quiet_after == absl::InfiniteDuration()) return text;
    return absl::StrCat(text, ", over ", DescribeDuration(undo.quiet_after),
                        " later");
  }

  void WeighOutside(Account* account) const {
    const Aftermath::Outside& outside = aftermath_.outside();
    if (outside.word.empty()) return;
    account->Add(Rule::kOutside, "outside", outside.log_odds, [&] {
      return absl::StrCat("`", outside.word, "` in \"",
                          DisplayTitle(*outside.event),
                          "\" speaks for something outside");
    });
  }

  const Symptoms& symptoms_;
  const Events listed_;
  const Aftermath& aftermath_;
  const Topology& topology_;
  const RankingOptions& options_;
  const Wording wording_;
  PerChange<int> place_;
  double place_odds_[kElsewhereUnknown + 1] = {};
  PerChange<int64_t> later_;
  PerChange<double> lag_odds_;
  size_t source_count_ = 0;
  double balance_ = 0;
  PerChange<double> log_odds_;  // but for the order
  PerChange<double> order_;     // log-odds before they are balanced
  absl::flat_hash_map<Word, Service> services_;  // which change
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

bool IsStart(const KnownEvent* change) {
  return change->event.kind == EventKind::kChangeStarted;
}

// Without those starts whose end is known too: that is one change, listed by
// its end.
PerChange<const KnownEvent*> DropSupersededStarts(Events changes) {
  if (std::none_of(changes.begin(), changes.end(), IsStart)) {
    return {changes.begin(), changes.end()};
  }
  absl::flat_hash_set<std::pair<absl::string_view, absl::string_view>> ended;
  PerChange<const KnownEvent*> kept;
  for (size_t i = changes.size(); i-- > 0;) {
    const Event& event = changes[i]->event;
    const std::pair<absl::string_view, absl::string_view> what = {
        event.service, event.change.revision};
    if (!IsStart(changes[i])) {
      ended.insert(what);
    } else if (ended.contains(what)) {
      continue;
    }
    kept.push_back(changes[i]);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

std::string ExplainNoChange(const Ranking& ranking, size_t count,
                            absl::string_view noun, const Aftermath& aftermath,
                            const RankingOptions& options) {
  const Event* outside = aftermath.outside().event;
  const std::string said =
      outside == nullptr ? ""
                         : absl::StrCat("; \"", DisplayTitle(*outside),
                                        "\" speaks for something outside");
  if (ranking.changes.empty()) {
    return absl::StrCat(
        "no change near the onset explains this: none is known "
        "from the ",
        DescribeDuration(options.lookback), " before the ", noun, said);
  }
  const RankedChange& first = ranking.changes.front();
  std::string lag;
  for (const Evidence& evidence : first.evidence) {
    if (evidence.rule == "lag") lag = evidence.text;
  }
  return ranking.no_change_score >= 0.5
             ? absl::StrCat("no change near the onset explains this well: of ",
                            count, ", the likeliest came ", lag, said)
             : absl::StrCat("of ", count, count == 1 ? " change" : " changes",
                            " near the onset, the likeliest to have "
                            "contributed came ",
                            lag);
}

}  // namespace

Ranking RankChanges(const AftermathEvents& events, const Topology& topology,
                    const RankingOptions& options) {
  const Symptoms symptoms = Gather(events.symptoms);
  const PerChange<const KnownEvent*> all = DropSupersededStarts(events.changes);
  PerChange<const KnownEvent*> listed;
  for (const KnownEvent* change : all) {
    const Event& event = change->event;
    const bool after = event.event_time > symptoms.onset;
    if (after && event.kind == EventKind::kChangeRolledBack) continue;
    if (event.event_time > symptoms.onset + options.skew) continue;
    if (event.event_time < symptoms.onset - options.lookback) continue;
    listed.push_back(change);
  }
  const Aftermath aftermath(
      {events.symptoms, all, events.context, events.resolves},
      symptoms.services, options.lookback);
  const Scale scale(symptoms, listed, aftermath, topology, options);
  double total = 1;  // the odds of "no change" against itself
  PerChange<std::pair<double, size_t>> odds;
  for (size_t i = 0; i < listed.size(); ++i) {
    odds.emplace_back(std::exp(scale.LogOdds(i)), i);
    total += odds.back().first;
  }
  // The later one first where the evidence is equal.
  const size_t kept = std::min(
      odds.size(), static_cast<size_t>(options.ranked_change_count_max));
  std::partial_sort(odds.begin(),
                    odds.begin() + static_cast<std::ptrdiff_t>(kept),
                    odds.end(), std::greater<>());
  odds.resize(kept);
  Ranking ranking;
  ranking.changes.reserve(kept);
  for (const auto& [own, index] : odds) {
    RankedChange change = Describe(listed[index]->event);
    change.score = Round(own / total);
    change.evidence = scale.Explain(index);
    ranking.changes.push_back(std::move(change));
  }
  ranking.no_change_score = Round(1 / total);
  ranking.no_change_reason = ExplainNoChange(ranking, listed.size(),
                                             symptoms.noun, aftermath, options);
  return ranking;
}

}  // namespace secondstory::timeline
