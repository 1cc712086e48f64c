// What people decide about the shape of candidates: what a split and a merge
// leave behind. Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_CANDIDATE_DECISIONS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_CANDIDATE_DECISIONS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "secondstory/v1/candidate_service.pb.h"

namespace secondstory::incidentd {

// The event that is stored under an id; nothing when there is none.
using FindStoredEvent = std::function<absl::StatusOr<std::optional<v1::Event>>(
    const std::string& event_id)>;

// The candidate once these events are taken out; nothing when they are already.
// Errors: as SplitCandidate, and those of `find_event`.
absl::StatusOr<std::optional<v1::Candidate>> Split(
    const v1::Candidate& stored, const v1::SplitCandidateRequest& request,
    int64_t now_micros, const FindStoredEvent& find_event);

// Each of the candidates once they are put together, in the order given;
// nothing when they are already. `stored` has the one of the request first,
// then the others, each once. Errors: as MergeCandidates.
absl::StatusOr<std::vector<v1::Candidate>> Merge(
    const std::vector<v1::Candidate>& stored,
    const v1::MergeCandidatesRequest& request, int64_t now_micros);

// The changes that a request confirms. INVALID_ARGUMENT that names the field
// when one of these is not stored, or is no change.
absl::StatusOr<std::vector<v1::Event>> ReadChanges(
    const v1::ConfirmChangesRequest& request,
    const FindStoredEvent& find_event);

// What people found of `into`, now that `merged` goes on in it: what they found
// of either. Nothing when that is no more than what `into` says. REQUIRES:
// something was confirmed of `merged`.
std::optional<v1::Candidate> TakeOverConfirmation(const v1::Candidate& merged,
                                                  const v1::Candidate& into,
                                                  int64_t now_micros);

// The changes that people confirmed before, as far as they are stored (those of
// an import may not be).
absl::StatusOr<std::vector<v1::Event>> ReadConfirmed(
    const v1::Candidate& candidate, const FindStoredEvent& find_event);

// A line of an event alone, without a reason.
v1::CandidateEvent LineOf(const v1::Event& event);

// Puts `changes` on the candidate's timeline, as those that contributed, in the
// place of those that were there as such.
void ListContributing(const std::vector<v1::Event>& changes,
                      v1::Candidate* candidate);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_CANDIDATE_DECISIONS_H_
