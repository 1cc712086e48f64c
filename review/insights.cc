#include "review/insights.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "review/gaps.h"
#include "review/people.h"
#include "timeline/phrase.h"
#include "timeline/words.h"

namespace secondstory::review {
namespace {

using timeline::DescribeDuration;

// What is kept of a story is bounded, whatever its length.
constexpr size_t kDigestAlertCountMax = 128;
constexpr size_t kDigestWordCountMax = 512;

constexpr absl::Duration kHelpedWithin = absl::Hours(1);
constexpr size_t kHelpedCountMax = 3;

constexpr size_t kTellingCountMax = 10'000;
constexpr double kThemeCosineMin = 0.3;
constexpr size_t kThemeWordCountMax = 5;

// An alert says more than a service, since it names what was seen; single
// words come by the dozen.
constexpr double kAlertWeight = 1.5;
constexpr double kServiceWeight = 1;
constexpr double kTagWeight = 1;
constexpr double kWordWeight = 0.3;
constexpr double kOtherIncidents = 10;
constexpr double kEvenOdds = 3;
constexpr double kLogOddsMin = 1;
constexpr size_t kReasonCountMax = 6;
constexpr size_t kReasonWordCountMax = 5;

constexpr int64_t kAnniversaryDays = 7;
// Fewer than this, and one more moves the quartiles by a lot.
constexpr int kSmallSample = 10;

// The words of all texts, each once, in order.
std::vector<std::string> WordsIn(const std::vector<absl::string_view>& texts) {
  std::set<std::string> words;
  for (absl::string_view text : texts) {
    timeline::ForEachWord(text, [&words](absl::string_view word) {
      if (words.size() < kDigestWordCountMax) words.emplace(word);
    });
  }
  return {words.begin(), words.end()};
}

// `text` as a sentence.
std::string Sentence(absl::string_view text) {
  std::string sentence(absl::StripAsciiWhitespace(text));
  if (sentence.empty()) return sentence;
  sentence[0] = absl::ascii_toupper(static_cast<unsigned char>(sentence[0]));
  const char last = sentence.back();
  if (last != '.' && last != '!' && last != '?') sentence += '.';
  return sentence;
}

const Entry* FindEntry(const Story& story, const std::string& id) {
  const auto at =
      std::find_if(story.entries.begin(), story.entries.end(),
                   [&id](const Entry& entry) { return entry.id == id; });
  return at == story.entries.end() ? nullptr : &*at;
}

Telling TellingOf(const Story& story, const Account& account,
                  std::string text) {
  Telling telling;
  telling.incident_id = story.incident.id;
  telling.account_id = account.id;
  const Entry* entry = FindEntry(story, account.entry_id);
  if (entry != nullptr) telling.service = entry->service;
  if (telling.service.empty() && story.incident.services.size() == 1) {
    telling.service = story.incident.services[0];
  }
  telling.text = std::move(text);
  return telling;
}

std::string SurpriseOf(const Account& account) {
  std::vector<std::string> parts;
  if (!account.expectation.empty()) {
    parts.push_back(absl::StrCat("Expected: ", Sentence(account.expectation)));
  }
  if (!account.observed_effect.empty()) {
    parts.push_back(absl::StrCat("Seen: ", Sentence(account.observed_effect)));
  }
  if (parts.empty()) parts.push_back(Sentence(account.words));
  return absl::StrJoin(parts, " ");
}

double Cosine(double dot, double square_a, double square_b) {
  return square_a > 0 && square_b > 0 ? dot / std::sqrt(square_a * square_b)
                                      : 0;
}

// Gathers tellings in their order: each joins the theme that is the most alike,
// or begins one.
class ThemeFinder {
 public:
  explicit ThemeFinder(std::vector<Telling> tellings)
      : tellings_(std::move(tellings)) {
    for (const Telling& telling : tellings_) {
      words_.push_back(WordsIn({telling.text}));
      for (const std::string& word : words_.back()) ++count_[word];
    }
    for (size_t i = 0; i < tellings_.size(); ++i) Place(i);
  }

