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
// Of a candidate's title, as its API takes it; a service's name and all else
// beside an event's title are far shorter.
constexpr size_t kTitleBytesMax = 1024;
// A shorter revision may stand in a title by chance.
constexpr size_t kRevisionSizeMin = 4;

std::vector<const KnownEvent*> KnownOf(
    const std::vector<const Symptom*>& symptoms) {
  std::vector<const KnownEvent*> known;
  for (const Symptom* symptom : symptoms) known.push_back(&symptom->known);
  return known;
}

std::string TitleOf(const Candidate& candidate, const Event& first,
                    size_t symptom_count, absl::Time last) {
  absl::string_view title = DisplayTitle(first);
  std::string more;
  if (!first.service.empty() && !absl::StrContains(title, first.service)) {
    absl::StrAppend(&more, " (", first.service, ")");
  }
  if (symptom_count > 1) {
    absl::StrAppend(&more, ", then ", symptom_count - 1, " more");
    if (candidate.services.size() > 1) {
      absl::StrAppend(&more, " in ", candidate.services.size(), " services");
    }
    absl::StrAppend(&more, " over ", DescribeDuration(last - first.event_time));
  }
  // Whole characters: those of several bytes go on with 10xxxxxx.
  size_t size = std::min(title.size(), kTitleBytesMax - more.size());
  while (size > 0 && size < title.size() && (title[size] & 0xC0) == 0x80) {
    --size;
  }
  return absl::StrCat(title.substr(0, size), more);
}

void AddContext(const Material& material, const Topology& topology,
                const Relation& relation, absl::Time last,
                Candidate* candidate) {
  absl::flat_hash_set<absl::string_view> listed;
  for (const RankedChange& change : candidate->ranked_changes) {
    listed.insert(change.event_id);
  }
  const auto add = [&](const KnownEvent& known) {
    const absl::Time time = known.event.event_time;
    if (time < candidate->onset_time || time > last + kContextAfter) return;
    if (listed.contains(known.event.id)) return;
    std::string reason = relation.Explain(known, topology);
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

Relation::Relation(const Candidate& candidate, const Material& material) {
  absl::flat_hash_set<uint64_t> seen;
  absl::flat_hash_set<absl::string_view> services;
  for (const Symptom* symptom : material.symptoms) {
    const KnownEvent& known = symptom->known;
    if (!seen.insert(known.occurrence).second) continue;
    words_.insert(words_.end(), known.words.begin(), known.words.end());
    words_.insert(words_.end(), known.name_words.begin(),
                  known.name_words.end());
    const std::string& service = known.event.service;
    if (!service.empty() && services.insert(service).second) {
      services_.push_back(service);
    }
  }
  SortUnique(&words_);
  words_.shrink_to_fit();
  near_.reserve(candidate.ranked_changes.size());
  for (const RankedChange& change : candidate.ranked_changes) {
    auto at = std::lower_bound(material.changes.begin(), material.changes.end(),
                               change.event_time,
                               [](const KnownEvent* known, absl::Time time) {
                                 return known->event.event_time < time;
                               });
    while ((*at)->event.id != change.event_id) ++at;
    near_.push_back({&(*at)->event, change.score >= kLikelyChange});
  }
}

std::string Relation::Explain(const KnownEvent& known,
                              const Topology& topology) const {
  const Event& event = known.event;
  if (std::string undone = ExplainUndo(event); !undone.empty()) return undone;
  int distance = Topology::kUnknown;
  absl::string_view nearest;
  for (absl::string_view service : services_) {
    const int at = topology.Distance(event.service, service);
    if (at < distance) {
      distance = at;
      nearest = service;
    }
  }
  if (distance == 0) return "same service as an alert";
  if (distance == 1 && !IsChange(event.kind)) {
    return absl::StrCat("neighbour of ", nearest, ", which alerted");
  }
  if (HasLikelyChangeOf(event.service)) {
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

std::string Relation::ExplainUndo(const Event& event) const {
  if (!IsChange(event.kind)) return "";
  for (const Near& change : near_) {
    const std::string& revision = change.event->change.revision;
    if (revision.size() >= kRevisionSizeMin &&
        (event.change.previous_revision == revision ||
         FindLabel(event, "reverts") == revision ||
         (event.kind == EventKind::kChangeRolledBack &&
          absl::StrContains(event.title, revision)))) {
      return absl::StrCat("undoes a change near the onset, \"",
                          DisplayTitle(*change.event), "\"");
    }
  }
  return "";
}

bool Relation::HasLikelyChangeOf(absl::string_view service) const {
  return !service.empty() &&
         std::any_of(near_.begin(), near_.end(), [&](const Near& change) {
           return change.is_likely && change.event->service == service;
         });
}

// Of the title alone, so that they can be shown.
std::vector<Word> Relation::SharedWords(const KnownEvent& known) const {
  const std::vector<Word> own = WordsOf({known.event.title});
  std::vector<Word> shared;
  std::set_intersection(own.begin(), own.end(), words_.begin(), words_.end(),
                        std::back_inserter(shared));
  return shared;
}

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
                  const RankingOptions& options, absl::Time watermark,
                  Relation* relation) {
  const Event& first = material.symptoms.front()->known.event;
  const absl::Time last = material.symptoms.back()->known.event.event_time;
  Candidate candidate;
  candidate.id = first.id;
  candidate.onset_time = first.event_time;
  candidate.state = watermark > material.closes ? CandidateState::kQuiet
                                                : CandidateState::kOpen;
  absl::flat_hash_set<absl::string_view> services;
  constexpr size_t kUsualContextCount = 4;
  candidate.lines.reserve(material.symptoms.size() + material.resolves.size() +
                          kUsualContextCount);
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
  *relation = Relation(candidate, material);
  AddContext(material, topology, *relation, last, &candidate);
  SortLines(&candidate.lines);
  candidate.last_activity_time = candidate.lines.back().event_time;
  return candidate;
}

}  // namespace secondstory::timeline
