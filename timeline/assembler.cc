#include "timeline/assembler.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "absl/hash/hash.h"

namespace secondstory::timeline {
namespace {

// More new changes at once are compared with every candidate.
constexpr size_t kFewChanges = 64;

bool HasWithin(const std::vector<absl::Time>& sorted, absl::Time from,
               absl::Time to) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), from);
  return at != sorted.end() && *at <= to;
}

bool IsEarlier(const KnownEvent* a, const KnownEvent* b) {
  return IsBefore(a->event, b->event);
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
    new_changes_.push_back(&changes_.Insert(std::move(event)));
  } else {
    AddContext(std::move(event));
  }
  return Added::kNew;
}

// A resolve that belonged to the firing before may belong to this one.
void Assembler::AddSymptom(Event&& event) {
  const Symptom& symptom = gathering_.Insert(std::move(event));
  const KnownEvent* before = FindFiringBefore(symptom.known);
  if (before != nullptr) touched_.insert(before->event.id);
  // What was a candidate before a restart may be none.
  const std::string& id = symptom.known.event.id;
  if (taken_.contains(id)) touched_.insert(id);
}

void Assembler::AddContext(Event&& event) {
  const EventKey key = KeyOf(event);
  auto known = std::make_unique<const KnownEvent>(std::move(event));
  if (key.kind == EventKind::kAlertResolved) {
    std::vector<const KnownEvent*>& same = resolves_of_[known->occurrence];
    same.insert(
        std::upper_bound(same.begin(), same.end(), known.get(), IsEarlier),
        known.get());
    gathering_.InsertResolve(known->event, known->occurrence);
    const KnownEvent* before = FindFiringBefore(*known);
    if (before != nullptr) touched_.insert(before->event.id);
  }
  if (IsOfNamedAlert(known->event)) {
    resolves_[key] = std::move(known);
  } else {
    new_context_.insert(key.event_time);
    context_[key] = std::move(known);
  }
}

// Of the same alert; null when there is none.
const KnownEvent* Assembler::FindFiringBefore(const KnownEvent& known) const {
  const std::vector<Symptom*>& same =
      gathering_.SymptomsOfOccurrence(known.occurrence);
  const auto at =
      std::lower_bound(same.begin(), same.end(), known.event,
                       [](const Symptom* symptom, const Event& event) {
                         return IsBefore(symptom->known.event, event);
                       });
  return at == same.begin() ? nullptr : &(*std::prev(at))->known;
}

std::string Assembler::ExplainDecision(absl::string_view id) const {
  const Decision* decision = gathering_.FindDecision(id);
  return decision == nullptr ? "" : DescribeDecision(*decision);
}

void Assembler::MarkTaken(const std::string& id) {
  FindTaken(id);
  touched_.insert(id);
}

std::vector<Candidate> Assembler::TakeChanged() {
  UpdateRoots();
  TouchConcerned();
  TouchQuiet();
  std::vector<const Symptom*> openers;
  // In any order: they are sorted below.
  for (const std::string& id : std::exchange(touched_, {})) {  // tidy: allow
    // An alert that resolved touches the candidate that it is in.
    const Symptom* symptom = gathering_.FindSymptom(id);
    if (symptom == nullptr) continue;
    openers.push_back(symptom);
    openers.push_back(symptom->strand->root().symptoms.front());
  }
  // Neighbours look at the same changes, which are at hand then.
  std::sort(openers.begin(), openers.end(),
            [](const Symptom* a, const Symptom* b) {
              return IsBefore(a->known.event, b->known.event);
            });
  openers.erase(std::unique(openers.begin(), openers.end()), openers.end());
  std::vector<Candidate> changed;
  for (const Symptom* opener : openers) {
    std::optional<Candidate> candidate = TakeOne(*opener);
    if (candidate.has_value()) changed.push_back(*std::move(candidate));
  }
  std::sort(changed.begin(), changed.end(),
            [](const Candidate& a, const Candidate& b) {
              return std::tie(a.onset_time, a.id) <
                     std::tie(b.onset_time, b.id);
            });
  return changed;
}