  std::vector<Theme> Take() {
    std::vector<Theme> themes;
    for (const Gathered& gathered : gathered_) {
      Theme theme = ThemeOf(gathered);
      if (theme.incident_count >= 2) themes.push_back(std::move(theme));
    }
    std::sort(themes.begin(), themes.end(), [](const Theme& a, const Theme& b) {
      return std::make_tuple(-a.incident_count, std::cref(a.words),
                             std::cref(a.service)) <
             std::make_tuple(-b.incident_count, std::cref(b.words),
                             std::cref(b.service));
    });
    return themes;
  }

 private:
  struct Gathered {
    std::vector<size_t> tellings;
    std::map<std::string, double> weights;
    double square = 0;
  };

  double WeightOf(const std::string& word) const {
    return std::log(static_cast<double>(tellings_.size() + 1) /
                    count_.find(word)->second);
  }

  void Place(size_t index) {
    double own_square = 0;
    std::map<size_t, double> dots;
    for (const std::string& word : words_[index]) {
      const double weight = WeightOf(word);
      own_square += weight * weight;
      const auto themes = themes_of_.find(word);
      if (themes == themes_of_.end()) continue;
      for (size_t theme : themes->second) {
        dots[theme] += weight * gathered_[theme].weights[word];
      }
    }
    size_t best = gathered_.size();
    double best_cosine = kThemeCosineMin;
    for (const auto& [theme, dot] : dots) {
      const double cosine = Cosine(dot, own_square, gathered_[theme].square);
      if (cosine > best_cosine) {
        best = theme;
        best_cosine = cosine;
      }
    }
    if (best == gathered_.size()) gathered_.emplace_back();
    Join(index, best);
  }

  void Join(size_t index, size_t theme) {
    Gathered& gathered = gathered_[theme];
    gathered.tellings.push_back(index);
    for (const std::string& word : words_[index]) {
      double& weight = gathered.weights[word];
      if (weight == 0) themes_of_[word].push_back(theme);
      gathered.square -= weight * weight;
      weight += WeightOf(word);
      gathered.square += weight * weight;
    }
  }

  Theme ThemeOf(const Gathered& gathered) const {
    Theme theme;
    std::set<std::string> incidents, services;
    std::map<std::string, std::set<std::string>> incidents_of;
    for (size_t index : gathered.tellings) {
      const Telling& telling = tellings_[index];
      incidents.insert(telling.incident_id);
      services.insert(telling.service);
      for (const std::string& word : words_[index]) {
        incidents_of[word].insert(telling.incident_id);
      }
      if (theme.tellings.size() < kThemeTellingCountMax) {
        theme.tellings.push_back(telling);
      }
    }
    theme.incident_count = static_cast<int>(incidents.size());
    if (services.size() == 1) theme.service = *services.begin();
    std::vector<std::pair<double, std::string>> shared;
    for (const auto& [word, where] : incidents_of) {
      if (where.size() >= 2) shared.emplace_back(-WeightOf(word), word);
    }
    std::sort(shared.begin(), shared.end());
    if (shared.size() > kThemeWordCountMax) shared.resize(kThemeWordCountMax);
    theme.words =
        absl::StrJoin(shared, " ", [](std::string* out, const auto& each) {
          absl::StrAppend(out, each.second);
        });
    return theme;
  }

  const std::vector<Telling> tellings_;
  std::vector<std::vector<std::string>> words_;  // of each telling
  absl::flat_hash_map<std::string, int> count_;  // tellings by word
  std::vector<Gathered> gathered_;
  absl::flat_hash_map<std::string, std::vector<size_t>> themes_of_;  // by word
};

// One kind of sign: what all that have it look like, and what it weighs.
struct Sign {
  std::vector<std::string> Digest::*of;
  double weight;
  absl::string_view reason;  // empty: told together, as words
};
constexpr Sign kSigns[] = {
    {&Digest::alerts, kAlertWeight, "same alert: "},
    {&Digest::services, kServiceWeight, "same service: "},
    {&Digest::tags, kTagWeight, "same tag: "},
    {&Digest::words, kWordWeight, ""}};

class Likeness {
 public:
  Likeness(const Digest& subject, absl::Span<const Digest> past)
      : subject_(subject), past_(past) {
    for (size_t kind = 0; kind < std::size(kSigns); ++kind) {
      for (const std::string& value : subject.*kSigns[kind].of) {
        weights_[kind][value] = 0;
      }
      for (const Digest& each : past) {
        for (const std::string& value : each.*kSigns[kind].of) {
          const auto at = weights_[kind].find(value);
          if (at != weights_[kind].end()) ++at->second;
        }
      }
      for (auto& [value, weight] : weights_[kind]) {
        weight = kSigns[kind].weight *
                 std::log((static_cast<double>(past.size()) + kOtherIncidents) /
                          (1 + weight));
      }
    }
  }

