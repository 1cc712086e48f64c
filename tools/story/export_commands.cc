#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/json_text.h"
#include "base/proto_time.h"
#include "base/status_macros.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/command.h"
#include "tools/story/commands.h"
#include "tools/story/lookup.h"

namespace secondstory::story {
namespace {

constexpr int kPageSizeMax = 500;

using Candidates = std::map<std::string, v1::Candidate>;  // by id

absl::StatusOr<Candidates> ReadCandidates(const Call& call) {
  v1::ListCandidatesRequest request = OfAllStates();
  Candidates candidates;
  for (bool more = true; more;) {
    SS_ASSIGN_OR_RETURN(
        more, ReadCandidatePage(call, kPageSizeMax, &request,
                                [&](const v1::Candidate& candidate) {
                                  candidates[candidate.candidate_id()] =
                                      candidate;
                                }));
  }
  return candidates;
}

// What people decided of one incident, as tools/evaluate reads it.
struct PastIncident {
  absl::Time onset = absl::InfiniteFuture();
  std::vector<std::string> symptoms;
  bool is_confirmed = false;
  std::set<std::string> contributing;

  void AddLine(const v1::CandidateEvent& line) {
    if (line.kind() != v1::EVENT_KIND_ALERT_FIRED &&
        line.kind() != v1::EVENT_KIND_USER_REPORT) {
      return;
    }
    onset = std::min(onset, ToTime(line.event_time()));
    symptoms.push_back(line.event_id());
    symptoms.insert(symptoms.end(), line.repeat_event_ids().begin(),
                    line.repeat_event_ids().end());
  }

  void AddConfirmation(const v1::Candidate& candidate) {
    if (!candidate.has_confirmation()) return;
    is_confirmed = true;
    const auto& ids = candidate.confirmation().contributing_event_ids();
    contributing.insert(ids.begin(), ids.end());
  }
};

bool operator<(const PastIncident& a, const PastIncident& b) {
  return std::tie(a.onset, a.symptoms) < std::tie(b.onset, b.symptoms);
}

absl::StatusOr<std::vector<v1::Incident>> ReadIncidents(const Call& call) {
  v1::ListIncidentsRequest request;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &request));
  std::vector<v1::Incident> incidents;
  for (bool more = true; more;) {
    SS_ASSIGN_OR_RETURN(more,
                        ReadIncidentPage(call, kPageSizeMax, &request,
                                         [&](const v1::Incident& incident) {
                                           incidents.push_back(incident);
                                         }));
  }
  return incidents;
}

// An incident as it is told by now, with what people attached and detached.
absl::StatusOr<PastIncident> ReadPromoted(const Call& call,
                                          const v1::Incident& incident,
                                          const Candidates& candidates) {
  v1::GetTimelineRequest request;
  request.set_incident_id(incident.incident_id());
  SS_ASSIGN_OR_RETURN(const std::vector<v1::TimelineEntry> entries,
                      ReadTimeline(call, request));
  PastIncident past;
  for (const v1::TimelineEntry& entry : entries) {
    if (entry.has_event()) past.AddLine(entry.event());
  }
  for (const std::string& id : incident.candidate_ids()) {
    const auto candidate = candidates.find(id);
    if (candidate != candidates.end()) past.AddConfirmation(candidate->second);
  }
  return past;
}

// A candidate of which people said what contributed, and made no incident.
absl::StatusOr<PastIncident> ReadConfirmed(const Call& call,
                                           const std::string& id) {
  SS_ASSIGN_OR_RETURN(const v1::Candidate candidate, ReadCandidate(call, id));
  PastIncident past;
  for (const v1::CandidateEvent& line : candidate.events()) past.AddLine(line);
  past.AddConfirmation(candidate);
  return past;
}

bool IsUndecided(const v1::Candidate& candidate) {
  return candidate.state() == v1::CANDIDATE_STATE_OPEN ||
         candidate.state() == v1::CANDIDATE_STATE_QUIET;
}

template <typename Ids>
std::string JsonList(const Ids& ids) {
  std::string json;
  for (const std::string& id : ids) {
    json += json.empty() ? "[" : ", ";
    AppendJsonText(id, &json);
  }
  return json.empty() ? "[]" : json + "]";
}

std::string Line(const PastIncident& past) {
  return absl::StrCat(
      "{\"symptoms\": ", JsonList(past.symptoms),
      past.is_confirmed
          ? absl::StrCat(", \"contributing\": ", JsonList(past.contributing))
          : ", \"confirmed\": false",
      "}\n");
}

absl::Status Export(const Call& call) {
  SS_ASSIGN_OR_RETURN(const Candidates candidates, ReadCandidates(call));
  SS_ASSIGN_OR_RETURN(const std::vector<v1::Incident> incidents,
                      ReadIncidents(call));
  v1::ListCandidatesRequest range;
  SS_RETURN_IF_ERROR(SetTimeRange(call, &range));
  std::vector<PastIncident> all;
  for (const v1::Incident& incident : incidents) {
    SS_ASSIGN_OR_RETURN(PastIncident past,
                        ReadPromoted(call, incident, candidates));
    all.push_back(std::move(past));
  }
  for (const auto& [id, candidate] : candidates) {
    const absl::Time onset = ToTime(candidate.onset_time());
    if (!candidate.has_confirmation() || !IsUndecided(candidate) ||
        (range.has_start_time() && onset < ToTime(range.start_time())) ||
        (range.has_end_time() && onset >= ToTime(range.end_time()))) {
      continue;
    }
    SS_ASSIGN_OR_RETURN(PastIncident past, ReadConfirmed(call, id));
    all.push_back(std::move(past));
  }
  std::sort(all.begin(), all.end());
  int written = 0;
  int confirmed_count = 0;
  for (const PastIncident& past : all) {
    if (past.symptoms.empty()) continue;
    ++written;
    if (past.is_confirmed) ++confirmed_count;
    call.out() << Line(past);
  }
  *call.around.err << "written: " << written << ", of which people confirmed "
                   << confirmed_count << "; without an alert or report: "
                   << static_cast<int>(all.size()) - written << "\n";
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> ExportCommands() {
  return {{"candidates export",
           {},
           "past incidents, as tools/evaluate reads them",
           "One JSON object a line: the alerts and reports of each incident as "
           "its timeline\n"
           "has them by now, and of each candidate that was confirmed and not "
           "promoted; and\n"
           "the changes that people confirmed. To see how good candidates are "
           "here:\n\n"
           "  story events list --json --limit=0 > events.jsonl\n"
           "  story candidates export > incidents.jsonl\n"
           "  evaluate --events=events.jsonl --incidents=incidents.jsonl\n\n"
           "An incident of which nobody confirmed anything counts for what "
           "belongs together,\n"
           "not for which changes contributed.",
           {SinceOption(), UntilOption()},
           Export}};
}

}  // namespace secondstory::story
