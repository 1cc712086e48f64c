#include "timeline/gathering.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_set.h"

namespace secondstory::timeline {
namespace {

// What has to speak for a second group before a symptom connects the two. A
// wrong connection costs more than a missing one: a reader can put two
// timelines side by side, but has to read both to take one apart.
constexpr double kConnects = 3.0;

// Checkpoints cost their open groups, so they stand as many symptoms apart.
constexpr size_t kCheckpointEvery = 64;

bool IsAfter(const Symptom& symptom, const EventKey& key) {
  return key < KeyOf(symptom.known.event);
}

}  // namespace

const Symptom& Gathering::Insert(Event event) {
  const EventKey key = KeyOf(event);
  auto owned = std::make_unique<Symptom>(std::move(event));
  Symptom* symptom = owned.get();
  symptoms_[key] = std::move(owned);
  by_id_[key.id] = symptom;
  if (!dirty_.has_value() || key < *dirty_) dirty_ = key;
  return *symptom;
}

void Gathering::InsertResolve(const Event& event, uint64_t occurrence) {
  const EventKey key = KeyOf(event);
  resolves_[key] = occurrence;
  if (!dirty_.has_value() || key < *dirty_) dirty_ = key;
}

std::set<std::string> Gathering::Update() {
  if (dirty_.has_value()) {
    GoBackBefore(*dirty_);
    auto symptom =
        folded_ ? symptoms_.upper_bound(*folded_) : symptoms_.begin();
    auto resolve =
        folded_ ? resolves_.upper_bound(*folded_) : resolves_.begin();
    while (symptom != symptoms_.end() || resolve != resolves_.end()) {
      if (resolve == resolves_.end() ||
          (symptom != symptoms_.end() && symptom->first < resolve->first)) {
        Place(symptom->second.get());
        Advance((symptom++)->first);
      } else {
        Resolve(resolve->first, resolve->second);
        Advance((resolve++)->first);
      }
    }
    dirty_.reset();
  }
  return std::exchange(touched_, {});
}

void Gathering::GoBackBefore(const EventKey& key) {
  if (!folded_.has_value() || *folded_ < key) return;
  while (!checkpoints_.empty() && !(checkpoints_.back().after < key)) {
    checkpoints_.pop_back();
  }
  since_checkpoint_ = 0;
  if (!checkpoints_.empty()) {
    Truncate(checkpoints_.back());
    open_ = checkpoints_.back().open;
    for (Open& open : open_) open.strand->closes = open.group->ClosesAt();
    folded_ = checkpoints_.back().after;
    return;
  }
  for (const auto& [first, strand] : strands_) Touch(*strand);
  strands_.clear();
  open_.clear();
  folded_.reset();
}

// Undoes everything that symptoms after the checkpoint did: they started
// strands, and changed those that were open then.
void Gathering::Truncate(const Checkpoint& checkpoint) {
  const EventKey& after = checkpoint.after;
  auto started = strands_.upper_bound(after);
  for (auto at = started; at != strands_.end(); ++at) Touch(*at->second);
  for (const Open& open : checkpoint.open) {
    const Strand& strand = *open.strand;
    if (IsAfter(*strand.symptoms.back(), after) ||
        (strand.merged_by != nullptr && IsAfter(*strand.merged_by, after)) ||
        (!strand.absorbed.empty() &&
         IsAfter(*strand.absorbed.back()->merged_by, after))) {
      Touch(strand);
    }
  }
  for (const Open& open : checkpoint.open) {
    Strand& strand = *open.strand;
    while (!strand.absorbed.empty() &&
           IsAfter(*strand.absorbed.back()->merged_by, after)) {
      strand.absorbed.pop_back();
    }
    while (IsAfter(*strand.symptoms.back(), after)) strand.symptoms.pop_back();
  }
  for (const Open& open : checkpoint.open) {
    Strand& strand = *open.strand;
    if (strand.merged_by == nullptr || !IsAfter(*strand.merged_by, after)) {
      continue;
    }
    strand.merged_into = nullptr;
    strand.merged_by = nullptr;
  }
  strands_.erase(started, strands_.end());
}

// A strand that was or will be part of another changes that one too.
void Gathering::Touch(const Strand& strand) {
  touched_.insert(strand.id());
  touched_.insert(strand.root().id());
}

void Gathering::Place(Symptom* symptom) {
  const Event& event = symptom->known.event;
  open_.erase(std::remove_if(open_.begin(), open_.end(),
                             [&](const Open& open) {
                               return open.group->ClosesAt() < event.event_time;
                             }),
              open_.end());
  size_t best = open_.size();
  size_t second = open_.size();
  double best_odds = 0;
  double second_odds = kConnects;
  for (size_t i = 0; i < open_.size(); ++i) {
    const double odds =
        WeighJoining(symptom->known, *open_[i].group, topology_);
    if (odds > best_odds) {
      if (best_odds > second_odds) {
        second = best;
        second_odds = best_odds;
      }
      best = i;
      best_odds = odds;
    } else if (odds > second_odds) {
      second = i;
      second_odds = odds;
    }
  }
  if (best == open_.size()) {
    Start(symptom);
  } else {
    Join(symptom, &open_[best]);
    if (second != open_.size()) Connect(best, second, *symptom);
  }
}

void Gathering::Resolve(const EventKey& key, uint64_t occurrence) {
  for (Open& open : open_) {
    if (open.group->ClosesAt() < key.event_time) continue;
    if (!open.group->Has(occurrence)) continue;
    auto group = std::make_shared<Group>(*open.group);
    group->Resolve(occurrence, key.event_time);
    open.group = std::move(group);
    open.strand->closes = open.group->ClosesAt();
  }
}

void Gathering::Advance(const EventKey& key) {
  folded_ = key;
  if (++since_checkpoint_ < kCheckpointEvery + open_.size()) return;
  checkpoints_.push_back({key, open_});
  since_checkpoint_ = 0;
}

void Gathering::Start(Symptom* symptom) {
  auto strand = std::make_unique<Strand>();
  strand->symptoms.push_back(symptom);
  symptom->strand = strand.get();
  symptom->reason = "opened this candidate";
  open_.push_back({strand.get(), std::make_shared<Group>(symptom->known)});
  strand->closes = open_.back().group->ClosesAt();
  Touch(*strand);
  strands_[KeyOf(symptom->known.event)] = std::move(strand);
}

void Gathering::Join(Symptom* symptom, Open* open) {
  symptom->reason = DescribeJoining(symptom->known, *open->group, topology_);
  symptom->strand = open->strand;
  open->strand->symptoms.push_back(symptom);
  if (open->group.use_count() > 1) {
    open->group = std::make_shared<Group>(*open->group);
  }
  open->group->Add(symptom->known);
  open->strand->closes = open->group->ClosesAt();
  Touch(*open->strand);
}

void Gathering::Connect(size_t one, size_t other, const Symptom& by) {
  const size_t kept = std::min(one, other);  // the earlier onset
  const size_t gone = std::max(one, other);
  Strand* strand = open_[gone].strand;
  Touch(*strand);
  strand->merged_into = open_[kept].strand;
  strand->merged_by = &by;
  open_[kept].strand->absorbed.push_back(strand);
  auto together = std::make_shared<Group>(*open_[kept].group);
  together->Absorb(*open_[gone].group);
  open_[kept].group = std::move(together);
  open_[kept].strand->closes = open_[kept].group->ClosesAt();
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(gone));
  Touch(*open_[kept].strand);
}