void Assembler::UpdateRoots() {
  for (const std::string& id : gathering_.Update()) {
    touched_.insert(id);
    const Strand* strand = gathering_.FindStrand(id);
    if (strand != nullptr && strand->merged_into == nullptr) {
      roots_.Set(id, {strand->first().event_time,
                      Gathering::LastOf(*strand).event_time});
    } else {
      roots_.Erase(id);
    }
  }
}

// Candidates that an added change or note may concern.
void Assembler::TouchConcerned() {
  if (new_changes_.size() > kFewChanges) {
    TouchInBulk();
  } else {
    for (const KnownEvent* change : new_changes_) {
      TouchConcernedBy(*change);
      // A start whose end is known is no change of its own any more.
      changes_.VisitStartsOf(*change, [&](const KnownEvent& start) {
        TouchConcernedBy(start);
        TouchReaching(start.event.event_time - options_.ranking.skew,
                      change->event.event_time, change->event.event_time);
      });
    }
  }
  for (absl::Time time : new_context_) {
    roots_.VisitActive(time - kContextAfter, time,
                       [&](const std::string& id, const Extent&) {
                         touched_.insert(id);
                         return true;
                       });
  }
  new_changes_.clear();
  new_context_.clear();
}

void Assembler::TouchInBulk() {
  std::vector<absl::Time> times;
  for (const KnownEvent* change : new_changes_) {
    times.push_back(change->event.event_time);
  }
  std::sort(times.begin(), times.end());
  roots_.VisitOnsets(
      absl::InfinitePast(), absl::InfiniteFuture(),
      [&](const std::string& id, const Extent& extent) {
        if (HasWithin(times, extent.onset - options_.ranking.lookback,
                      ReachOf(extent))) {
          touched_.insert(id);
        }
        return true;
      });
}

// How far a candidate looks at changes.
absl::Time Assembler::ReachOf(const Extent& extent) const {
  return std::max({extent.onset + options_.ranking.skew,
                   extent.onset + options_.ranking.rollback_horizon,
                   extent.last + kContextAfter});
}

// Those in which it makes a difference whether `change` is there or not.
void Assembler::TouchConcernedBy(const KnownEvent& change) {
  const RankingOptions& ranking = options_.ranking;
  const absl::Time time = change.event.event_time;
  // Where it is among the changes near the onset, it changes what is expected.
  roots_.VisitOnsets(time - ranking.skew, time + ranking.lookback,
                     [&](const std::string& id, const Extent&) {
                       touched_.insert(id);
                       return true;
                     });
  TouchActive(change);
  // Where it undoes one of those.
  const absl::Time earliest = time - kGroupSpanMax - ranking.lookback;
  changes_.VisitUndone(change, earliest, [&](const KnownEvent& undone) {
    const absl::Time since = undone.event.event_time;
    TouchReaching(since - ranking.skew,
                  std::min(time, since + ranking.lookback), time);
  });
  // Where it may be what was undone, or came in between.
  changes_.VisitRollbacksAbout(change, [&](const KnownEvent& rollback) {
    TouchReaching(absl::InfinitePast(), rollback.event.event_time,
                  rollback.event.event_time);
  });
}

// Those with an onset from `from` to `to` that look at changes until `time`.
void Assembler::TouchReaching(absl::Time from, absl::Time to, absl::Time time) {
  roots_.VisitOnsets(from, to,
                     [&](const std::string& id, const Extent& extent) {
                       if (time <= ReachOf(extent)) touched_.insert(id);
                       return true;
                     });
}

// While a candidate is active, a change may be a line of it, or say that people
// went on at the service of another.
void Assembler::TouchActive(const KnownEvent& change) {
  const absl::Time time = change.event.event_time;
  roots_.VisitActive(
      time - kContextAfter, time,
      [&](const std::string& id, const Extent& extent) {
        if (!touched_.contains(id) && MayConcern(change, id, extent.onset)) {
          touched_.insert(id);
        }
        return true;
      });
}

bool Assembler::MayConcern(const KnownEvent& change, const std::string& id,
                           absl::Time onset) const {
  const RankingOptions& ranking = options_.ranking;
  const std::string& service = change.event.service;
  if (!service.empty() &&
      changes_.HasWithin(service, onset - ranking.lookback,
                         onset + ranking.skew) &&
      !changes_.IsRepeated(change, onset)) {
    return true;
  }
  const auto taken = taken_.find(id);
  return taken == taken_.end() ||
         !taken->second.relation.Explain(change, topology_).empty();
}

