#include "timeline/difference.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "timeline/phrase.h"

namespace secondstory::timeline {
namespace {

// Shorter delays are the way of every pipeline.
constexpr absl::Duration kLate = absl::Minutes(5);
// Beyond, it was filled in: when says more than how much later.
constexpr absl::Duration kFilledIn = absl::Hours(48);
// More alerts that repeated are told in one sentence.
constexpr size_t kRepeatsNamed = 3;
// A change that comes in below is one of many.
constexpr double kWorthMention = 0.05;

absl::string_view NounOf(EventKind kind) {
  switch (kind) {
    case EventKind::kChangeStarted:
    case EventKind::kChangeFinished:
      return "change";
    case EventKind::kChangeFailed:
      return "failed change";
    case EventKind::kChangeRolledBack:
      return "roll-back";
    case EventKind::kAlertFired:
      return "alert";
    case EventKind::kUserReport:
      return "report";
    case EventKind::kHumanAction:
      return "action";
    case EventKind::kNote:
      return "note";
    case EventKind::kAlertResolved:
      return "resolve";
  }
  return "event";
}

std::string NameOf(absl::string_view title, absl::string_view service) {
  return service.empty() || absl::string_view::npos != title.find(service)
             ? std::string(title)
             : absl::StrCat(title, " (", service, ")");
}

std::string NameOf(const TimelineLine& line) {
  return NameOf(line.title, line.service);
}

std::string LearntOf(absl::Time event_time, absl::Time append_time) {
  if (append_time == absl::InfinitePast()) return "";
  const absl::Duration delay = append_time - event_time;
  if (delay < kLate) return "";
  if (delay >= kFilledIn) {
    return absl::FormatTime(", learnt on %Y-%m-%d", append_time,
                            absl::UTCTimeZone());
  }
  return absl::StrCat(", learnt ", DescribeDuration(delay), " later");
}

using LinesById = absl::flat_hash_map<absl::string_view, const TimelineLine*>;

class Differences {
 public:
  Differences(
      const Candidate& before, const Candidate& after,
      const std::function<std::string(absl::string_view)>& explain_decision)
      : before_(before), after_(after), explain_decision_(explain_decision) {}

  bool AreRepeatsOnly() {
    Compare();
    return sentences_.size() == repeats_count_;
  }

  std::vector<std::string> Find() {
    Compare();
    if (sentences_.size() > kDifferenceCountMax) {
      const size_t more = sentences_.size() - (kDifferenceCountMax - 1);
      sentences_.resize(kDifferenceCountMax - 1);
      sentences_.push_back(absl::StrCat("and ", more, " more"));
    }
    return std::move(sentences_);
  }

 private:
  void Compare() {
    CompareFates();
    CompareLines();
    CompareChanges();
  }

  void Say(std::string sentence) { sentences_.push_back(std::move(sentence)); }

  void CompareFates() {
    if (after_.merged_into != before_.merged_into) {
      const std::string decided = DecisionOn(after_.id);
      if (after_.merged_into.empty()) {
        Say(absl::StrCat("taken apart again from candidate ",
                         before_.merged_into, decided));
      } else if (decided.empty()) {
        Say(absl::StrCat("later evidence connects it with candidate ",
                         after_.merged_into));
      } else {
        Say(absl::StrCat("goes on in candidate ", after_.merged_into, decided));
      }
    } else if (after_.state != before_.state) {
      Say(after_.state == CandidateState::kQuiet ? "nothing joins it any more"
                                                 : "it goes on");
    }
    if (after_.rules_version != before_.rules_version) {
      Say(absl::StrCat("assembled by rules version ", after_.rules_version,
                       ", before by ", before_.rules_version));
    }
  }

  void CompareLines() {
    if (!after_.merged_into.empty()) return;
    LinesById old_lines;
    absl::flat_hash_set<absl::string_view> old_ids;
    for (const TimelineLine& line : before_.lines) {
      old_lines[line.event_id] = &line;
      old_ids.insert(line.event_id);
      old_ids.insert(line.repeat_event_ids.begin(),
                     line.repeat_event_ids.end());
    }
    CompareRepeats(old_lines);
    absl::flat_hash_set<absl::string_view> new_ids;
    for (const TimelineLine& line : after_.lines) {
      new_ids.insert(line.event_id);
      new_ids.insert(line.repeat_event_ids.begin(),
                     line.repeat_event_ids.end());
      auto old_line = old_lines.find(line.event_id);
      if (old_line != old_lines.end()) {
        CompareLine(*old_line->second, line);
      } else if (!old_ids.contains(line.event_id)) {
        Say(absl::StrCat("added: ", NounOf(line.kind), " ", NameOf(line),
                         LearntOf(line.event_time, line.append_time),
                         DecisionOn(line.event_id)));
      }
    }
    for (const TimelineLine& line : before_.lines) {
      // A resolve goes into the line of its alert.
      if (new_ids.contains(line.event_id)) continue;
      if (line.kind == EventKind::kAlertResolved) continue;
      const std::string decided = DecisionOn(line.event_id);
      Say(absl::StrCat(
          "removed: ", NounOf(line.kind), " ", NameOf(line),
          decided.empty() ? ", which seems to belong elsewhere" : decided));
    }
  }

