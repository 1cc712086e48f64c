#include "timeline/assembler.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"

namespace secondstory::timeline {
namespace {

bool HasWithin(const std::set<absl::Time>& times, absl::Time from,
               absl::Time to) {
  auto at = times.lower_bound(from);
  return at != times.end() && *at <= to;
}

// From `from` to `to`, both inclusive.
template <typename Events, typename Visit>
void VisitWithin(const Events& events, absl::Time from, absl::Time to,
                 Visit visit) {
  // The smallest key at that time: kinds start at zero and ids are not empty.
  for (auto at = events.lower_bound({from, EventKind::kChangeStarted, ""});
       at != events.end() && at->first.event_time <= to; ++at) {
    visit(*at->second);
  }
}

// A resolve that says which alert it ends belongs where that alert is; others
// ("recovered") are context like a note.
bool IsOfNamedAlert(const Event& event) {
  return event.kind == EventKind::kAlertResolved &&
         !FindLabel(event, "alertname").empty();
}

}  // namespace

Assembler::Assembler(const AssemblerOptions& options, Topology topology)
    : options_(options),
      topology_(std::move(topology)),
      gathering_(topology_, options.affinity) {}

Added Assembler::Add(Event event) {
  if (known_ids_.contains(event.id)) return Added::kKnown;
  if (watermark_ != absl::InfinitePast() &&
      event.event_time < watermark_ - options_.lateness) {
    return Added::kTooLate;
  }
  if (IsSymptom(event.kind) && event.event_time < settled_before_) {
    return Added::kTooLate;
  }
  known_ids_.insert(event.id);
  // A source may date an event into the future; the world is not known further
  // than to the moment when we learnt of it.
  const absl::Time known_to =
      event.append_time == absl::InfinitePast()
          ? event.event_time
          : std::min(event.event_time, event.append_time);
  watermark_ = std::max(watermark_, known_to);
  if (IsSymptom(event.kind)) {
    AddSymptom(std::move(event));
  } else if (IsChange(event.kind)) {
    // A revert is a change like others to most sources.
    new_undos_.insert(event.event_time);
    new_changes_.insert(event.event_time);
    const EventKey key = KeyOf(event);
    changes_[key] = std::make_unique<const KnownEvent>(std::move(event));
  } else {
    AddContext(std::move(event));
  }
  return Added::kNew;
}

void Assembler::AddSymptom(Event event) {
  const EventKey key = KeyOf(event);
  const Symptom& symptom = gathering_.Insert(std::move(event));
  Occurrences& alert = alerts_[symptom.known.occurrence];
  alert.fired.insert(key);
  // A resolve that belonged to an earlier occurrence may belong to this one.
  for (const EventKey& fired : alert.fired) touched_.insert(fired.id);
}

void Assembler::AddContext(Event event) {
  const EventKey key = KeyOf(event);
  auto known = std::make_unique<const KnownEvent>(std::move(event));
  new_context_.insert(key.event_time);
  if (key.kind == EventKind::kAlertResolved) {
    Occurrences& alert = alerts_[known->occurrence];
    alert.resolved[key] = known.get();
    gathering_.InsertResolve(known->event, known->occurrence);
    for (const EventKey& fired : alert.fired) touched_.insert(fired.id);
  }
  context_[key] = std::move(known);
}

std::string Assembler::ExplainDecision(absl::string_view id) const {
  const Decision* decision = gathering_.FindDecision(id);
  return decision == nullptr ? "" : DescribeDecision(*decision);
}

void Assembler::MarkTaken(const std::string& id) {
  taken_.try_emplace(id);
  touched_.insert(id);
}

std::vector<Candidate> Assembler::TakeChanged() {
  for (const std::string& id : gathering_.Update()) touched_.insert(id);
  TouchConcerned();
  TouchQuiet();
  std::set<std::string> ids;
  for (const std::string& id : std::exchange(touched_, {})) {
    ids.insert(id);
    // An alert that resolved touches the candidate that it is in.
    const Symptom* symptom = gathering_.FindSymptom(id);
    if (symptom != nullptr) ids.insert(symptom->strand->root().id());
  }
  std::vector<Candidate> changed;
  for (const std::string& id : ids) {
    std::optional<Candidate> candidate = TakeOne(id);
    if (candidate.has_value()) changed.push_back(*std::move(candidate));
  }
  std::sort(changed.begin(), changed.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::tie(a.onset_time, a.id) <
                     std::tie(b.onset_time, b.id);
            });
  return changed;
}

