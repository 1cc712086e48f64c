#include "timeline/composing.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "timeline/phrase.h"

namespace secondstory::timeline {
namespace {

// A listed change with at least this score draws what is done about its service
// into the timeline.
constexpr double kLikelyChange = 0.05;
// So many words in common make two texts speak of one thing.
constexpr size_t kWordsInCommon = 2;

// Decides which events of the time concern a candidate.
class Relation {
 public:
  Relation(const Candidate& candidate,
           const std::vector<const Symptom*>& symptoms,
           const Topology& topology)
      : candidate_(candidate), topology_(topology) {
    absl::flat_hash_set<uint64_t> seen;
    for (const Symptom* symptom : symptoms) {
      if (!seen.insert(symptom->known.occurrence).second) continue;
      words_.insert(words_.end(), symptom->known.words.begin(),
                    symptom->known.words.end());
      words_.insert(words_.end(), symptom->known.name_words.begin(),
                    symptom->known.name_words.end());
    }
    std::sort(words_.begin(), words_.end());
    words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
  }

  // Why `known` concerns the candidate; empty when it does not.
  std::string Explain(const KnownEvent& known) const {
    const Event& event = known.event;
    if (std::string undone = ExplainUndo(event); !undone.empty()) return undone;
    int distance = Topology::kUnknown;
    absl::string_view nearest;
    for (const std::string& service : candidate_.services) {
      const int at = topology_.Distance(event.service, service);
      if (at < distance) {
        distance = at;
        nearest = service;
      }
    }
    if (distance == 0) return "same service as an alert";
    if (distance == 1 && !IsChange(event.kind)) {
      return absl::StrCat("neighbour of ", nearest, ", which alerted");
    }
    if (LikelyChangeOf(event.service) != nullptr) {
      return "same service as a likely change near the onset";
    }
    if (const std::vector<Word> shared = SharedWords(known);
        shared.size() >= kWordsInCommon) {
      return absl::StrCat("also names `", FindWord(event.title, shared[0]),
                          "` and `", FindWord(event.title, shared[1]), "`");
    }
    if (event.service.empty() && !IsChange(event.kind)) {
      return "while it went on";
    }
    return "";
  }

 private:
  std::string ExplainUndo(const Event& event) const {
    if (!IsChange(event.kind)) return "";
    for (const RankedChange& change : candidate_.ranked_changes) {
      if (change.revision.size() >= 4 &&
          (event.change.previous_revision == change.revision ||
           FindLabel(event, "reverts") == change.revision ||
           (event.kind == EventKind::kChangeRolledBack &&
            absl::StrContains(event.title, change.revision)))) {
        return absl::StrCat("undoes a change near the onset, \"", change.title,
                            "\"");
      }
    }
    return "";
  }

  const RankedChange* LikelyChangeOf(absl::string_view service) const {
    if (service.empty()) return nullptr;
    for (const RankedChange& change : candidate_.ranked_changes) {
      if (change.score < kLikelyChange) return nullptr;
      if (change.service == service) return &change;
    }
    return nullptr;
  }

  // Of the title alone, so that they can be shown.
  std::vector<Word> SharedWords(const KnownEvent& known) const {
    const std::vector<Word> own = WordsOf({known.event.title});
    std::vector<Word> shared;
    std::set_intersection(own.begin(), own.end(), words_.begin(), words_.end(),
                          std::back_inserter(shared));
    return shared;
  }

