#include "review/gaps.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/stable_id.h"
#include "timeline/phrase.h"

namespace secondstory::review {
namespace {

using timeline::DescribeDuration;

constexpr absl::string_view kSilence = "silence";
constexpr absl::string_view kNeverResolved = "never_resolved";
constexpr absl::string_view kNeverFinished = "never_finished";
constexpr absl::string_view kNoEffect = "no_effect";
constexpr absl::string_view kSurprise = "surprise";
constexpr absl::string_view kNoAccount = "no_account";

// Spaces of less than the others' mean divided by this are inside a burst.
constexpr int kBurstDivisor = 2;
// Text of others that is quoted in a sentence of ours.
constexpr size_t kQuoteBytesMax = 120;

// How people write that something did not do what they thought it would.
constexpr absl::string_view kDisappointed[] = {
    "did not",    "didn't",     "does not",    "doesn't",    "no change",
    "no effect",  "nothing",    "instead",     "unexpected", "worse",
    "no longer",  "still ",     "surpris",     "contrary",   "in fact",
    "not change", "no differe", "even though", "kept on",    "made it",
};

// How people write in a line of a timeline what something did.
constexpr absl::string_view kEffects[] = {
    "effect",    "result",    "help",    "recover",  "stopped",
    "dropped",   "return",    "normal",  "worked",   "no change",
    "cleared",   "improve",   "worse",   "succeed",  "came back",
    "went back", "went down", "went up", "resolved", "restored",
};

template <size_t kCount>
bool HasAny(absl::string_view text, const absl::string_view (&words)[kCount]) {
  const std::string lower = absl::AsciiStrToLower(text);
  return std::any_of(
      std::begin(words), std::end(words),
      [&](absl::string_view word) { return absl::StrContains(lower, word); });
}

// One line, not too long, cut between characters.
std::string Quote(absl::string_view text) {
  std::string quoted(absl::StripAsciiWhitespace(text));
  std::replace(quoted.begin(), quoted.end(), '\n', ' ');
  if (quoted.size() > kQuoteBytesMax) {
    size_t end = kQuoteBytesMax;
    while (end > 0 &&
           (static_cast<unsigned char>(quoted[end]) & 0xC0) == 0x80) {
      --end;
    }
    quoted.resize(end);
    quoted += "...";
  }
  return quoted;
}

std::string DescribeTime(absl::Time time) {
  return absl::FormatTime("%H:%M", time, absl::UTCTimeZone());
}

// "10:05 and 10:52 UTC", with dates where they differ.
std::string DescribeBetween(absl::Time from, absl::Time to) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const bool same_day =
      absl::ToCivilDay(from, utc) == absl::ToCivilDay(to, utc);
  if (same_day &&
      absl::ToCivilMinute(from, utc) != absl::ToCivilMinute(to, utc)) {
    return absl::StrCat(DescribeTime(from), " and ", DescribeTime(to), " UTC");
  }
  absl::string_view format = same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M";
  return absl::StrCat(absl::FormatTime(format, from, utc), " and ",
                      absl::FormatTime(format, to, utc), " UTC");
}

std::string MakeGapId(absl::string_view rule,
                      const std::vector<std::string>& entry_ids,
                      const std::vector<std::string>& account_ids) {
  // Ids are of fixed size and hold no comma.
  return IdToHex(StableId({"gap", rule, absl::StrJoin(entry_ids, ","),
                           absl::StrJoin(account_ids, ",")}));
}

Gap MakeGap(absl::string_view rule, std::vector<std::string> entry_ids,
            std::vector<std::string> account_ids, std::string text,
            std::string question) {
  Gap gap;
  gap.id = MakeGapId(rule, entry_ids, account_ids);
  gap.rule = std::string(rule);
  gap.entry_ids = std::move(entry_ids);
  gap.account_ids = std::move(account_ids);
  gap.text = std::move(text);
  gap.question = std::move(question);
  return gap;
}

// "alert "CheckoutLatencyHigh" of checkout".
std::string Named(absl::string_view noun, const Entry& entry) {
  return absl::StrCat(
      noun, " \"", Quote(entry.title), "\"",
      entry.service.empty() ? "" : absl::StrCat(" of ", Quote(entry.service)));
}

bool IsOver(const Incident& incident) {
  return incident.resolve_time.has_value() ||
         incident.state >= IncidentState::kResolved;
}

class Finder {
 public:
  Finder(const Story& story, const Roles& roles)
      : story_(story), roles_(roles) {
    for (size_t i = 0; i < story.entries.size(); ++i) {
      places_.emplace(story.entries[i].id, i);
    }
  }