// Candidates that an added change or note may concern.
void Assembler::TouchConcerned() {
  if (!new_changes_.empty() || !new_context_.empty()) {
    for (const Strand* strand : gathering_.Strands()) {
      if (strand->merged_into == nullptr &&
          IsConcerned(*strand, Gathering::LastOf(*strand).event_time)) {
        touched_.insert(strand->id());
      }
    }
  }
  new_changes_.clear();
  new_undos_.clear();
  new_context_.clear();
}

bool Assembler::IsConcerned(const Strand& root, absl::Time last) const {
  const RankingOptions& ranking = options_.ranking;
  const absl::Time onset = root.first().event_time;
  return HasWithin(new_changes_, onset - ranking.lookback,
                   std::max(onset + ranking.skew, last + kContextAfter)) ||
         HasWithin(new_undos_, onset, onset + ranking.rollback_horizon) ||
         HasWithin(new_context_, onset, last + kContextAfter);
}

// Candidates that nothing joined for too long by now.
void Assembler::TouchQuiet() {
  for (const auto& [closes, id] : open_) {
    if (watermark_ <= closes) break;
    touched_.insert(id);
  }
}

std::optional<Candidate> Assembler::TakeOne(const std::string& id) {
  auto taken = taken_.find(id);
  const Strand* strand = gathering_.FindStrand(id);
  const Symptom* opener = gathering_.FindSymptom(id);
  if (opener == nullptr) return std::nullopt;
  const bool is_root = strand != nullptr && strand->merged_into == nullptr;
  if (!is_root && taken == taken_.end()) return std::nullopt;
  Candidate candidate = is_root ? Build(*strand) : BuildMerged(*opener);
  const uint64_t fingerprint = absl::HashOf(candidate);
  Taken& now = taken_[id];
  const bool same = now.fingerprint == fingerprint;
  open_.erase({now.closes, id});
  now = {fingerprint, candidate.state,
         is_root ? strand->closes : absl::InfinitePast()};
  if (candidate.state == CandidateState::kOpen) open_.insert({now.closes, id});
  if (same) return std::nullopt;
  return candidate;
}

Candidate Assembler::Build(const Strand& root) const {
  RankingOptions ranking = options_.ranking;
  std::string learnt;
  if (options_.learning != nullptr) {
    const Learning& learning = options_.learning->Before(root.first().position);
    ranking.weights = learning.weights;
    if (learning.outcome_count > 0) learnt = FormatLearning(learning);
  }
  Candidate candidate =
      Compose(MaterialOf(root), topology_, ranking, watermark_);
  candidate.learning = std::move(learnt);
  return candidate;
}

Material Assembler::MaterialOf(const Strand& root) const {
  Material material;
  material.symptoms = Gathering::SymptomsOf(root);
  material.closes = root.closes;
  const absl::Time onset = root.first().event_time;
  const absl::Time last = material.symptoms.back()->known.event.event_time;
  const RankingOptions& ranking = options_.ranking;
  VisitWithin(
      changes_, onset - ranking.lookback,
      std::max(onset + ranking.rollback_horizon, last + kContextAfter),
      [&](const KnownEvent& known) { material.changes.push_back(&known); });
  VisitWithin(context_, onset, last + kContextAfter,
              [&](const KnownEvent& known) {
                if (!IsOfNamedAlert(known.event)) {
                  material.context.push_back(&known);
                }
              });
  for (const Symptom* symptom : material.symptoms) {
    const KnownEvent* resolve = ResolveOf(*symptom);
    if (resolve != nullptr) material.resolves.push_back(resolve);
  }
  return material;
}

// The first resolve after it, unless it fired again before.
const KnownEvent* Assembler::ResolveOf(const Symptom& symptom) const {
  const Occurrences& alert = alerts_.find(symptom.known.occurrence)->second;
  const EventKey key = KeyOf(symptom.known.event);
  auto resolve = alert.resolved.upper_bound(key);
  if (resolve == alert.resolved.end()) return nullptr;
  if (resolve->first.event_time - key.event_time > kResolveAfter)
    return nullptr;
  auto again = alert.fired.upper_bound(key);
  if (again != alert.fired.end() && *again < resolve->first) return nullptr;
  return resolve->second;
}

