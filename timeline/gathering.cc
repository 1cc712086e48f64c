#include "timeline/gathering.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"

namespace secondstory::timeline {
namespace {

// What has to speak for a second group before a burst connects the two. A wrong
// connection costs more than a missing one: a reader can put two timelines side
// by side, but has to read both to take one apart.
constexpr double kConnects = 4.0;

// Checkpoints cost their open groups, so they stand as many symptoms apart.
constexpr size_t kCheckpointEvery = 64;

// Marks keep groups as they were, so there are at most twice as many.
constexpr size_t kMarkCountMax = 128;
static_assert(kMarkCountMax > kBurstCountMax, "the last burst has its own");

bool IsAfter(const Symptom& symptom, const std::optional<EventKey>& key) {
  return !key.has_value() || *key < KeyOf(symptom.known.event);
}

// Of all that a candidate shows of a strand.
uint64_t PrintOf(const Strand& strand) {
  if (strand.merged_into != nullptr) return absl::HashOf(strand.root().id());
  uint64_t print = absl::HashOf(strand.closes);
  for (const Symptom* symptom : Gathering::SymptomsOf(strand)) {
    print = absl::HashOf(print, symptom, symptom->reason);
  }
  return print;
}

bool IsEarlier(const Symptom* a, const Symptom* b) {
  return IsBefore(a->known.event, b->known.event);
}

void InsertSorted(Symptom* symptom, std::vector<Symptom*>* sorted) {
  sorted->insert(
      std::upper_bound(sorted->begin(), sorted->end(), symptom, IsEarlier),
      symptom);
}

// Whether `is_found` holds for any symptom with a bond that is in `strand`.
template <typename IsFound>
bool AnyBound(const Strand& strand, IsFound is_found) {
  return std::any_of(
             strand.bound.begin(), strand.bound.end(),
             [&](const Symptom* symptom) { return is_found(*symptom); }) ||
         std::any_of(strand.absorbed.begin(), strand.absorbed.end(),
                     [&](const Strand* absorbed) {
                       return AnyBound(*absorbed, is_found);
                     });
}

void AddBound(Symptom* symptom, Strand* strand) {
  if (symptom->bond == kNoBond) return;
  const bool is_known = std::any_of(
      strand->bound.begin(), strand->bound.end(),
      [&](const Symptom* each) { return each->bond == symptom->bond; });
  if (!is_known) strand->bound.push_back(symptom);
}

}  // namespace

bool Gathering::Moment::IsBefore(const EventKey& key) const {
  if (resolve.has_value() && !(*resolve < key)) return false;
  return !symptom.has_value() ||
         (*symptom < key && burst_until < key.event_time);
}

const Symptom& Gathering::Insert(Event&& event) {
  const EventKey key = KeyOf(event);
  std::shared_ptr<const Affinity> taught =
      affinity_ == nullptr ? nullptr : affinity_->Before(event.position);
  auto owned =
      std::make_unique<Symptom>(std::move(event), topology_, std::move(taught));
  Symptom* symptom = owned.get();
  symptoms_[key] = std::move(owned);
  by_id_[key.id] = symptom;
  InsertSorted(symptom, &by_occurrence_[symptom->known.occurrence]);
  if (bonds_.LatestOf(key.id) != nullptr) new_bound_.push_back(symptom);
  if (!dirty_.has_value() || key < *dirty_) dirty_ = key;
  return *symptom;
}

void Gathering::InsertResolve(const Event& event, uint64_t occurrence) {
  const EventKey key = KeyOf(event);
  resolves_[key] = occurrence;
  if (!dirty_.has_value() || key < *dirty_) dirty_ = key;
}

void Gathering::Decide(Decision decision) { bonds_.Add(std::move(decision)); }

void Gathering::UpdateBonds() {
  const std::vector<std::string> concerned = bonds_.Update();
  if (!concerned.empty() || !new_bound_.empty()) DropMarksWithin();
  if (!concerned.empty()) {
    by_bond_.clear();
    for (const auto& [key, symptom] : symptoms_) {
      symptom->bond = bonds_.Find(key.id);
      if (symptom->bond != kNoBond) {
        by_bond_[symptom->bond].push_back(symptom.get());
      }
    }
  } else {
    for (Symptom* symptom : new_bound_) {
      symptom->bond = bonds_.Find(symptom->known.event.id);
      InsertSorted(symptom, &by_bond_[symptom->bond]);
    }
  }
  const auto concern = [&](const Symptom& symptom) {
    const EventKey key = KeyOf(symptom.known.event);
    if (!dirty_.has_value() || key < *dirty_) dirty_ = key;
  };
  for (const std::string& id : concerned) {
    if (const Symptom* symptom = FindSymptom(id)) concern(*symptom);
  }
  // The group of the first one is kept open for the others only when it is
  // known then that there are any.
  for (const Symptom* symptom : std::exchange(new_bound_, {})) {
    concern(*by_bond_[symptom->bond].front());
  }
}

std::set<std::string> Gathering::Update() {
  UpdateBonds();
  if (dirty_.has_value()) {
    GoBackBefore(*dirty_);
    auto symptom =
        now_.symptom ? symptoms_.upper_bound(*now_.symptom) : symptoms_.begin();
    auto resolve =
        now_.resolve ? resolves_.upper_bound(*now_.resolve) : resolves_.begin();
    while (symptom != symptoms_.end() || resolve != resolves_.end()) {
      if (placed_count_ == 0 &&
          now_.since_checkpoint >= kCheckpointEvery + open_.size()) {
        SetCheckpoint();
      }
      if (resolve == resolves_.end() ||
          (symptom != symptoms_.end() && symptom->first < resolve->first)) {
        symptom = FoldBurst(symptom);
      } else {
        Resolve(resolve->first, resolve->second);
        now_.resolve = (resolve++)->first;
        ++now_.since_checkpoint;
      }
    }
    ForgetUnchanged();
    dirty_.reset();
  }
  return std::exchange(touched_, {});
}

void Gathering::GoBackBefore(const EventKey& key) {
  if (now_.IsBefore(key)) return;
  while (!checkpoints_.empty() && !checkpoints_.back().moment.IsBefore(key)) {
    checkpoints_.pop_back();
  }
  if (UndoBefore(key)) return;
  DropMarks();
  if (checkpoints_.empty()) {
    Restart();
    return;
  }
  const Checkpoint& checkpoint = checkpoints_.back();
  std::vector<Strand*> open;
  for (const Open& each : checkpoint.open) open.push_back(each.strand);
  Truncate(checkpoint.moment, open);
  now_ = checkpoint.moment;
  Reindex(checkpoint.open);
  for (const Open& each : open_) SetCloses(each);
}

// False when no mark is before it.
bool Gathering::UndoBefore(const EventKey& key) {
  while (!marks_.empty() && !marks_.back().moment.IsBefore(key)) {
    marks_.pop_back();
  }
  if (marks_.empty()) return false;
  if (marks_.back().placed_count > 0) {
    const size_t unchanged = CountUnchanged(key);
    while (marks_.back().placed_count > unchanged) marks_.pop_back();
  }
  const Mark& mark = marks_.back();
  placed_count_ = mark.placed_count;
  while (!checkpoints_.empty() &&
         mark.moment.symptom < checkpoints_.back().moment.symptom) {
    checkpoints_.pop_back();
  }
  std::vector<Strand*> changed;
  for (size_t i = mark.journal_size; i < journal_.size(); ++i) {
    Strand* strand = open_[journal_[i].at].strand;
    if (!mark.moment.IsBefore(*strand->symptoms.front())) {
      changed.push_back(strand);
    }
  }
  const std::optional<EventKey>& after = mark.moment.symptom;
  for (auto started = after.has_value() ? strands_.upper_bound(*after)
                                        : strands_.begin();
       started != strands_.end(); ++started) {
    const Strand& strand = *started->second;
    if (mark.moment.IsBefore(*strand.symptoms.front())) RememberPrint(strand);
  }
  for (const Strand* strand : changed) RememberPrint(*strand);
  while (journal_.size() > mark.journal_size) {
    Undo(journal_.back());
    journal_.pop_back();
  }
  Truncate(mark.moment, changed);
  now_ = mark.moment;
  ++mark_count_;
  return true;
}

void Gathering::RememberPrint(const Strand& strand) {
  prints_[strand.id()] = PrintOf(strand);
  if (strand.merged_into != nullptr) {
    prints_[strand.root().id()] = PrintOf(strand.root());
  }
}

// Most steps that are undone for the sake of one more symptom of the last burst
// are done again in the same way.
void Gathering::ForgetUnchanged() {
  for (const auto& [id, print] : std::exchange(prints_, {})) {
    const Strand* strand = FindStrand(id);
    if (strand != nullptr && PrintOf(*strand) == print) touched_.erase(id);
  }
}

// Steps are undone from the last to the first, so that each finds the list and
// the postings as it left them.
void Gathering::Undo(const Step& step) {
  Open& open = open_[step.at];
  if (open.group != nullptr) {
    while (open.posted_count > step.before.posted_count) {
      PostingsOf(open.group->services()[--open.posted_count])->pop_back();
    }
    Unlink(step.at);
  }
  if (step.has_started) {
    open_.pop_back();
    return;
  }
  open.touched = step.before.touched;
  open.newer = step.before.newer;
  open.older = step.before.older;
  if (open.older != kNone) open_[open.older].newer = step.at;
  (open.newer != kNone ? open_[open.newer].older : newest_) = step.at;
  if (step.before.group == nullptr) return;
  open.group = step.before.group;
  SetCloses(open);
}

void Gathering::SetCloses(const Open& open) {
  const absl::Time closes = open.group->ClosesAt();
  if (std::exchange(open.strand->closes, closes) != closes) {
    Touch(*open.strand);
  }
}

void Gathering::Restart() {
  for (const auto& [first, strand] : strands_) Touch(*strand);
  strands_.clear();
  now_ = Moment();
  Reindex({});
}

// Takes from the strands what symptoms after the moment did: they started
// strands, and changed those of `open` that there were.
void Gathering::Truncate(const Moment& moment,
                         const std::vector<Strand*>& open) {
  const std::optional<EventKey>& after = moment.symptom;
  auto started =
      after.has_value() ? strands_.upper_bound(*after) : strands_.begin();
  for (auto at = started; at != strands_.end(); ++at) {
    if (moment.IsBefore(*at->second->symptoms.front())) Touch(*at->second);
  }
  for (const Strand* strand : open) {
    if (moment.IsBefore(*strand->symptoms.back()) ||
        (strand->merged_by != nullptr && moment.IsBefore(*strand->merged_by)) ||
        (!strand->absorbed.empty() &&
         moment.IsBefore(*strand->absorbed.back()->merged_by))) {
      Touch(*strand);
    }
  }
  for (Strand* strand : open) {
    while (!strand->absorbed.empty() &&
           moment.IsBefore(*strand->absorbed.back()->merged_by)) {
      strand->absorbed.pop_back();
    }
    while (moment.IsBefore(*strand->symptoms.back())) {
      strand->symptoms.pop_back();
    }
    while (!strand->bound.empty() && moment.IsBefore(*strand->bound.back())) {
      strand->bound.pop_back();
    }
  }
  for (Strand* strand : open) {
    if (strand->merged_by == nullptr || !moment.IsBefore(*strand->merged_by)) {
      continue;
    }
    strand->merged_into = nullptr;
    strand->merged_by = nullptr;
  }
  while (started != strands_.end()) {
    const bool is_undone = moment.IsBefore(*started->second->symptoms.front());
    started = is_undone ? strands_.erase(started) : std::next(started);
  }
}

// Marks hold for as long as nothing is numbered anew, so that is done only once
// half of what is there has closed.
void Gathering::SetCheckpoint() {
  std::vector<Open> open = FindStillOpen();
  if (2 * open.size() < open_.size()) {
    DropMarks();
    Reindex(std::move(open));
    open = open_;
  }
  now_.since_checkpoint = 0;
  checkpoints_.push_back({now_, std::move(open)});
}

// Of the last burst one cannot know whether it was complete, so the fold can
// always be taken up from before it, and after each of its clusters.
void Gathering::SetMark(size_t placed_count) {
  if (marks_.size() == 2 * kMarkCountMax) {
    const size_t undoable = marks_[kMarkCountMax].journal_size;
    journal_.erase(journal_.begin(),
                   journal_.begin() + static_cast<std::ptrdiff_t>(undoable));
    marks_.erase(marks_.begin(), marks_.begin() + kMarkCountMax);
    for (Mark& mark : marks_) mark.journal_size -= undoable;
  }
  ++mark_count_;
  marks_.push_back({now_, journal_.size(), placed_count});
  marks_.back().moment.placed = place_count_;
}

// Those that are not before a burst.
void Gathering::DropMarksWithin() {
  while (!marks_.empty() && marks_.back().placed_count > 0) marks_.pop_back();
  clusters_.clear();
}

void Gathering::DropMarks() {
  marks_.clear();
  journal_.clear();
  clusters_.clear();
}

// How many of the first clusters of the last burst are as they were, now that
// there is more from `key` on. Sets clusters_.
size_t Gathering::CountUnchanged(const EventKey& key) {
  const std::vector<Cluster> before = std::move(clusters_);
  clusters_.clear();
  const EventKey first = KeyOf(before.front().symptoms.front()->known.event);
  if (key < first) return 0;
  const auto begin = symptoms_.find(first);
  clusters_ = ClusterBurst(begin, FindBurst(begin).end);
  const auto changed =
      std::mismatch(before.begin(), before.end(), clusters_.begin(),
                    clusters_.end(), [](const Cluster& a, const Cluster& b) {
                      return a.symptoms == b.symptoms;
                    });
  return static_cast<size_t>(changed.first - before.begin());
}

// To be called before anything about the group is changed.
void Gathering::Save(uint32_t at, bool with_group) {
  if (marks_.empty()) return;
  Open& open = open_[at];
  Step step = {at, false, open};
  if (std::exchange(open.saved, mark_count_) == mark_count_ && !with_group) {
    step.before.group = nullptr;
  }
  journal_.push_back(std::move(step));
}

// A strand that was or will be part of another changes that one too.
void Gathering::Touch(const Strand& strand) {
  touched_.insert(strand.id());
  if (strand.merged_into != nullptr) touched_.insert(strand.root().id());
}

Gathering::Burst Gathering::FindBurst(Symptoms::iterator first) {
  Burst burst = {first, 0, first->first.event_time + kBurst};
  while (burst.end != symptoms_.end() &&
         burst.end->first.event_time <= burst.until &&
         burst.count < kBurstCountMax) {
    ++burst.end;
    ++burst.count;
  }
  // One more that comes later would only make another burst.
  if (burst.count == kBurstCountMax) burst.until = absl::InfinitePast();
  return burst;
}

Gathering::Symptoms::iterator Gathering::FoldBurst(Symptoms::iterator first) {
  const Burst burst = FindBurst(first);
  const bool is_last = burst.end == symptoms_.end();
  const size_t placed_count = std::exchange(placed_count_, 0);
  if (placed_count == 0) {
    DropMarksWithin();
    clusters_ = ClusterBurst(first, burst.end);
    if (is_last) SetMark(0);
  }
  for (size_t i = placed_count; i < clusters_.size(); ++i) {
    Place(clusters_[i]);
    if (is_last) SetMark(i + 1);
  }
  now_.symptom = std::prev(burst.end)->first;
  now_.burst_until = burst.until;
  now_.since_checkpoint += burst.count;
  now_.placed = place_count_;
  return burst.end;
}

std::vector<Gathering::Cluster> Gathering::ClusterBurst(
    Symptoms::iterator first, Symptoms::iterator end) const {
  std::vector<Cluster> clusters;
  for (auto at = first; at != end; ++at) {
    Symptom* symptom = at->second.get();
    const Arrival arrival = symptom->arrival();
    Cluster* best = nullptr;
    double best_odds = 0;
    for (Cluster& cluster : clusters) {
      if (symptom->bond != kNoBond && cluster.bond != kNoBond) {
        // One bond is one cluster, so that each is placed as demanded.
        if (symptom->bond != cluster.bond) continue;
        best = &cluster;
        break;
      }
      const double odds =
          WeighJoining(absl::MakeSpan(&arrival, 1), *cluster.group, topology_);
      if (odds > best_odds) {
        best = &cluster;
        best_odds = odds;
      }
    }
    if (best != nullptr) {
      best->group->Add(arrival);
    } else {
      clusters.emplace_back();
      best = &clusters.back();
      best->group = std::make_shared<Group>(arrival);
    }
    best->symptoms.push_back(symptom);
    best->arrivals.push_back(arrival);
    if (symptom->bond != kNoBond) best->bond = symptom->bond;
  }
  return clusters;
}

void Gathering::Place(const Cluster& cluster) {
  ++place_count_;
  for (Symptom* symptom : cluster.symptoms) symptom->placed = place_count_;
  const uint32_t bonded = FindBonded(cluster);
  uint32_t best = bonded;
  uint32_t second = kNone;
  double best_odds =
      bonded == kNone ? 0 : std::numeric_limits<double>::infinity();
  double second_odds = kConnects;
  for (uint32_t at : FindOpen(cluster)) {
    if (at == bonded || !MayJoin(cluster.bond, *open_[at].strand)) continue;
    const double odds =
        WeighJoining(cluster.arrivals, *open_[at].group, topology_);
    if (odds > best_odds) {
      if (best_odds > second_odds) {
        second = best;
        second_odds = best_odds;
      }
      best = at;
      best_odds = odds;
    } else if (odds > second_odds) {
      second = at;
      second_odds = odds;
    }
  }
  const bool is_new = best == kNone;
  const bool is_decided = bonded != kNone && PrepareBonded(cluster, bonded);
  if (is_new) best = Start(cluster.symptoms.front());
  for (size_t i = is_new ? 1 : 0; i < cluster.symptoms.size(); ++i) {
    Join(cluster.symptoms[i], best, is_decided);
  }
  if (second != kNone &&
      MayConnect(*open_[best].strand, *open_[second].strand)) {
    Connect(best, second, *cluster.symptoms.front());
  }
}

// Where those are that a person put together with these.
uint32_t Gathering::FindBonded(const Cluster& cluster) const {
  if (cluster.bond == kNoBond) return kNone;
  const std::vector<Symptom*>& together = by_bond_.find(cluster.bond)->second;
  const auto first = std::find_if(
      cluster.symptoms.begin(), cluster.symptoms.end(),
      [&](const Symptom* symptom) { return symptom->bond == cluster.bond; });
  const auto at =
      std::lower_bound(together.begin(), together.end(), *first, IsEarlier);
  if (at == together.begin()) return kNone;
  const Strand& root = (*std::prev(at))->strand->root();
  return static_cast<uint32_t>(root.open_at);
}

// True when it is the decision alone that speaks for it.
bool Gathering::PrepareBonded(const Cluster& cluster, uint32_t at) {
  const absl::Time time = cluster.arrivals.front().event().event_time;
  const double odds =
      WeighJoining(cluster.arrivals, *open_[at].group, topology_);
  if (open_[at].group->ClosesAt() < time) {
    Save(at);
    Own(at)->Reopen(time);
  }
  return odds <= 0;
}

bool Gathering::MayJoin(Bond bond, const Strand& strand) const {
  return bond == kNoBond || !AnyBound(strand, [&](const Symptom& symptom) {
           return bonds_.MustPart(bond, symptom.bond);
         });
}

bool Gathering::MayConnect(const Strand& one, const Strand& other) const {
  return !AnyBound(one, [&](const Symptom& symptom) {
    return !MayJoin(symptom.bond, other);
  });
}

// True when a person put some that come later together with some of it.
bool Gathering::IsAwaited(const Strand& strand) const {
  return AnyBound(strand, [&](const Symptom& symptom) {
    return IsAfter(*by_bond_.find(symptom.bond)->second.back(), now_.symptom);
  });
}

void Gathering::Resolve(const EventKey& key, uint64_t occurrence) {
  auto same = by_occurrence_.find(occurrence);
  if (same == by_occurrence_.end()) return;
  ++ask_count_;
  for (auto at = same->second.rbegin(); at != same->second.rend(); ++at) {
    const Symptom& symptom = **at;
    if (!(KeyOf(symptom.known.event) < key)) continue;
    if (symptom.known.event.event_time < key.event_time - kGroupSpanMax) break;
    const Strand& root = symptom.strand->root();
    if (root.open_at >= open_.size()) continue;
    Open& open = open_[root.open_at];
    if (open.strand != &root || open.group == nullptr) continue;
    if (std::exchange(open.asked, ask_count_) == ask_count_) continue;
    if (open.group->ClosesAt() < key.event_time) continue;
    if (!open.group->Has(occurrence)) continue;
    const auto found = static_cast<uint32_t>(root.open_at);
    Save(found);
    Own(found)->Resolve(occurrence, key.event_time);
    SetCloses(open);
  }
}

uint32_t Gathering::Start(Symptom* symptom) {
  auto strand = std::make_unique<Strand>();
  strand->symptoms.push_back(symptom);
  symptom->strand = strand.get();
  const std::string& id = symptom->known.event.id;
  const Decision* decision = FindDecision(id);
  symptom->reason = decision != nullptr && decision->Takes(id)
                        ? DescribeDecision(*decision)
                        : "opened this candidate";
  AddBound(symptom, strand.get());
  const auto at = static_cast<uint32_t>(open_.size());
  strand->open_at = at;
  Open open;
  open.strand = strand.get();
  if (!marks_.empty()) journal_.push_back({at, true, open});
  open.group = std::make_shared<Group>(symptom->arrival());
  open_.push_back(std::move(open));
  strand->closes = open_[at].group->ClosesAt();
  Post(at);
  LinkNewest(at);
  Touch(*strand);
  strands_[KeyOf(symptom->known.event)] = std::move(strand);
  return at;
}

void Gathering::Join(Symptom* symptom, uint32_t at, bool is_decided) {
  Strand* strand = open_[at].strand;
  const std::string& id = symptom->known.event.id;
  const Decision* decision = is_decided ? FindDecision(id) : nullptr;
  symptom->reason =
      decision != nullptr
          ? DescribePlace(*decision, id)
          : DescribeJoining(symptom->arrival(), *open_[at].group, topology_);
  symptom->strand = strand;
  strand->symptoms.push_back(symptom);
  AddBound(symptom, strand);
  Save(at);
  Group* group = Own(at);
  group->Add(symptom->arrival());
  strand->closes = group->ClosesAt();
  Post(at);
  Unlink(at);
  LinkNewest(at);
  Touch(*strand);
}

// The earlier onset goes on.
void Gathering::Connect(uint32_t one, uint32_t other, const Symptom& by) {
  const bool in_order = timeline::IsBefore(open_[one].strand->first(),
                                           open_[other].strand->first());
  const uint32_t kept = in_order ? one : other;
  const uint32_t gone = in_order ? other : one;
  Strand* into = open_[kept].strand;
  Strand* strand = open_[gone].strand;
  Touch(*strand);
  strand->merged_into = into;
  strand->merged_by = &by;
  into->absorbed.push_back(strand);
  Save(gone, /*with_group=*/true);
  Unlink(gone);
  const std::shared_ptr<Group> absorbed = std::move(open_[gone].group);
  Save(kept);
  Group* group = Own(kept);
  group->Absorb(*absorbed);
  into->closes = group->ClosesAt();
  Post(kept);
  Unlink(kept);
  LinkNewest(kept);
  Touch(*into);
}

std::vector<uint32_t>* Gathering::PostingsOf(const Group::Service& service) {
  if (service.node < 0) return &by_service_[service.name];
  const auto node = static_cast<size_t>(service.node);
  if (by_node_.size() <= node) by_node_.resize(node + 1);
  return &by_node_[node];
}

void Gathering::Post(uint32_t at) {
  Open& open = open_[at];
  const std::vector<Group::Service>& services = open.group->services();
  while (open.posted_count < services.size()) {
    PostingsOf(services[open.posted_count++])->push_back(at);
  }
}

void Gathering::Unlink(uint32_t at) {
  const Open& open = open_[at];
  if (open.older != kNone) open_[open.older].newer = open.newer;
  if (open.newer != kNone) open_[open.newer].older = open.older;
  if (newest_ == at) newest_ = open.older;
}

void Gathering::LinkNewest(uint32_t at) {
  Open& open = open_[at];
  open.touched = ++touch_count_;
  open.newer = kNone;
  open.older = newest_;
  if (newest_ != kNone) open_[newest_].newer = at;
  newest_ = at;
}

void Gathering::Reindex(std::vector<Open> open) {
  std::sort(open.begin(), open.end(),
            [](const Open& a, const Open& b) { return a.touched < b.touched; });
  open_ = std::move(open);
  for (std::vector<uint32_t>& postings : by_node_) postings.clear();
  by_service_.clear();
  newest_ = kNone;
  for (uint32_t at = 0; at < open_.size(); ++at) {
    open_[at].strand->open_at = at;
    open_[at].posted_count = 0;
    open_[at].saved = 0;
    Post(at);
    LinkNewest(at);
  }
}

std::vector<Gathering::Open> Gathering::FindStillOpen() const {
  const absl::Time time =
      now_.symptom && now_.resolve
          ? std::max(now_.symptom->event_time, now_.resolve->event_time)
      : now_.symptom ? now_.symptom->event_time
                     : now_.resolve->event_time;
  std::vector<Open> open;
  for (const Open& each : open_) {
    if (each.group == nullptr) continue;
    if (each.group->ClosesAt() < time && !IsAwaited(*each.strand)) continue;
    open.push_back(each);
  }
  return open;
}

std::vector<uint32_t> Gathering::FindOpen(const Cluster& cluster) {
  ++ask_count_;
  std::vector<uint32_t> found;
  for (const Arrival& arrival : cluster.arrivals) AskOfService(arrival, &found);
  const absl::Time time = cluster.arrivals.front().event().event_time;
  size_t count = 0;
  for (uint32_t at = newest_; at != kNone && count < kElsewhereCountMax;
       at = open_[at].older) {
    const Group& group = *open_[at].group;
    if (time - group.last() > kElsewhereWithin) break;
    if (group.ClosesAt() < time) continue;
    Ask(at, &found);
    ++count;
  }
  // Equal odds go to the earlier onset.
  std::sort(found.begin(), found.end(), [&](uint32_t a, uint32_t b) {
    return timeline::IsBefore(open_[a].strand->first(),
                              open_[b].strand->first());
  });
  return found;
}

void Gathering::AskOfService(const Arrival& arrival,
                             std::vector<uint32_t>* found) {
  if (arrival.node == Topology::kNoNode) {
    auto postings = by_service_.find(arrival.event().service);
    if (postings != by_service_.end()) AskAll(postings->second, found);
    return;
  }
  const auto ask = [&](int node) {
    const auto at = static_cast<size_t>(node);
    if (at < by_node_.size()) AskAll(by_node_[at], found);
  };
  ask(arrival.node);
  for (int neighbour : topology_.NeighboursOf(arrival.node)) ask(neighbour);
}

void Gathering::AskAll(const std::vector<uint32_t>& postings,
                       std::vector<uint32_t>* found) {
  for (uint32_t at : postings) Ask(at, found);
}

void Gathering::Ask(uint32_t at, std::vector<uint32_t>* found) {
  Open& open = open_[at];
  if (open.group == nullptr) return;
  if (std::exchange(open.asked, ask_count_) != ask_count_) {
    found->push_back(at);
  }
}

// Checkpoints keep the group as it was.
Group* Gathering::Own(uint32_t at) {
  std::shared_ptr<Group>& group = open_[at].group;
  if (group.use_count() > 1) group = std::make_shared<Group>(*group);
  return group.get();
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

const std::vector<Symptom*>& Gathering::SymptomsOfOccurrence(
    uint64_t occurrence) const {
  static const auto* const none = new std::vector<Symptom*>;
  const auto same = by_occurrence_.find(occurrence);
  return same == by_occurrence_.end() ? *none : same->second;
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
      checkpoints_.begin(), checkpoints_.end(), [&](const Checkpoint& each) {
        return !each.moment.IsBefore({horizon, EventKind::kChangeStarted, ""});
      });
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
  if (!gone.empty()) {
    DropMarks();
    std::vector<Open> open = std::move(open_);
    drop(&open);
    open.erase(
        std::remove_if(open.begin(), open.end(),
                       [](const Open& each) { return each.group == nullptr; }),
        open.end());
    Reindex(std::move(open));
  }
  for (Checkpoint& checkpoint : checkpoints_) drop(&checkpoint.open);
  for (const Symptom* symptom : symptoms) {
    const EventKey key = KeyOf(symptom->known.event);
    by_id_.erase(key.id);
    auto same = by_occurrence_.find(symptom->known.occurrence);
    same->second.erase(
        std::find(same->second.begin(), same->second.end(), symptom));
    if (same->second.empty()) by_occurrence_.erase(same);
    if (symptom->bond != kNoBond) {
      std::vector<Symptom*>& together = by_bond_[symptom->bond];
      together.erase(std::find(together.begin(), together.end(), symptom));
    }
    strands_.erase(key);
    symptoms_.erase(key);
  }
  if (!bonds_.empty()) {
    bonds_.Forget(horizon,
                  [&](const std::string& id) { return by_id_.contains(id); });
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