  std::vector<Gap> Find() {
    FindSilence();
    FindNeverResolved();
    FindNeverFinished();
    FindNoEffect();
    FindSurprises();
    FindNoAccount();
    AddAnswers();
    std::stable_sort(
        gaps_.begin(), gaps_.end(),
        [this](const Gap& a, const Gap& b) { return PlaceOf(a) < PlaceOf(b); });
    return std::move(gaps_);
  }

 private:
  struct Moment {
    absl::Time time;
    const std::string* entry_id;  // null: the start or the end itself
  };

  size_t PlaceOf(const Gap& gap) const {
    size_t place = story_.entries.size();
    for (const std::string& id : gap.entry_ids) {
      const auto found = places_.find(id);
      if (found != places_.end()) place = std::min(place, found->second);
    }
    return place;
  }

  const Entry* EntryOf(const std::string& id) const {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &story_.entries[found->second];
  }

  std::vector<Moment> MomentsInside() const {
    const Incident& incident = story_.incident;
    std::vector<Moment> moments;
    for (const Entry& entry : story_.entries) {
      moments.push_back({entry.event_time, &entry.id});
      if (entry.resolve_time.has_value()) {
        moments.push_back({*entry.resolve_time, &entry.id});
      }
      // A folded line stands for a stretch in which it came again and again.
      if (entry.last_event_time.has_value()) {
        moments.push_back({*entry.last_event_time, &entry.id});
      }
    }
    for (const Account& account : story_.accounts) {
      if (account.state != AccountState::kGiven) continue;
      if (account.known_time.has_value()) {
        moments.push_back({*account.known_time, &account.entry_id});
      }
    }
    if (incident.start_time.has_value()) {
      moments.push_back({*incident.start_time, nullptr});
    }
    const std::optional<absl::Time>& end = incident.mitigate_time.has_value()
                                               ? incident.mitigate_time
                                               : incident.resolve_time;
    if (end.has_value()) moments.push_back({*end, nullptr});
    moments.erase(
        std::remove_if(moments.begin(), moments.end(),
                       [&](const Moment& moment) {
                         return (incident.start_time.has_value() &&
                                 moment.time < *incident.start_time) ||
                                (end.has_value() && moment.time > *end);
                       }),
        moments.end());
    std::sort(moments.begin(), moments.end(),
              [](const Moment& a, const Moment& b) {
                const std::string none;
                return std::make_pair(a.time, a.entry_id ? *a.entry_id : none) <
                       std::make_pair(b.time, b.entry_id ? *b.entry_id : none);
              });
    return moments;
  }

  // The lines on both sides of a silence; the start or the end itself stands
  // for the line next to it.
  static std::vector<std::string> NeighboursOf(
      const std::vector<Moment>& moments, const Silence& silence) {
    std::vector<std::string> ids;
    const auto add = [&](const std::string* id) {
      if (id != nullptr && !id->empty() &&
          std::find(ids.begin(), ids.end(), *id) == ids.end()) {
        ids.push_back(*id);
      }
    };
    for (size_t i = silence.before + 1; i-- > 0;) {
      if (moments[i].time != moments[silence.before].time) break;
      if (moments[i].entry_id != nullptr) {
        add(moments[i].entry_id);
        break;
      }
    }
    for (size_t i = silence.after; i < moments.size(); ++i) {
      if (moments[i].time != moments[silence.after].time) break;
      if (moments[i].entry_id != nullptr) {
        add(moments[i].entry_id);
        break;
      }
    }
    return ids;
  }

  void FindSilence() {
    const std::vector<Moment> moments = MomentsInside();
    std::vector<absl::Time> times;
    times.reserve(moments.size());
    for (const Moment& moment : moments) times.push_back(moment.time);
    for (const Silence& silence : FindSilences(times)) {
      const absl::Time from = times[silence.before];
      const absl::Time to = times[silence.after];
      const std::string length = DescribeDuration(to - from);
      gaps_.push_back(MakeGap(
          kSilence, NeighboursOf(moments, silence), {},
          absl::StrCat("nothing is known between ", DescribeBetween(from, to)),
          absl::StrCat("What were people looking at in those ", length,
                       ", and how did it look to them?")));
    }
  }

