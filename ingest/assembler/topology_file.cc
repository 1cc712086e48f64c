#include "ingest/assembler/topology_file.h"

#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "yaml-cpp/yaml.h"

namespace secondstory::ingest {
namespace {

using timeline::Topology;

constexpr char kExpected[] =
    "expected a mapping of each service to the list of the services that it "
    "calls, like \"checkout: [cart, payments]\"";

class Reader {
 public:
  explicit Reader(absl::string_view origin) : origin_(origin) {}

  Topology::Callees Read(const YAML::Node& root) {
    Topology::Callees services;
    if (root.IsNull()) return services;
    if (!root.IsMap()) {
      Report(root, "", kExpected);
      return services;
    }
    std::set<std::string> seen;
    for (const auto& entry : root) {
      const std::string service = ReadName(entry.first, "a key");
      if (service.empty()) continue;
      if (!seen.insert(service).second) {
        Report(entry.first, service,
               "given twice; put all that it calls in one list");
        continue;
      }
      services.emplace_back(service, ReadCallees(service, entry));
    }
    return services;
  }

  void Report(const YAML::Node& node, absl::string_view key,
              absl::string_view what) {
    const YAML::Mark mark = node.Mark();
    errors_.push_back(absl::StrCat(
        origin_, mark.is_null() ? "" : absl::StrCat(":", mark.line + 1), ": ",
        key, key.empty() ? "" : ": ", what));
  }

  void Report(const YAML::Exception& error) {
    errors_.push_back(absl::StrCat(origin_, ":", error.mark.line + 1,
                                   ": no YAML: ", error.msg, "; ", kExpected));
  }

  absl::Status status() const {
    if (errors_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
  }

 private:
  std::string ReadName(const YAML::Node& node, absl::string_view where) {
    if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
    Report(node, where, "expected the name of a service");
    return "";
  }

  // A key with nothing after it calls none.
  std::vector<std::string> ReadCallees(
      const std::string& service, const YAML::detail::iterator_value& entry) {
    std::vector<std::string> callees;
    if (entry.second.IsNull()) return callees;
    if (!entry.second.IsSequence()) {
      const std::string example =
          entry.second.IsScalar() ? entry.second.Scalar() : "cart";
      Report(entry.second.IsScalar() ? entry.second : entry.first, service,
             absl::StrCat("expected a list of services; write \"", service,
                          ": [", example, "]\""));
      return callees;
    }
    for (size_t i = 0; i < entry.second.size(); ++i) {
      std::string callee =
          ReadName(entry.second[i], absl::StrCat(service, "[", i, "]"));
      if (!callee.empty()) callees.push_back(std::move(callee));
    }
    return callees;
  }

  const std::string origin_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::StatusOr<Topology> ParseTopologyYaml(const std::string& yaml,
                                           absl::string_view origin) {
  Reader reader(origin);
  Topology::Callees services;
  // yaml-cpp throws, and also when a value is looked at, not only here.
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() > 1) {
      reader.Report(documents[1], "",
                    "a second document; put all services in one, without "
                    "\"---\" between them");
    } else if (!documents.empty()) {
      services = reader.Read(documents[0]);
    }
  } catch (const YAML::Exception& error) {
    reader.Report(error);
  }
  if (!reader.status().ok()) return reader.status();
  return Topology(services);
}

absl::StatusOr<Topology> ReadTopologyFile(const std::string& file) {
  if (file.empty()) return Topology();
  std::ifstream in(file, std::ios::binary);
  in.peek();
  if (!in.is_open() || in.bad()) {
    return absl::NotFoundError(absl::StrCat(file, ": cannot be read"));
  }
  std::ostringstream text;
  text << in.rdbuf();
  if (absl::EndsWithIgnoreCase(file, ".yaml") ||
      absl::EndsWithIgnoreCase(file, ".yml")) {
    return ParseTopologyYaml(text.str(), file);
  }
  absl::StatusOr<Topology> topology = Topology::ParseCsv(text.str());
  if (topology.ok()) return topology;
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": ", topology.status().message()));
}

}  // namespace secondstory::ingest
