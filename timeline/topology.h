// Which services call which.
#ifndef SECONDSTORY_TIMELINE_TOPOLOGY_H_
#define SECONDSTORY_TIMELINE_TOPOLOGY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace secondstory::timeline {

// A dependency graph, read without direction: trouble travels both ways, as
// errors to the callers and as load to the called.
//
// Threads: a const Topology may be shared.
class Topology {
 public:
  // Connected by more than two calls.
  static constexpr int kFar = 3;
  // Both known, and no path between them.
  static constexpr int kApart = 4;
  // One of them is not in the graph, or has no name.
  static constexpr int kUnknown = 5;

  // Each service with those that it calls.
  using Callees = std::vector<std::pair<std::string, std::vector<std::string>>>;

  // No service known.
  Topology() = default;

  // The graph of all services named. One that calls none and is called by none
  // is known, and apart from all others.
  explicit Topology(const Callees& services);

  // Reads lines "source,target" ("source calls target") after a header line
  // "source,target". Fields may stand in double quotes, with "" for a quote.
  // Blank lines are skipped. INVALID_ARGUMENT names the line.
  static absl::StatusOr<Topology> ParseCsv(absl::string_view csv);

  // 0: the same service. 1: one calls the other. 2: a service between them.
  // Else kFar, kApart or kUnknown.
  // Cost: the smaller number of neighbours.
  int Distance(absl::string_view a, absl::string_view b) const;

  // A service of the graph by number, for those who compare many: the same
  // without looking for the names. kNoNode when no edge names it.
  static constexpr int kNoNode = -1;
  int FindNode(absl::string_view service) const;
  // REQUIRES: nodes of this graph.
  int DistanceOfNodes(int a, int b) const;
  // How many are connected with it, itself included. REQUIRES: as above.
  size_t CountConnected(int node) const {
    return part_sizes_[static_cast<size_t>(
        nodes_[static_cast<size_t>(node)].part)];
  }
  // Callers and called ones, sorted. REQUIRES: a node of this graph.
  const std::vector<int>& NeighboursOf(int node) const {
    return nodes_[static_cast<size_t>(node)].neighbours;
  }

  // True when an edge names it.
  bool Knows(absl::string_view service) const;

  // True when `caller` calls `called`. Where each calls the other, it is known
  // only that they are connected: see learnt_topology.h of tools/evaluate.
  bool Calls(absl::string_view caller, absl::string_view called) const;

 private:
  struct Node {
    std::vector<int> callees;     // sorted
    std::vector<int> neighbours;  // sorted; callees and callers
    int part = 0;                 // equal for all that are connected
  };
  size_t AddNode(const std::string& service);
  void NumberParts();

  absl::flat_hash_map<std::string, int> numbers_;
  std::vector<Node> nodes_;         // by number
  std::vector<size_t> part_sizes_;  // by Node::part
};

}  // namespace secondstory::timeline

#endif  // SECONDSTORY_TIMELINE_TOPOLOGY_H_
