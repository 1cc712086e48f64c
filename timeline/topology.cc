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

void SortUnique(std::vector<std::string>* names) {
  std::sort(names->begin(), names->end());
  names->erase(std::unique(names->begin(), names->end()), names->end());
}

bool Contains(const std::vector<std::string>& sorted, absl::string_view name) {
  auto at = std::lower_bound(
      sorted.begin(), sorted.end(), name,
      [](const std::string& a, absl::string_view b) { return a < b; });
  return at != sorted.end() && *at == name;
}

}  // namespace

absl::StatusOr<Topology> Topology::ParseCsv(absl::string_view csv) {
  Topology topology;
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
    Node& source = topology.nodes_[fields[0]];
    source.callees.push_back(fields[1]);
    source.neighbours.push_back(fields[1]);
    topology.nodes_[fields[1]].neighbours.push_back(fields[0]);
  }
  for (auto& [name, node] : topology.nodes_) {
    SortUnique(&node.callees);
    SortUnique(&node.neighbours);
  }
  topology.NumberParts();
  return topology;
}

void Topology::NumberParts() {
  int part = 0;
  std::vector<Node*> reached;
  for (auto& [name, node] : nodes_) {
    if (node.part != 0) continue;
    node.part = ++part;
    reached.push_back(&node);
    while (!reached.empty()) {
      const Node& next = *reached.back();
      reached.pop_back();
      for (const std::string& neighbour : next.neighbours) {
        Node& other = nodes_.find(neighbour)->second;
        if (other.part != 0) continue;
        other.part = part;
        reached.push_back(&other);
      }
    }
  }
}

int Topology::Distance(absl::string_view a, absl::string_view b) const {
  if (a.empty() || b.empty()) return kUnknown;
  if (a == b) return 0;
  auto first = nodes_.find(a);
  auto second = nodes_.find(b);
  if (first == nodes_.end() || second == nodes_.end()) return kUnknown;
  if (first->second.part != second->second.part) return kApart;
  const std::vector<std::string>* few = &first->second.neighbours;
  const std::vector<std::string>* many = &second->second.neighbours;
  if (Contains(*few, b)) return 1;
  if (few->size() > many->size()) std::swap(few, many);
  for (const std::string& between : *few) {
    if (Contains(*many, between)) return 2;
  }
  return kFar;
}

bool Topology::Knows(absl::string_view service) const {
  return nodes_.contains(service);
}

bool Topology::Calls(absl::string_view caller, absl::string_view called) const {
  auto at = nodes_.find(caller);
  return at != nodes_.end() && Contains(at->second.callees, called);
}

}  // namespace secondstory::timeline