  void FindNeverResolved() {
    if (!IsOver(story_.incident)) return;
    // One alert that fires again and again is one question: by service and
    // title, what is not known to have resolved.
    std::map<std::pair<std::string, std::string>, std::vector<const Entry*>>
        firing;
    for (const Entry& entry : story_.entries) {
      const auto key = std::make_pair(entry.service, entry.title);
      if (entry.kind == EventKind::kAlertResolved) firing.erase(key);
      if (entry.kind == EventKind::kAlertFired) {
        std::vector<const Entry*>& open = firing[key];
        if (entry.resolve_time.has_value()) {
          open.clear();
        } else {
          open.push_back(&entry);
        }
      }
    }
    for (const auto& [key, entries] : firing) {
      if (entries.empty()) continue;
      const Entry& first = *entries.front();
      gaps_.push_back(MakeGap(
          kNeverResolved, {first.id}, {},
          absl::StrCat("the ", Named("alert", first), " fired at ",
                       DescribeTime(first.event_time),
                       " UTC and is not known to have resolved"),
          "How did people come to see that what this alert tells of was "
          "over?"));
    }
  }

  static bool EndsChange(const Entry& end, const Entry& start) {
    if (end.kind == EventKind::kChangeStarted ||
        !timeline::IsChange(end.kind) || end.service != start.service) {
      return false;
    }
    return end.revision.empty() || start.revision.empty() ||
           end.revision == start.revision;
  }

  void FindNeverFinished() {
    for (size_t i = 0; i < story_.entries.size(); ++i) {
      const Entry& start = story_.entries[i];
      if (start.kind != EventKind::kChangeStarted) continue;
      const bool ended =
          std::any_of(story_.entries.begin() + static_cast<std::ptrdiff_t>(i),
                      story_.entries.end(),
                      [&](const Entry& end) { return EndsChange(end, start); });
      if (ended) continue;
      gaps_.push_back(
          MakeGap(kNeverFinished, {start.id}, {},
                  absl::StrCat("the ", Named("change", start), " began at ",
                               DescribeTime(start.event_time),
                               " UTC and is not known to have ended"),
                  "How far did this change get, and what told people so?"));
    }
  }

  void FindNoEffect() {
    absl::flat_hash_map<std::string, std::vector<const Account*>> silent;
    absl::flat_hash_map<std::string, bool> has_effect;  // by line
    for (const Account& account : story_.accounts) {
      if (account.state != AccountState::kGiven) continue;
      if (!account.observed_effect.empty()) {
        has_effect[account.entry_id] = true;
      } else if (!account.action.empty() && !SaysEffect(account.words)) {
        silent[account.entry_id].push_back(&account);
      }
    }
    for (const Entry& entry : story_.entries) {
      const bool is_action = entry.kind == EventKind::kHumanAction &&
                             !SaysEffect(entry.title) &&
                             !SaysEffect(entry.description);
      const auto told = silent.find(entry.id);
      if ((!is_action && told == silent.end()) || has_effect[entry.id]) {
        continue;
      }
      std::vector<std::string> account_ids;
      std::string what = Quote(entry.title);
      if (told != silent.end()) {
        for (const Account* each : told->second) {
          account_ids.push_back(each->id);
        }
        if (!is_action) what = Quote(told->second.front()->action);
      }
      AddNoEffect({entry.id}, std::move(account_ids), what);
    }
    for (const Account* account : silent[""]) {
      AddNoEffect({}, {account->id}, Quote(account->action));
    }
  }

  void AddNoEffect(std::vector<std::string> entry_ids,
                   std::vector<std::string> account_ids,
                   const std::string& what) {
    Gap gap = MakeGap(
        kNoEffect, std::move(entry_ids), std::move(account_ids),
        absl::StrCat("nobody says what came of \"", what, "\""),
        "What did people see after this, and how did they tell whether it did "
        "what they hoped for?");
    // The line is the question's identity: another account of it that says no
    // effect either is not another question.
    if (!gap.entry_ids.empty()) {
      gap.id = MakeGapId(kNoEffect, gap.entry_ids, {});
    }
    gaps_.push_back(std::move(gap));
  }

  void FindSurprises() {
    for (const Account& account : story_.accounts) {
      if (!IsSurprise(account)) continue;
      std::vector<std::string> entry_ids;
      if (EntryOf(account.entry_id) != nullptr) {
        entry_ids.push_back(account.entry_id);
      }
      std::string text = absl::StrCat(Quote(account.role), " was surprised");
      if (!account.expectation.empty() && !account.observed_effect.empty()) {
        absl::StrAppend(&text, ": expected \"", Quote(account.expectation),
                        "\", saw \"", Quote(account.observed_effect), "\"");
      }
      Gap gap = MakeGap(
          kSurprise, std::move(entry_ids), {account.id}, std::move(text),
          account.expectation.empty()
              ? "What was different from how this usually goes, and how would "
                "anybody have known?"
              : "What made that the natural thing to expect, and who else "
                "would have expected it?");
      gap.id = MakeGapId(kSurprise, {}, gap.account_ids);
      gaps_.push_back(std::move(gap));
    }
  }

