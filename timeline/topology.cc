#include "timeline/topology.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace secondstory::timeline {
namespace {

// One CSV line into fields; false when a quote stays open.
bool SplitFields(absl::string_view line, std::vector<std::string>* fields) {
  fields->assign(1, "");
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      const bool doubled = quoted && i + 1 < line.size() && line[i + 1] == '"';
      if (doubled) fields->back() += line[i++];
      if (!doubled) quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields->emplace_back();
    } else {
      fields->back() += line[i];
    }
  }
  for (std::string& field : *fields) absl::StripAsciiWhitespace(&field);
  return !quoted;
}

void SortUnique(std::vector<int>* numbers) {
  std::sort(numbers->begin(), numbers->end());
  numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
}

bool Contains(const std::vector<int>& sorted, int number) {
  return std::binary_search(sorted.begin(), sorted.end(), number);
}

}  // namespace

absl::StatusOr<Topology> Topology::ParseCsv(absl::string_view csv) {
  Callees calls;
  std::vector<std::string> fields;
  int number = 0;
  bool header_seen = false;
  for (absl::string_view line : absl::StrSplit(csv, '\n')) {
    ++number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    const bool closed = SplitFields(line, &fields);
    if (!closed || fields.size() != 2 || fields[0].empty() ||
        fields[1].empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("topology line ", number, " is \"", line,
                       "\"; expected two service names: source,target"));
    }
    if (!header_seen) {
      header_seen = true;
      if (fields[0] == "source" && fields[1] == "target") continue;
      return absl::InvalidArgumentError(
          absl::StrCat("topology line ", number, " is \"", line,
                       "\"; expected the header \"source,target\""));
    }
    calls.push_back({fields[0], {fields[1]}});
  }
  return Topology(calls);
}

Topology::Topology(const Callees& services) {
  for (const auto& [name, callees] : services) {
    const size_t caller = AddNode(name);
    for (const std::string& callee : callees) {
      const size_t called = AddNode(callee);
      nodes_[caller].callees.push_back(static_cast<int>(called));
      nodes_[caller].neighbours.push_back(static_cast<int>(called));
      nodes_[called].neighbours.push_back(static_cast<int>(caller));
    }
  }
  for (Node& node : nodes_) {
    SortUnique(&node.callees);
    SortUnique(&node.neighbours);
  }
  NumberParts();
}

size_t Topology::AddNode(const std::string& service) {
  const auto [at, is_new] =
      numbers_.try_emplace(service, static_cast<int>(nodes_.size()));
  if (is_new) nodes_.emplace_back();
  return static_cast<size_t>(at->second);
}

void Topology::NumberParts() {
  int part = 0;
  std::vector<Node*> reached;
  for (Node& node : nodes_) {
    if (node.part != 0) continue;
    node.part = ++part;
    reached.push_back(&node);
    while (!reached.empty()) {
      const Node& next = *reached.back();
      reached.pop_back();
      for (int neighbour : next.neighbours) {
        Node& other = nodes_[static_cast<size_t>(neighbour)];
        if (other.part != 0) continue;
        other.part = part;
        reached.push_back(&other);
      }
    }
  }
  part_sizes_.assign(static_cast<size_t>(part) + 1, 0);
  for (const Node& node : nodes_) ++part_sizes_[static_cast<size_t>(node.part)];
}

int Topology::FindNode(absl::string_view service) const {
  auto at = numbers_.find(service);
  return at == numbers_.end() ? kNoNode : at->second;
}

int Topology::DistanceOfNodes(int a, int b) const {
  if (a == b) return 0;
  const Node& first = nodes_[static_cast<size_t>(a)];
  const Node& second = nodes_[static_cast<size_t>(b)];
  if (first.part != second.part) return kApart;
  const std::vector<int>* few = &first.neighbours;
  const std::vector<int>* many = &second.neighbours;
  if (Contains(*few, b)) return 1;
  if (few->size() > many->size()) std::swap(few, many);
  for (int between : *few) {
    if (Contains(*many, between)) return 2;
  }
  return kFar;
}

int Topology::Distance(absl::string_view a, absl::string_view b) const {
  if (a.empty() || b.empty()) return kUnknown;
  if (a == b) return 0;
  const int first = FindNode(a);
  const int second = FindNode(b);
  if (first == kNoNode || second == kNoNode) return kUnknown;
  return DistanceOfNodes(first, second);
}

bool Topology::Knows(absl::string_view service) const {
  return FindNode(service) != kNoNode;
}

bool Topology::Calls(absl::string_view caller, absl::string_view called) const {
  const int from = FindNode(caller);
  const int to = FindNode(called);
  return from != kNoNode && to != kNoNode &&
         Contains(nodes_[static_cast<size_t>(from)].callees, to);
}

}  // namespace secondstory::timeline