  SimilarIncident Compare(size_t index) const {
    SimilarIncident similar;
    similar.index = index;
    std::vector<std::pair<double, std::string>> reasons, words;
    for (size_t kind = 0; kind < std::size(kSigns); ++kind) {
      for (const std::string& value : past_[index].*kSigns[kind].of) {
        const auto at = weights_[kind].find(value);
        if (at == weights_[kind].end()) continue;
        similar.log_odds += at->second;
        if (kSigns[kind].reason.empty()) {
          words.emplace_back(-at->second, value);
        } else {
          reasons.emplace_back(-at->second,
                               absl::StrCat(kSigns[kind].reason, value));
        }
      }
    }
    similar.score = 1 / (1 + std::exp(kEvenOdds - similar.log_odds));
    AddWords(std::move(words), &reasons);
    std::sort(reasons.begin(), reasons.end());
    if (reasons.size() > kReasonCountMax) reasons.resize(kReasonCountMax);
    for (auto& [weight, reason] : reasons) {
      similar.reasons.push_back(std::move(reason));
    }
    return similar;
  }

 private:
  static void AddWords(std::vector<std::pair<double, std::string>> words,
                       std::vector<std::pair<double, std::string>>* reasons) {
    if (words.empty()) return;
    std::sort(words.begin(), words.end());
    double sum = 0;
    std::vector<std::string> shown;
    for (const auto& [weight, word] : words) {
      sum += weight;
      if (shown.size() < kReasonWordCountMax) shown.push_back(word);
    }
    reasons->emplace_back(
        sum, absl::StrCat("words in common: ", absl::StrJoin(shown, ", ")));
  }

