// Reads service dependencies from a file of an operator.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_TOPOLOGY_FILE_H_
#define SECONDSTORY_INGEST_ASSEMBLER_TOPOLOGY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "timeline/topology.h"

namespace secondstory::ingest {

// Reads `file`: YAML when its name ends in .yaml or .yml, else CSV as
// Topology::ParseCsv has it. An empty name is the empty graph.
//
// NOT_FOUND: it cannot be read. INVALID_ARGUMENT: names file, line, key and
// what to write instead, all that was found, one a line.
absl::StatusOr<timeline::Topology> ReadTopologyFile(const std::string& file);

// A mapping of each service to the list of the services that it calls:
//
//   checkout: [cart, payments]
//   cart: [redis]
//   mail: []        # known, and connected with nothing
//
// `origin` names it in errors, which are INVALID_ARGUMENT as above.
absl::StatusOr<timeline::Topology> ParseTopologyYaml(const std::string& yaml,
                                                     absl::string_view origin);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_TOPOLOGY_FILE_H_
