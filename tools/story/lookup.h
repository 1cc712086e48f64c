// What commands look up before they act: ids by their beginnings, and what is
// stored under them.
#ifndef SECONDSTORY_TOOLS_STORY_LOOKUP_H_
#define SECONDSTORY_TOOLS_STORY_LOOKUP_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/review_service.pb.h"
#include "tools/story/command.h"

namespace secondstory::story {

using CandidateCalls = v1::CandidateService::StubInterface;
using IncidentCalls = v1::IncidentService::StubInterface;
using ReviewCalls = v1::ReviewService::StubInterface;

// Reads one page of `request`, which then asks for the next; false at the end.
absl::StatusOr<bool> ReadIncidentPage(
    const Call& call, int64_t page_size, v1::ListIncidentsRequest* request,
    const std::function<void(const v1::Incident&)>& on_incident);

absl::StatusOr<bool> ReadCandidatePage(
    const Call& call, int64_t page_size, v1::ListCandidatesRequest* request,
    const std::function<void(const v1::Candidate&)>& on_candidate);

// So often a candidate may have gone on in another one; never, but for a bug.
inline constexpr int kMergeCountMax = 64;

// Of candidates in any state, also merged ones, which are not listed unless
// they are asked for.
v1::ListCandidatesRequest OfAllStates();

// All that follow take an id in full or by its beginning.
// INVALID_ARGUMENT: no id, or not enough of it. NOT_FOUND.

// Also finds candidates that were merged. Cost: a beginning reads the whole
// list.
absl::StatusOr<std::string> ResolveCandidate(const Call& call,
                                             const std::string& text);
// `id` in full.
absl::StatusOr<v1::Candidate> ReadCandidate(const Call& call,
                                            const std::string& id);

// Also finds incidents that were deleted or merged. Cost: a beginning reads the
// whole list.
absl::StatusOr<std::string> ResolveIncident(const Call& call,
                                            const std::string& text);
absl::StatusOr<v1::Incident> ReadIncident(const Call& call,
                                          const std::string& text);

// All pages of a timeline.
absl::StatusOr<std::vector<v1::TimelineEntry>> ReadTimeline(
    const Call& call, v1::GetTimelineRequest request);

// One line of a timeline.
absl::StatusOr<v1::TimelineEntry> ReadEntry(const Call& call,
                                            const std::string& incident_id,
                                            const std::string& text);

// All accounts of an incident; of one line when `entry_id` is not empty.
absl::StatusOr<std::vector<v1::Account>> ReadAccounts(
    const Call& call, const std::string& incident_id,
    const std::string& entry_id = "");

absl::StatusOr<v1::Account> ReadAccount(const Call& call,
                                        const std::string& incident_id,
                                        const std::string& text);

// Of any incident.
absl::StatusOr<v1::ActionItem> ReadAction(const Call& call,
                                          const std::string& text);

// The incident that is meant when a command names it by its first word.
inline absl::StatusOr<v1::Incident> ReadFirstIncident(const Call& call) {
  return ReadIncident(call, call.arguments.words[0]);
}

// --etag, else the one that was read.
std::string EtagOf(const Call& call, const std::string& read);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_LOOKUP_H_