  const Digest& subject_;
  const absl::Span<const Digest> past_;
  // By kind and value: first how many have it, then what sharing it weighs.
  std::map<std::string, double> weights_[std::size(kSigns)];
};

Incident IncidentWithTimes(const Digest& digest) {
  Incident incident;
  incident.start_time = digest.times[static_cast<size_t>(TimeField::kStart)];
  incident.detect_time = digest.times[static_cast<size_t>(TimeField::kDetect)];
  incident.acknowledge_time =
      digest.times[static_cast<size_t>(TimeField::kAcknowledge)];
  incident.mitigate_time =
      digest.times[static_cast<size_t>(TimeField::kMitigate)];
  incident.resolve_time =
      digest.times[static_cast<size_t>(TimeField::kResolve)];
  return incident;
}

std::string WarnOfFew(int count) {
  if (count == 0 || count >= kSmallSample) return "";
  if (count == 1) return "only 1 incident: it says nothing about the next one";
  return absl::StrCat("only ", count,
                      " incidents: a single one moves the median");
}

Spread SpreadOf(absl::string_view name, std::vector<absl::Duration> sorted) {
  Spread spread;
  spread.name = name;
  spread.count = static_cast<int>(sorted.size());
  spread.warning = WarnOfFew(spread.count);
  if (sorted.empty()) return spread;
  std::sort(sorted.begin(), sorted.end());
  spread.min = sorted.front();
  spread.quartile_1 = Quantile(sorted, 0.25);
  spread.median = Quantile(sorted, 0.5);
  spread.quartile_3 = Quantile(sorted, 0.75);
  spread.decile_9 = Quantile(sorted, 0.9);
  spread.max = sorted.back();
  for (const absl::Duration duration : sorted) {
    const auto bound = std::upper_bound(kHistogramBounds.begin(),
                                        kHistogramBounds.end(), duration);
    ++spread.histogram[static_cast<size_t>(bound - kHistogramBounds.begin())];
  }
  return spread;
}

}  // namespace

std::vector<std::string> WhatHelped(const Story& story) {
  const bool is_mitigated = story.incident.mitigate_time.has_value();
  const std::optional<absl::Time> end =
      is_mitigated ? story.incident.mitigate_time : story.incident.resolve_time;
  if (!end.has_value()) return {};
  const Roles roles(story);
  std::vector<std::pair<absl::Duration, std::string>> helped;
  const auto add = [&](absl::Time time, const std::string& text) {
    const absl::Duration before = *end - time;
    if (before < absl::ZeroDuration() || before > kHelpedWithin) return;
    helped.emplace_back(
        before, absl::StrCat(roles.Hide(text), " (", DescribeDuration(before),
                             " before it was ",
                             is_mitigated ? "mitigated)" : "resolved)"));
  };
  for (const Account& account : story.accounts) {
    if (account.state != AccountState::kGiven || account.action.empty() ||
        !SaysEffect(account.observed_effect) || IsSurprise(account)) {
      continue;
    }
    const Entry* entry = FindEntry(story, account.entry_id);
    if (entry == nullptr && !account.known_time.has_value()) continue;
    add(entry != nullptr ? entry->event_time : *account.known_time,
        absl::StrCat(Sentence(account.action),
                     " Seen then: ", Sentence(account.observed_effect)));
  }
  for (const Entry& entry : story.entries) {
    if (entry.kind == EventKind::kChangeRolledBack) {
      add(entry.event_time, Sentence(entry.title));
    }
  }
  std::sort(helped.begin(), helped.end());
  if (helped.size() > kHelpedCountMax) helped.resize(kHelpedCountMax);
  std::vector<std::string> texts;
  for (auto& [before, text] : helped) texts.push_back(std::move(text));
  return texts;
}

Digest DigestOf(const Story& story) {
  const Incident& incident = story.incident;
  const Roles roles(story);
  Digest digest;
  digest.incident_id = incident.id;
  digest.title = roles.Hide(incident.title);
  digest.severity = incident.severity;
  for (int field = 0; field < kTimeFieldCount; ++field) {
    digest.times[static_cast<size_t>(field)] =
        TimeOf(incident, static_cast<TimeField>(field));
  }
  std::set<std::string> services(incident.services.begin(),
                                 incident.services.end());
  std::set<std::string> alerts;
  std::vector<absl::string_view> texts = {incident.title, incident.summary};
  for (const Entry& entry : story.entries) {
    texts.push_back(entry.title);
    if (entry.kind != EventKind::kAlertFired) continue;
    if (!entry.service.empty()) services.insert(entry.service);
    if (alerts.size() < kDigestAlertCountMax) {
      alerts.insert(entry.service.empty()
                        ? entry.title
                        : absl::StrCat(entry.service, "/", entry.title));
    }
  }
  digest.services.assign(services.begin(), services.end());
  digest.alerts.assign(alerts.begin(), alerts.end());
  const std::set<std::string> tags(incident.tags.begin(), incident.tags.end());
  digest.tags.assign(tags.begin(), tags.end());
  digest.words = WordsIn(texts);
  for (const Account& account : story.accounts) {
    if (account.state != AccountState::kGiven) continue;
    if (IsSurprise(account)) {
      ++digest.surprise_count;
      digest.surprises.push_back(
          TellingOf(story, account, roles.Hide(SurpriseOf(account))));
    }
    if (!account.assumption.empty()) {
      digest.assumptions.push_back(
          TellingOf(story, account, roles.Hide(Sentence(account.assumption))));
    }
  }
  digest.what_helped = WhatHelped(story);
  digest.actions = story.actions;
  return digest;
}

std::vector<Theme> FindThemes(std::vector<Telling> tellings) {
  std::sort(tellings.begin(), tellings.end(),
            [](const Telling& a, const Telling& b) {
              return std::tie(a.incident_id, a.account_id, a.text, a.service) <
                     std::tie(b.incident_id, b.account_id, b.text, b.service);
            });
  if (tellings.size() > kTellingCountMax) tellings.resize(kTellingCountMax);
  return ThemeFinder(std::move(tellings)).Take();
}

std::vector<SimilarIncident> FindSimilar(const Digest& subject,
                                         absl::Span<const Digest> past,
                                         size_t limit) {
  const Likeness likeness(subject, past);
  std::vector<SimilarIncident> found;
  for (size_t i = 0; i < past.size(); ++i) {
    if (past[i].incident_id == subject.incident_id) continue;
    SimilarIncident similar = likeness.Compare(i);
    if (similar.log_odds >= kLogOddsMin) found.push_back(std::move(similar));
  }
  std::sort(found.begin(), found.end(),
            [&](const SimilarIncident& a, const SimilarIncident& b) {
              return std::tie(b.log_odds, past[a.index].incident_id) <
                     std::tie(a.log_odds, past[b.index].incident_id);
            });
  if (found.size() > limit) found.resize(limit);
  return found;
}

std::vector<size_t> FindAnniversaries(absl::Span<const Digest> past,
                                      absl::Time now) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilDay today = absl::ToCivilDay(now, utc);
  std::vector<size_t> found;
  for (size_t i = 0; i < past.size(); ++i) {
    const auto& start = past[i].times[static_cast<size_t>(TimeField::kStart)];
    if (!start.has_value()) continue;
    const absl::CivilDay day = absl::ToCivilDay(*start, utc);
    for (auto year = today.year() - 1; year <= today.year() + 1; ++year) {
      // 29 February is 1 March in other years: CivilDay normalises.
      const auto days = absl::CivilDay(year, day.month(), day.day()) - today;
      if (year > day.year() && std::abs(days) <= kAnniversaryDays) {
        found.push_back(i);
        break;
      }
    }
  }
  std::sort(found.begin(), found.end(), [&past](size_t a, size_t b) {
    return std::tie(past[a].times[0], past[a].incident_id) <
           std::tie(past[b].times[0], past[b].incident_id);
  });
  return found;
}

