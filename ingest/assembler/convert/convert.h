// Between the API's messages and the timeline's own values.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_CONVERT_CONVERT_H_
#define SECONDSTORY_INGEST_ASSEMBLER_CONVERT_CONVERT_H_

#include <optional>
#include <vector>

#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event.pb.h"
#include "timeline/candidate.h"
#include "timeline/decision.h"
#include "timeline/event.h"
#include "timeline/learning.h"

namespace secondstory::ingest {

// An event without `event_id` gets the one that the log would give it. A kind
// that this version does not know becomes a note. Labels "secondstory_..." are
// left out, see Event.labels.
timeline::Event ToTimelineEvent(const v1::Event& event);

v1::Candidate ToProto(const timeline::Candidate& candidate);

// Leaves out of `candidate` what does not fit into `bytes_max`: first the ids
// behind repeats, of the lines that have most of them, then the latest lines.
// Returns how many lines that were. Cost: of a few passes over it when it is
// too large, of its size otherwise.
int CutToSize(size_t bytes_max, v1::Candidate* candidate);

// What ToProto() keeps: enough to tell what a later revision changed.
timeline::Candidate FromProto(const v1::Candidate& candidate);

// What people confirmed of it; nothing when they did not, or when it was ranked
// by what another version of the rule had learnt.
std::optional<timeline::Outcome> ToOutcome(const v1::Candidate& candidate);

// What people made of it, likewise; nothing while they decided neither.
std::optional<timeline::Judgement> ToJudgement(const v1::Candidate& candidate);

// How people split and merged it. A merge is the same in each candidate that it
// is stored with.
std::vector<timeline::Decision> ToDecisions(const v1::Candidate& candidate);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_CONVERT_CONVERT_H_