  const Candidate& candidate_;
  const Topology& topology_;
  std::vector<Word> words_;
};

std::vector<const KnownEvent*> KnownOf(
    const std::vector<const Symptom*>& symptoms) {
  std::vector<const KnownEvent*> known;
  for (const Symptom* symptom : symptoms) known.push_back(&symptom->known);
  return known;
}

std::string TitleOf(const Candidate& candidate, const Event& first,
                    size_t symptom_count, absl::Time last) {
  std::string title(DisplayTitle(first));
  if (!first.service.empty() && !absl::StrContains(title, first.service)) {
    absl::StrAppend(&title, " (", first.service, ")");
  }
  if (symptom_count == 1) return title;
  absl::StrAppend(&title, ", then ", symptom_count - 1, " more");
  if (candidate.services.size() > 1) {
    absl::StrAppend(&title, " in ", candidate.services.size(), " services");
  }
  return absl::StrCat(title, " over ",
                      DescribeDuration(last - first.event_time));
}

void AddContext(const Material& material, const Topology& topology,
                absl::Time last, Candidate* candidate) {
  absl::flat_hash_set<absl::string_view> listed;
  for (const RankedChange& change : candidate->ranked_changes) {
    listed.insert(change.event_id);
  }
  const Relation relation(*candidate, material.symptoms, topology);
  const auto add = [&](const KnownEvent& known) {
    const absl::Time time = known.event.event_time;
    if (time < candidate->onset_time || time > last + kContextAfter) return;
    if (listed.contains(known.event.id)) return;
    std::string reason = relation.Explain(known);
    if (!reason.empty()) {
      candidate->lines.push_back(LineOf(known, std::move(reason)));
    }
  };
  for (const KnownEvent* change : material.changes) add(*change);
  for (const KnownEvent* each : material.context) add(*each);
  for (const KnownEvent* resolve : material.resolves) {
    candidate->lines.push_back(LineOf(*resolve, "resolves an alert above"));
  }
}

void SortLines(std::vector<TimelineLine>* lines) {
  std::sort(lines->begin(), lines->end(),
            [](const TimelineLine& a, const TimelineLine& b) {
              return std::tie(a.event_time, a.kind, a.event_id) <
                     std::tie(b.event_time, b.kind, b.event_id);
            });
}

}  // namespace

TimelineLine LineOf(const KnownEvent& known, std::string reason) {
  const Event& event = known.event;
  TimelineLine line;
  line.event_id = event.id;
  line.source = event.source;
  line.source_event_id = event.source_event_id;
  line.kind = event.kind;
  line.event_time = event.event_time;
  line.append_time = event.append_time;
  line.service = event.service;
  line.title = std::string(DisplayTitle(event));
  line.severity = event.severity;
  line.reason = std::move(reason);
  line.occurrence = known.occurrence;
  line.signature = known.signature;
  return line;
}

Candidate Compose(const Material& material, const Topology& topology,
                  const RankingOptions& options, absl::Time watermark) {
  const Event& first = material.symptoms.front()->known.event;
  const absl::Time last = material.symptoms.back()->known.event.event_time;
  Candidate candidate;
  candidate.id = first.id;
  candidate.onset_time = first.event_time;
  candidate.state = watermark > material.closes ? CandidateState::kQuiet
                                                : CandidateState::kOpen;
  absl::flat_hash_set<absl::string_view> services;
  for (const Symptom* symptom : material.symptoms) {
    const Event& event = symptom->known.event;
    candidate.severity = std::max(candidate.severity, event.severity);
    if (!event.service.empty() && services.insert(event.service).second) {
      candidate.services.push_back(event.service);
    }
    candidate.lines.push_back(LineOf(symptom->known, symptom->reason));
  }
  candidate.title = TitleOf(candidate, first, material.symptoms.size(), last);
  const std::vector<const KnownEvent*> symptoms = KnownOf(material.symptoms);
  Ranking ranking = RankChanges(
      {symptoms, material.changes, material.context, material.resolves},
      topology, options);
  candidate.ranked_changes = std::move(ranking.changes);
  candidate.no_change_score = ranking.no_change_score;
  candidate.no_change_reason = std::move(ranking.no_change_reason);
  AddContext(material, topology, last, &candidate);
  SortLines(&candidate.lines);
  candidate.last_activity_time = candidate.lines.back().event_time;
  return candidate;
}

}  // namespace secondstory::timeline