// Candidates that nothing joined for too long by now.
void Assembler::TouchQuiet() {
  for (const auto& [closes, id] : open_) {
    if (watermark_ <= closes) break;
    touched_.insert(id);
  }
}

std::optional<Candidate> Assembler::TakeOne(const Symptom& opener) {
  const std::string& id = opener.known.event.id;
  const Strand* strand = gathering_.FindStrand(id);
  const bool is_root = strand != nullptr && strand->merged_into == nullptr;
  if (!is_root && !taken_.contains(id)) return std::nullopt;
  Relation relation;
  Candidate candidate =
      is_root ? Build(*strand, &relation) : BuildMerged(opener);
  const uint64_t fingerprint = absl::HashOf(candidate);
  Taken& now = FindTaken(id);
  open_.erase({now.closes, id});
  SetState(candidate.state, &now);
  now.closes = is_root ? strand->closes : absl::InfinitePast();
  now.relation = std::move(relation);
  if (candidate.state == CandidateState::kOpen) open_.insert({now.closes, id});
  if (std::exchange(now.fingerprint, fingerprint) == fingerprint) {
    return std::nullopt;
  }
  return candidate;
}

Candidate Assembler::Build(const Strand& root, Relation* relation) const {
  RankingOptions ranking = options_.ranking;
  std::string learnt;
  if (options_.learning != nullptr) {
    const Learning& learning = options_.learning->Before(root.first().position);
    ranking.weights = learning.weights;
    if (learning.decision_count > 0) learnt = FormatLearning(learning);
  }
  Candidate candidate =
      Compose(MaterialOf(root), topology_, ranking, watermark_, relation);
  candidate.learning = std::move(learnt);
  return candidate;
}

Assembler::Taken& Assembler::FindTaken(const std::string& id) {
  const auto [at, is_new] = taken_.try_emplace(id);
  if (is_new) ++counts_[static_cast<size_t>(at->second.state)];
  return at->second;
}

void Assembler::SetState(CandidateState state, Taken* taken) {
  --counts_[static_cast<size_t>(std::exchange(taken->state, state))];
  ++counts_[static_cast<size_t>(state)];
}

Material Assembler::MaterialOf(const Strand& root) const {
  Material material;
  material.symptoms = Gathering::SymptomsOf(root);
  material.closes = root.closes;
  const absl::Time onset = root.first().event_time;
  const absl::Time last = material.symptoms.back()->known.event.event_time;
  const RankingOptions& ranking = options_.ranking;
  changes_.VisitWithin(
      onset - ranking.lookback, ReachOf({onset, last}),
      [&](const KnownEvent& known) { material.changes.push_back(&known); });
  // The smallest key at that time: kinds start at zero and ids are not empty.
  for (auto at = context_.lower_bound({onset, EventKind::kChangeStarted, ""});
       at != context_.end() && at->first.event_time <= last + kContextAfter;
       ++at) {
    material.context.push_back(at->second.get());
  }
  for (const Symptom* symptom : material.symptoms) {
    const KnownEvent* resolve = ResolveOf(*symptom);
    if (resolve != nullptr) material.resolves.push_back(resolve);
  }
  return material;
}