  void FindNoAccount() {
    for (const Person& person : PeopleOf(story_, roles_)) {
      if (person.told != Told::kNotYet) continue;
      Gap gap = MakeGap(
          kNoAccount, person.entry_ids, {},
          absl::StrCat(person.label, " was there and has not told yet"),
          "How did it look from where you stood, and what did you make of it "
          "at the time?");
      gap.id = IdToHex(StableId({"gap", kNoAccount, person.name}));
      gaps_.push_back(std::move(gap));
    }
  }

  void AddAnswers() {
    absl::flat_hash_map<std::string, size_t> by_id;
    for (size_t i = 0; i < gaps_.size(); ++i) by_id.emplace(gaps_[i].id, i);
    for (const Gap& answered : story_.answered_gaps) {
      if (!answered.answer.has_value()) continue;
      const auto found = by_id.find(answered.id);
      if (found != by_id.end()) {
        gaps_[found->second].answer = answered.answer;
      } else if (!answered.question.empty()) {
        gaps_.push_back(answered);
        // It quotes them, and their words are gone with them.
        if (!HasAll(answered.account_ids)) {
          gaps_.back().text =
              "an account that is no longer here was asked about";
        }
      }
    }
  }

  bool HasAll(const std::vector<std::string>& account_ids) const {
    const auto has = [this](const std::string& id) {
      return std::any_of(story_.accounts.begin(), story_.accounts.end(),
                         [&id](const Account& each) { return each.id == id; });
    };
    return std::all_of(account_ids.begin(), account_ids.end(), has);
  }

  const Story& story_;
  const Roles& roles_;
  absl::flat_hash_map<std::string, size_t> places_;
  std::vector<Gap> gaps_;
};

}  // namespace

std::vector<Gap> FindGaps(const Story& story, const Roles& roles) {
  return Finder(story, roles).Find();
}

std::vector<Silence> FindSilences(absl::Span<const absl::Time> moments) {
  std::vector<Silence> silences;
  if (moments.size() < 2) return silences;
  const absl::Duration stretch = moments.back() - moments.front();
  if (stretch <= absl::ZeroDuration()) return silences;
  std::vector<std::pair<absl::Duration, Silence>> spaces;
  for (size_t i = 1; i < moments.size(); ++i) {
    const absl::Duration space = moments[i] - moments[i - 1];
    if (space > absl::ZeroDuration()) spaces.push_back({space, {i - 1, i}});
  }
  std::stable_sort(
      spaces.begin(), spaces.end(),
      [](const auto& a, const auto& b) { return a.first > b.first; });
  absl::Duration rest = stretch;
  for (size_t i = 0; i + 1 < spaces.size(); ++i) {
    const absl::Duration space = spaces[i].first;
    if (silences.size() == kSilenceCountMax) break;
    // The rhythm is that of the other spaces: this one would hide it.
    const auto others = static_cast<int64_t>(spaces.size() - i - 1);
    const absl::Duration shortest = (rest - space) / (kBurstDivisor * others);
    const auto first_in_burst = std::partition_point(
        spaces.begin() + static_cast<std::ptrdiff_t>(i), spaces.end(),
        [&](const auto& each) { return each.first >= shortest; });
    const auto count = static_cast<double>(first_in_burst - spaces.begin()) -
                       static_cast<double>(i);
    const double share = absl::FDivDuration(space, rest);
    if (count * std::pow(1 - share, count - 1) >= kSilenceProbabilityMax) break;
    silences.push_back(spaces[i].second);
    rest -= space;
  }
  std::sort(
      silences.begin(), silences.end(),
      [](const Silence& a, const Silence& b) { return a.before < b.before; });
  return silences;
}

bool IsSurprise(const Account& account) {
  if (account.state != AccountState::kGiven) return false;
  if (account.surprised.has_value()) return *account.surprised;
  return !account.expectation.empty() &&
         HasAny(account.observed_effect, kDisappointed);
}

bool SaysEffect(absl::string_view text) { return HasAny(text, kEffects); }

}  // namespace secondstory::review