Candidate Assembler::BuildMerged(const Symptom& opener) const {
  const Event& event = opener.known.event;
  Candidate candidate;
  candidate.id = event.id;
  candidate.state = CandidateState::kMerged;
  candidate.title = std::string(DisplayTitle(event));
  candidate.onset_time = event.event_time;
  candidate.last_activity_time = event.event_time;
  if (!event.service.empty()) candidate.services = {event.service};
  candidate.severity = event.severity;
  candidate.merged_into = opener.strand->root().id();
  return candidate;
}

bool Assembler::IsSettled(const Strand& root, absl::Time horizon) const {
  // A report may join what still fires; and after that resolved, late reports.
  const absl::Duration joining = kFiringGroupQuiet + kGroupQuiet;
  return Gathering::LastOf(root).event_time +
             std::max({kContextAfter, kResolveAfter, joining}) <
         horizon;
}

void Assembler::Forget() {
  if (watermark_ == absl::InfinitePast()) return;
  const absl::Time horizon = watermark_ - options_.lateness;
  // Up to the last moment that no candidate spans, everything settled goes.
  // Beyond it, a settled one stays as long as a restart would have to see it in
  // order to decide about its contemporaries in the same way; but not for
  // ever, where there is no such moment.
  std::vector<const Strand*> roots;
  for (const Strand* strand : gathering_.Strands()) {
    if (strand->merged_into == nullptr) roots.push_back(strand);
  }
  size_t cut = 0;
  absl::Time reach = absl::InfinitePast();
  for (size_t i = 0; i < roots.size(); ++i) {
    if (reach < roots[i]->first().event_time) cut = i;
    if (!IsSettled(*roots[i], horizon)) break;
    reach = std::max(reach, Gathering::LastOf(*roots[i]).event_time);
    if (i + 1 == roots.size()) cut = roots.size();
  }
  std::vector<const Strand*> gone;
  for (size_t i = 0; i < roots.size(); ++i) {
    const bool old = roots[i]->first().event_time + kGroupSpanMax < horizon;
    if (i < cut || (old && IsSettled(*roots[i], horizon))) {
      gone.push_back(roots[i]);
    }
  }
  const absl::Time kept = cut < roots.size() ? roots[cut]->first().event_time
                                             : absl::InfiniteFuture();
  settled_before_ = std::max(settled_before_, std::min(horizon, kept));
  ForgetRoots(gone, horizon);
  ForgetRest(horizon);
}

void Assembler::ForgetRoots(const std::vector<const Strand*>& roots,
                            absl::Time horizon) {
  for (const Strand* root : roots) {
    for (const Symptom* symptom : Gathering::SymptomsOf(*root)) {
      const std::string& id = symptom->known.event.id;
      auto alert = alerts_.find(symptom->known.occurrence);
      alert->second.fired.erase(KeyOf(symptom->known.event));
      known_ids_.erase(id);
      taken_.erase(id);
      touched_.erase(id);
    }
  }
  gathering_.Forget(roots, horizon);
}

// Changes and context that no candidate can look at any more.
void Assembler::ForgetRest(absl::Time horizon) {
  const absl::Time oldest = std::min(horizon, OldestOnset());
  const auto forget = [&](Events* events, absl::Time before) {
    while (!events->empty() && events->begin()->first.event_time < before) {
      known_ids_.erase(events->begin()->first.id);
      events->erase(events->begin());
    }
  };
  forget(&changes_, oldest - options_.ranking.lookback);
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    auto& resolved = at->second.resolved;
    while (!resolved.empty() && resolved.begin()->first.event_time < oldest) {
      resolved.erase(resolved.begin());
    }
    at = resolved.empty() && at->second.fired.empty() ? alerts_.erase(at)
                                                      : std::next(at);
  }
  forget(&context_, oldest);
}

uint64_t Assembler::SafePosition() const {
  uint64_t position = gathering_.MinPosition();
  const auto look = [&](const Events& events) {
    for (const auto& [key, known] : events) {
      if (position == 0 || known->event.position < position) {
        position = known->event.position;
      }
    }
  };
  look(changes_);
  look(context_);
  return position == 0 ? 0 : position - 1;
}

size_t Assembler::CountCandidates(CandidateState state) const {
  return static_cast<size_t>(std::count_if(
      taken_.begin(), taken_.end(),
      [&](const auto& each) { return each.second.state == state; }));
}

absl::Time Assembler::OldestOnset() const {
  return gathering_.OldestSymptomTime();
}

}  // namespace secondstory::timeline
