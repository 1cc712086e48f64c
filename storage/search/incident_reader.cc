#include "storage/search/incident_reader.h"

#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/stable_id.h"
#include "base/status_macros.h"

namespace secondstory::storage {
namespace {

absl::Status AddCandidates(const Store& store, const v1::Incident& incident,
                           std::vector<v1::Candidate>* candidates) {
  for (const std::string& id : incident.candidate_ids()) {
    absl::StatusOr<v1::Candidate> candidate = store.GetCandidate(IdFromHex(id));
    if (absl::IsNotFound(candidate.status())) continue;
    SS_RETURN_IF_ERROR(candidate.status());
    candidates->push_back(*std::move(candidate));
  }
  return absl::OkStatus();
}

absl::Status AddAttached(const Store& store, const Log& log,
                         IncidentParts* parts) {
  const v1::Incident& incident = parts->incident;
  if (incident.attached_event_ids().empty()) return absl::OkStatus();
  // What a split took along from an import is on no log of ours.
  std::vector<v1::Candidate> left;
  if (!incident.split_from_incident_id().empty()) {
    const absl::StatusOr<v1::Incident> from =
        store.GetIncident(IdFromHex(incident.split_from_incident_id()));
    if (from.ok()) {
      SS_RETURN_IF_ERROR(AddCandidates(store, *from, &left));
    } else if (!absl::IsNotFound(from.status())) {
      return from.status();
    }
  }
  std::map<std::string, const v1::CandidateEvent*> lines;
  for (const v1::Candidate& candidate : left) {
    for (const v1::CandidateEvent& line : candidate.events()) {
      lines.emplace(line.event_id(), &line);
    }
  }
  for (const std::string& hex : incident.attached_event_ids()) {
    if (const auto line = lines.find(hex); line != lines.end()) {
      v1::Event event;
      event.set_event_id(hex);
      event.set_title(line->second->title());
      event.set_service(line->second->service());
      parts->attached.push_back(std::move(event));
      continue;
    }
    const std::string id = IdFromHex(hex);
    if (id.empty()) continue;
    SS_ASSIGN_OR_RETURN(const std::optional<Position> position,
                        log.FindEvent(Id(id)));
    if (!position.has_value()) continue;
    SS_ASSIGN_OR_RETURN(v1::Event event, store.GetEvent(*position));
    parts->attached.push_back(std::move(event));
  }
  return absl::OkStatus();
}

// What people told of one incident alone.
absl::Status AddTold(const Store& store, const std::string& id,
                     IncidentParts* parts) {
  SS_ASSIGN_OR_RETURN(std::vector<v1::TimelineEntry> entries,
                      store.TimelineEntries(id));
  std::move(entries.begin(), entries.end(), std::back_inserter(parts->entries));
  SS_ASSIGN_OR_RETURN(std::vector<stored::v1::AccountRecord> accounts,
                      store.Accounts(id));
  // Here the author's name ends.
  for (stored::v1::AccountRecord& account : accounts) {
    parts->accounts.push_back(std::move(*account.mutable_account()));
  }
  SS_ASSIGN_OR_RETURN(std::vector<v1::ActionItem> actions, store.Actions(id));
  std::move(actions.begin(), actions.end(), std::back_inserter(parts->actions));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Incident> ShownBy(const Store& store, std::string id) {
  std::set<std::string> seen;  // against a circle, which nothing should make
  while (true) {
    SS_ASSIGN_OR_RETURN(v1::Incident incident,
                        store.GetIncident(IdFromHex(id)));
    seen.insert(id);
    id = incident.merged_into_incident_id();
    if (id.empty() || seen.count(id) > 0) return incident;
  }
}

absl::StatusOr<IncidentParts> ReadParts(const Store& store, const Log& log,
                                        v1::Incident incident) {
  IncidentParts parts;
  parts.incident = std::move(incident);
  SS_RETURN_IF_ERROR(
      AddTold(store, IdFromHex(parts.incident.incident_id()), &parts));
  for (const std::string& id : parts.incident.merged_incident_ids()) {
    absl::StatusOr<v1::Incident> merged = store.GetIncident(IdFromHex(id));
    // Of an import, which brings no others along.
    if (absl::IsNotFound(merged.status())) continue;
    SS_RETURN_IF_ERROR(merged.status());
    SS_RETURN_IF_ERROR(AddTold(store, IdFromHex(id), &parts));
    parts.merged.push_back(*std::move(merged));
  }
  SS_RETURN_IF_ERROR(AddCandidates(store, parts.incident, &parts.candidates));
  SS_RETURN_IF_ERROR(AddAttached(store, log, &parts));
  return parts;
}

}  // namespace secondstory::storage
