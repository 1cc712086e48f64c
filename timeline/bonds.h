// What the decisions of people demand of symptoms: which must be together, and
// which must not.
//
// A later decision wins over an earlier one that contradicts it, also by way of
// third ones: what a later one parted is not joined by earlier ones, nor the
// reverse. The result depends on the set of decisions alone, never on the order
// in which they were added.
#ifndef SECONDSTORY_TIMELINE_BONDS_H_
#define SECONDSTORY_TIMELINE_BONDS_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "timeline/decision.h"

namespace secondstory::timeline {

// Symptoms of one bond must be together. Numbers are not kept by Update().
using Bond = uint32_t;
// Of a symptom that nobody decided about.
inline constexpr Bond kNoBond = 0;

// Not copyable; threads: one at a time.
class Bonds {
 public:
  Bonds() = default;
  Bonds(const Bonds&) = delete;
  Bonds& operator=(const Bonds&) = delete;

  // False when it was added before.
  bool Add(Decision decision);

  // Brings the bonds up to date with what was added, and returns the ids whose
  // demands may have changed by it: those of the new decisions, and those that
  // decisions connect with them.
  // Cost: all ids of all decisions.
  std::vector<std::string> Update();

  bool empty() const { return decisions_.empty(); }

  // As of the last Update().
  Bond Find(absl::string_view id) const;
  bool MustPart(Bond a, Bond b) const;

  // The latest decision that names `id`, added ones included; null when there
  // is none.
  const Decision* LatestOf(absl::string_view id) const;

  // Forgets decisions from before `before` that have nothing to do with any id
  // for which `is_retained`. The demands on all others stay as they are.
  void Forget(absl::Time before,
              absl::FunctionRef<bool(const std::string&)> is_retained);

 private:
  using Decisions = std::set<Decision>;

  // Decisions that have ids in common, directly or by way of others.
  std::vector<std::vector<Decisions::iterator>> Connected() const;
  Bond BondOf(const std::string& id);
  Bond RootOf(Bond bond) const;
  void Rebuild();
  std::vector<Bond> Join(const std::vector<std::string>& ids);
  void Part(const std::vector<Bond>& taken, const std::vector<Bond>& kept);
  void Unite(Bond into, Bond bond);

  Decisions decisions_;
  absl::flat_hash_set<const Decision*> added_;  // since the last Update()
  absl::flat_hash_map<std::string, const Decision*> latest_;
  absl::flat_hash_map<std::string, Bond> bonds_;
  // By bond: the one that it is united with, itself where it is a root; and of
  // a root, those that must not be with it, roots too.
  std::vector<Bond> united_ = {kNoBond};
  std::vector<absl::flat_hash_set<Bond>> parted_ = {{}};
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_BONDS_H_