  // ", split off by sam: another outage"; empty when nobody decided.
  std::string DecisionOn(absl::string_view id) const {
    const std::string decision = explain_decision_(id);
    return decision.empty() ? "" : absl::StrCat(", ", decision);
  }

  // Of a storm, the sum says more than a count for each of its alerts.
  void CompareRepeats(const LinesById& old_lines) {
    std::vector<std::string> said;
    size_t sum = 0;
    for (const TimelineLine& line : after_.lines) {
      const auto old_line = old_lines.find(line.event_id);
      if (old_line == old_lines.end()) continue;
      const TimelineLine& was = *old_line->second;
      if (line.repeat_count <= was.repeat_count) continue;
      const size_t more = line.repeat_count - was.repeat_count;
      sum += more;
      said.push_back(absl::StrCat(more, " more of ", NameOf(line)));
    }
    if (said.size() > kRepeatsNamed) {
      said = {absl::StrCat(sum, " more of ", said.size(), " alerts")};
    }
    repeats_count_ = said.size();
    for (std::string& sentence : said) Say(std::move(sentence));
  }

  void CompareLine(const TimelineLine& was, const TimelineLine& is) {
    if (is.repeat_count < was.repeat_count) {
      Say(absl::StrCat(was.repeat_count - is.repeat_count, " fewer of ",
                       NameOf(is)));
    }
    if (is.resolve_time == was.resolve_time) return;
    Say(absl::StrCat(is.resolve_time == absl::InfinitePast() ? "fires again: "
                                                             : "resolved: ",
                     NameOf(is)));
  }

  void CompareChanges() {
    if (!after_.merged_into.empty()) return;
    absl::flat_hash_set<absl::string_view> old_ids;
    for (const RankedChange& change : before_.ranked_changes) {
      old_ids.insert(change.event_id);
    }
    for (const RankedChange& change : after_.ranked_changes) {
      const std::string learnt =
          LearntOf(change.event_time, change.append_time);
      if (old_ids.contains(change.event_id)) continue;
      if (learnt.empty() && change.score < kWorthMention) continue;
      Say(absl::StrCat("added: ", NameOf(change), learnt));
    }
    const RankedChange* was = Likeliest(before_);
    const RankedChange* is = Likeliest(after_);
    if (is != nullptr && (was == nullptr || was->event_id != is->event_id)) {
      Say(absl::StrCat("likeliest to have contributed now: ", NameOf(*is)));
    } else if (is == nullptr && was != nullptr) {
      Say("no change near the onset explains it well any more");
    }
  }

  // The first change, where something speaks for it.
  static const RankedChange* Likeliest(const Candidate& candidate) {
    if (candidate.ranked_changes.empty()) return nullptr;
    const RankedChange& first = candidate.ranked_changes.front();
    return first.score > candidate.no_change_score ? &first : nullptr;
  }

  // "change of shop-api 3.2.1, "Deploy 3.2.1""
  static std::string NameOf(const RankedChange& change) {
    std::string name = "change";
    if (!change.service.empty()) absl::StrAppend(&name, " of ", change.service);
    if (!change.revision.empty()) absl::StrAppend(&name, " ", change.revision);
    return absl::StrCat(name, ", \"", change.title, "\"");
  }
  static std::string NameOf(const TimelineLine& line) {
    return timeline::NameOf(line);
  }

  const Candidate& before_;
  const Candidate& after_;
  const std::function<std::string(absl::string_view)>& explain_decision_;
  std::vector<std::string> sentences_;
  size_t repeats_count_ = 0;  // of these, that something repeated
};

}  // namespace

bool IsMoreOfTheSame(const Candidate& before, const Candidate& after) {
  const std::function<std::string(absl::string_view)> explain_nothing =
      [](absl::string_view) { return ""; };
  return Differences(before, after, explain_nothing).AreRepeatsOnly();
}

std::vector<std::string> Diff(
    const Candidate& before, const Candidate& after,
    const std::function<std::string(absl::string_view)>& explain_decision) {
  return Differences(before, after, explain_decision).Find();
}

}  // namespace secondstory::timeline