absl::Duration Quantile(absl::Span<const absl::Duration> sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(place));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] +
         (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

std::vector<Spread> SpreadDurations(absl::Span<const Digest> past) {
  static constexpr absl::string_view kNames[] = {
      "start to detect", "detect to acknowledge", "start to mitigate",
      "start to resolve"};
  std::map<absl::string_view, std::vector<absl::Duration>> durations;
  for (const Digest& digest : past) {
    for (const NamedDuration& each : DurationsOf(IncidentWithTimes(digest))) {
      durations[each.name].push_back(each.duration);
    }
  }
  std::vector<Spread> spreads;
  for (absl::string_view name : kNames) {
    spreads.push_back(SpreadOf(name, std::move(durations[name])));
  }
  return spreads;
}

std::vector<ServiceCount> CountServices(absl::Span<const Digest> past) {
  std::map<std::string, ServiceCount> counts;
  for (const Digest& digest : past) {
    for (const std::string& service : digest.services) {
      ++counts[service].incident_count;
    }
    for (const Telling& surprise : digest.surprises) {
      if (!surprise.service.empty()) ++counts[surprise.service].surprise_count;
    }
  }
  std::vector<ServiceCount> sorted;
  for (auto& [service, count] : counts) {
    count.service = service;
    sorted.push_back(std::move(count));
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ServiceCount& a, const ServiceCount& b) {
                     return std::tie(b.incident_count, b.surprise_count) <
                            std::tie(a.incident_count, a.surprise_count);
                   });
  return sorted;
}

std::vector<ActionCount> CountActions(absl::Span<const Digest> past,
                                      absl::Time now) {
  std::map<ActionState, ActionCount> counts;
  for (const Digest& digest : past) {
    for (const Action& action : digest.actions) {
      ActionCount& count = counts[action.state];
      count.state = action.state;
      ++count.count;
      const bool is_pending = action.state == ActionState::kOpen ||
                              action.state == ActionState::kInProgress;
      if (is_pending && action.due_time.has_value() && *action.due_time < now) {
        ++count.overdue_count;
      }
    }
  }
  std::vector<ActionCount> sorted;
  for (const auto& [state, count] : counts) sorted.push_back(count);
  return sorted;
}

}  // namespace secondstory::review