std::vector<const Strand*> Gathering::Strands() const {
  std::vector<const Strand*> strands;
  for (const auto& [first, strand] : strands_) strands.push_back(strand.get());
  return strands;
}

const Strand* Gathering::FindStrand(const std::string& id) const {
  const Symptom* symptom = FindSymptom(id);
  if (symptom == nullptr || symptom->strand == nullptr) return nullptr;
  return symptom->strand->id() == id ? symptom->strand : nullptr;
}

const Symptom* Gathering::FindSymptom(const std::string& id) const {
  auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

std::vector<const Symptom*> Gathering::SymptomsOf(const Strand& root) {
  std::vector<const Symptom*> all(root.symptoms.begin(), root.symptoms.end());
  for (const Strand* absorbed : root.absorbed) {
    const std::vector<const Symptom*> more = SymptomsOf(*absorbed);
    all.insert(all.end(), more.begin(), more.end());
  }
  std::sort(all.begin(), all.end(), [](const Symptom* a, const Symptom* b) {
    return IsBefore(a->known.event, b->known.event);
  });
  return all;
}

const Event& Gathering::LastOf(const Strand& root) {
  const Event* last = &root.symptoms.back()->known.event;
  for (const Strand* absorbed : root.absorbed) {
    const Event& other = LastOf(*absorbed);
    if (IsBefore(*last, other)) last = &other;
  }
  return *last;
}

void Gathering::Forget(const std::vector<const Strand*>& roots,
                       absl::Time horizon) {
  // Only the last checkpoint before the horizon can still be gone back to.
  const auto kept = std::find_if(
      checkpoints_.begin(), checkpoints_.end(),
      [&](const Checkpoint& each) { return each.after.event_time >= horizon; });
  if (kept != checkpoints_.begin()) {
    checkpoints_.erase(checkpoints_.begin(), std::prev(kept));
  }
  absl::flat_hash_set<const Strand*> gone;
  std::vector<const Symptom*> symptoms;
  for (const Strand* root : roots) {
    for (const Symptom* symptom : SymptomsOf(*root)) {
      symptoms.push_back(symptom);
      gone.insert(symptom->strand);
    }
  }
  const auto drop = [&](std::vector<Open>* open) {
    open->erase(std::remove_if(open->begin(), open->end(),
                               [&](const Open& each) {
                                 return gone.contains(each.strand);
                               }),
                open->end());
  };
  drop(&open_);
  for (Checkpoint& checkpoint : checkpoints_) drop(&checkpoint.open);
  for (const Symptom* symptom : symptoms) {
    const EventKey key = KeyOf(symptom->known.event);
    by_id_.erase(key.id);
    strands_.erase(key);
    symptoms_.erase(key);
  }
  const absl::Time oldest =
      strands_.empty() ? horizon
                       : std::min(horizon, strands_.begin()->first.event_time);
  while (!resolves_.empty() && resolves_.begin()->first.event_time < oldest) {
    resolves_.erase(resolves_.begin());
  }
}

uint64_t Gathering::MinPosition() const {
  uint64_t position = 0;
  for (const auto& [key, symptom] : symptoms_) {
    const uint64_t own = symptom->known.event.position;
    if (position == 0 || own < position) position = own;
  }
  return position;
}

}  // namespace secondstory::timeline