// The first resolve after it, unless it fired again before.
const KnownEvent* Assembler::ResolveOf(const Symptom& symptom) const {
  const auto same = resolves_of_.find(symptom.known.occurrence);
  if (same == resolves_of_.end()) return nullptr;
  const auto resolve = std::upper_bound(
      same->second.begin(), same->second.end(), &symptom.known, IsEarlier);
  if (resolve == same->second.end()) return nullptr;
  if ((*resolve)->event.event_time - symptom.known.event.event_time >
      kResolveAfter) {
    return nullptr;
  }
  return FindFiringBefore(**resolve) == &symptom.known ? *resolve : nullptr;
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

bool Assembler::IsSettled(const Extent& extent, absl::Time horizon) const {
  // A report may join what still fires; and after that resolved, late reports.
  const absl::Duration joining = kFiringGroupQuiet + kGroupQuiet;
  return extent.last + std::max({kContextAfter, kResolveAfter, joining}) <
         horizon;
}

void Assembler::Forget() {
  if (watermark_ == absl::InfinitePast()) return;
  const absl::Time horizon = watermark_ - options_.lateness;
  // Up to the last moment that no candidate spans, everything settled goes.
  // Beyond it, a settled one stays as long as a restart would have to see it in
  // order to decide about its contemporaries in the same way; but not for
  // ever, where there is no such moment.
  std::vector<std::string> gone;   // before the last such moment
  std::vector<std::string> since;  // after it, and not old
  std::vector<std::string> old;
  absl::Time kept = absl::InfiniteFuture();
  absl::Time reach = absl::InfinitePast();
  bool all_settled = true;
  const auto take = [&](std::vector<std::string>* ids) {
    gone.insert(gone.end(), ids->begin(), ids->end());
    ids->clear();
  };
  roots_.VisitOnsets(absl::InfinitePast(), absl::InfiniteFuture(),
                     [&](const std::string& id, const Extent& extent) {
                       const bool is_old =
                           extent.onset + kGroupSpanMax < horizon;
                       if (!all_settled && !is_old) return false;
                       if (all_settled && reach < extent.onset) {
                         take(&since);
                         take(&old);
                         kept = extent.onset;
                       }
                       const bool is_settled = IsSettled(extent, horizon);
                       all_settled = all_settled && is_settled;
                       reach = std::max(reach, extent.last);
                       if (is_settled) (is_old ? old : since).push_back(id);
                       return true;
                     });
  take(&old);
  if (all_settled) {
    take(&since);
    kept = absl::InfiniteFuture();
  }
  settled_before_ = std::max(settled_before_, std::min(horizon, kept));
  ForgetRoots(gone, horizon);
  ForgetRest(horizon);
}

void Assembler::ForgetRoots(const std::vector<std::string>& gone,
                            absl::Time horizon) {
  std::vector<const Strand*> roots;
  for (const std::string& root : gone) {
    roots.push_back(gathering_.FindStrand(root));
    roots_.Erase(root);
    for (const Symptom* symptom : Gathering::SymptomsOf(*roots.back())) {
      const std::string& id = symptom->known.event.id;
      known_ids_.erase(id);
      touched_.erase(id);
      const auto taken = taken_.find(id);
      if (taken == taken_.end()) continue;
      --counts_[static_cast<size_t>(taken->second.state)];
      open_.erase({taken->second.closes, id});
      taken_.erase(taken);
    }
  }
  gathering_.Forget(roots, horizon);
}

// Changes and context that no candidate can look at any more.
void Assembler::ForgetRest(absl::Time horizon) {
  const absl::Time oldest = std::min(horizon, OldestOnset());
  changes_.ForgetBefore(
      oldest - options_.ranking.lookback,
      [&](const KnownEvent& known) { known_ids_.erase(known.event.id); });
  ForgetContext(&context_, oldest);
  ForgetContext(&resolves_, oldest);
}

void Assembler::ForgetContext(Events* events, absl::Time before) {
  while (!events->empty() && events->begin()->first.event_time < before) {
    const KnownEvent& known = *events->begin()->second;
    known_ids_.erase(known.event.id);
    const auto same = resolves_of_.find(known.occurrence);
    if (known.event.kind == EventKind::kAlertResolved &&
        same != resolves_of_.end()) {
      same->second.erase(
          std::find(same->second.begin(), same->second.end(), &known));
      if (same->second.empty()) resolves_of_.erase(same);
    }
    events->erase(events->begin());
  }
}

uint64_t Assembler::SafePosition() const {
  uint64_t position = gathering_.MinPosition();
  const auto consider = [&](uint64_t other) {
    if (other != 0 && (position == 0 || other < position)) position = other;
  };
  consider(changes_.MinPosition());
  for (const Events* events : {&context_, &resolves_}) {
    for (const auto& [key, known] : *events) consider(known->event.position);
  }
  return position == 0 ? 0 : position - 1;
}

absl::Time Assembler::OldestOnset() const {
  return gathering_.OldestSymptomTime();
}

}  // namespace secondstory::timeline
