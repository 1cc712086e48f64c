#include "tools/evaluate/history_file.h"

#include <fstream>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "ingest/assembler/topology_file.h"

namespace secondstory::evaluate {
namespace {

// What events are called, and which they are; empty: several are called so.
using Names = absl::flat_hash_map<std::string, std::string>;

Names NamesOf(const std::vector<timeline::Event>& events) {
  Names names;
  for (const timeline::Event& event : events) {
    const auto [name, is_new] =
        names.try_emplace(event.source_event_id, event.id);
    if (!is_new && name->second != event.id) name->second.clear();
  }
  for (const timeline::Event& event : events) names[event.id] = event.id;
  return names;
}

absl::StatusOr<std::string> FindEvent(const Names& names,
                                      const std::string& name) {
  const auto found = names.find(name);
  if (found == names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no event has the id \"", name, "\""));
  }
  if (found->second.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("several events have the source_event_id \"", name,
                     "\"; give the event_id"));
  }
  return found->second;
}

absl::StatusOr<std::vector<std::string>> ReadIds(
    const google::protobuf::Struct& object, const std::string& field,
    const Names& names) {
  std::vector<std::string> ids;
  const auto value = object.fields().find(field);
  if (value == object.fields().end()) return ids;
  if (!value->second.has_list_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " must be a list of event ids"));
  }
  for (const auto& each : value->second.list_value().values()) {
    if (each.kind_case() != google::protobuf::Value::kStringValue) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, " must be a list of event ids"));
    }
    SS_ASSIGN_OR_RETURN(std::string id, FindEvent(names, each.string_value()));
    ids.push_back(std::move(id));
  }
  return ids;
}

absl::StatusOr<Incident> ParseIncident(const std::string& line,
                                       const Names& names) {
  google::protobuf::Struct object;
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(line, &object);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no object in JSON: ", parsed.message().ToString()));
  }
  for (const auto& [field, value] : object.fields()) {
    if (field != "symptoms" && field != "contributing" &&
        field != "confirmed") {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", field,
                       "\" is none of \"symptoms\", \"contributing\" and "
                       "\"confirmed\""));
    }
  }
  Incident incident;
  SS_ASSIGN_OR_RETURN(incident.symptoms, ReadIds(object, "symptoms", names));
  SS_ASSIGN_OR_RETURN(incident.contributing,
                      ReadIds(object, "contributing", names));
  const auto confirmed = object.fields().find("confirmed");
  if (confirmed != object.fields().end()) {
    if (confirmed->second.kind_case() != google::protobuf::Value::kBoolValue) {
      return absl::InvalidArgumentError("confirmed must be true or false");
    }
    incident.is_confirmed = confirmed->second.bool_value();
  }
  if (!incident.is_confirmed && !incident.contributing.empty()) {
    return absl::InvalidArgumentError(
        "contributing names changes, and confirmed is false; leave one out");
  }
  if (incident.symptoms.empty()) {
    return absl::InvalidArgumentError(
        "symptoms is missing; name at least one alert or report");
  }
  return incident;
}

}  // namespace

absl::StatusOr<History> ReadHistory(const replay::ReplayOptions& files,
                                    const std::string& incidents_file,
                                    std::vector<std::string>* skipped) {
  History history;
  history.lookback = files.lookback;
  SS_ASSIGN_OR_RETURN(history.topology,
                      ingest::ReadTopologyFile(files.topology_file));
  SS_RETURN_IF_ERROR(replay::ReadEvents(
      files,
      [&](timeline::Event event) {
        history.events.push_back(std::move(event));
      },
      skipped));
  const Names names = NamesOf(history.events);
  std::ifstream in(incidents_file, std::ios::binary);
  if (!in) {
    return absl::NotFoundError(
        absl::StrCat(incidents_file, ": cannot be read"));
  }
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    absl::StatusOr<Incident> incident = ParseIncident(line, names);
    if (!incident.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          incidents_file, ":", number, ": ", incident.status().message()));
    }
    history.incidents.push_back(*std::move(incident));
  }
  if (history.incidents.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(incidents_file, ": no incident in it"));
  }
  return history;
}

}  // namespace secondstory::evaluate
