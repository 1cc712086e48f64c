// The page that a responder reads at 3 a.m.: what happened and why each line is
// here, and under it which changes were near the onset.
//
// Pure: the same candidate gives the same text.
#ifndef SECONDSTORY_TOOLS_STORY_CANDIDATE_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_CANDIDATE_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/learning_service.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

// `similar`: past incidents like it.
std::string CandidatePage(const v1::Candidate& candidate,
                          const PageOptions& options,
                          absl::Span<const v1::SimilarIncident> similar = {});

// One line each, for choosing.
std::string CandidateList(absl::Span<const v1::Candidate> candidates,
                          const PageOptions& options);

// One line for a stream of revisions: "12:01:10  open  0123456789ab  ...".
std::string CandidateLine(const v1::Candidate& candidate);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_CANDIDATE_PAGE_H_
