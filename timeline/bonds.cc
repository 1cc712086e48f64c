#include "timeline/bonds.h"

#include <algorithm>
#include <utility>

namespace secondstory::timeline {
namespace {

// Calls `visit` with every id that a decision names.
template <typename Visit>
void ForEachId(const Decision& decision, Visit visit) {
  for (const std::string& id : decision.taken) visit(id);
  for (const std::string& id : decision.kept) visit(id);
}

}  // namespace

bool Bonds::Add(Decision decision) {
  const auto [at, is_new] = decisions_.insert(std::move(decision));
  if (!is_new) return false;
  const Decision* added = &*at;
  added_.insert(added);
  ForEachId(*added, [&](const std::string& id) {
    const Decision*& latest = latest_[id];
    if (latest == nullptr || *latest < *added) latest = added;
  });
  return true;
}

std::vector<std::string> Bonds::Update() {
  if (added_.empty()) return {};
  Rebuild();
  std::set<std::string> concerned;
  for (const auto& group : Connected()) {
    const bool is_concerned = std::any_of(
        group.begin(), group.end(),
        [&](Decisions::iterator each) { return added_.contains(&*each); });
    if (!is_concerned) continue;
    for (const auto& decision : group) {
      ForEachId(*decision,
                [&](const std::string& id) { concerned.insert(id); });
    }
  }
  added_.clear();
  return {concerned.begin(), concerned.end()};
}

std::vector<std::vector<Bonds::Decisions::iterator>> Bonds::Connected() const {
  std::vector<std::vector<Decisions::iterator>> groups;
  std::vector<size_t> united;  // by group: the one that it is part of now
  const auto root_of = [&](size_t group) {
    while (united[group] != group) group = united[group];
    return group;
  };
  absl::flat_hash_map<std::string, size_t> group_of;
  for (auto at = decisions_.begin(); at != decisions_.end(); ++at) {
    const size_t own = groups.size();
    groups.push_back({at});
    united.push_back(own);
    ForEachId(*at, [&](const std::string& id) {
      const auto [known, is_new] = group_of.try_emplace(id, own);
      const size_t other = root_of(known->second);
      if (is_new || other == own) return;
      groups[own].insert(groups[own].end(), groups[other].begin(),
                         groups[other].end());
      groups[other].clear();
      united[other] = own;
    });
  }
  groups.erase(std::remove_if(groups.begin(), groups.end(),
                              [](const auto& group) { return group.empty(); }),
               groups.end());
  return groups;
}

// The latest first, so that an earlier one can only add what does not
// contradict it.
void Bonds::Rebuild() {
  bonds_.clear();
  united_ = {kNoBond};
  parted_ = {{}};
  for (auto at = decisions_.rbegin(); at != decisions_.rend(); ++at) {
    const std::vector<Bond> taken = Join(at->taken);
    const std::vector<Bond> kept = Join(at->kept);
    if (at->IsSplit()) Part(taken, kept);
  }
  for (auto& [id, bond] : bonds_) bond = RootOf(bond);  // tidy: allow
}

// Unites what may be together, and returns what that left: one bond, unless
// some of it was parted later.
std::vector<Bond> Bonds::Join(const std::vector<std::string>& ids) {
  std::vector<Bond> joined;
  for (const std::string& id : ids) {
    const Bond bond = RootOf(BondOf(id));
    const auto may = std::find_if(
        joined.begin(), joined.end(),
        [&](Bond other) { return !parted_[other].contains(bond); });
    if (may == joined.end()) {
      joined.push_back(bond);
    } else if (*may != bond) {
      Unite(*may, bond);
    }
  }
  return joined;
}

void Bonds::Part(const std::vector<Bond>& taken,
                 const std::vector<Bond>& kept) {
  for (Bond a : taken) {
    for (Bond b : kept) {
      // A later decision joined them.
      const Bond x = RootOf(a);
      const Bond y = RootOf(b);
      if (x == y) continue;
      parted_[x].insert(y);
      parted_[y].insert(x);
    }
  }
}

void Bonds::Unite(Bond into, Bond bond) {
  united_[bond] = into;
  for (Bond other : parted_[bond]) {  // tidy: allow, in any order
    parted_[other].erase(bond);
    parted_[other].insert(into);
    parted_[into].insert(other);
  }
  parted_[bond].clear();
}

Bond Bonds::BondOf(const std::string& id) {
  const auto [at, is_new] =
      bonds_.try_emplace(id, static_cast<Bond>(united_.size()));
  if (is_new) {
    united_.push_back(at->second);
    parted_.emplace_back();
  }
  return at->second;
}

Bond Bonds::RootOf(Bond bond) const {
  while (united_[bond] != bond) bond = united_[bond];
  return bond;
}

Bond Bonds::Find(absl::string_view id) const {
  if (bonds_.empty()) return kNoBond;
  const auto at = bonds_.find(id);
  return at == bonds_.end() ? kNoBond : at->second;
}

bool Bonds::MustPart(Bond a, Bond b) const { return parted_[a].contains(b); }

const Decision* Bonds::LatestOf(absl::string_view id) const {
  const auto at = latest_.find(id);
  return at == latest_.end() ? nullptr : at->second;
}

void Bonds::Forget(absl::Time before,
                   absl::FunctionRef<bool(const std::string&)> is_retained) {
  for (const auto& group : Connected()) {
    bool needed = false;
    for (const auto& decision : group) {
      needed = needed || decision->time >= before;
      ForEachId(*decision, [&](const std::string& id) {
        needed = needed || is_retained(id);
      });
    }
    if (needed) continue;
    for (const auto& decision : group) {
      ForEachId(*decision, [&](const std::string& id) {
        latest_.erase(id);
        bonds_.erase(id);
      });
      decisions_.erase(decision);
    }
  }
}

}  // namespace secondstory::timeline
