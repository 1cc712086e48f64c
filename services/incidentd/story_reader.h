// All that belongs to an incident, read at once.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_STORY_READER_H_
#define SECONDSTORY_SERVICES_INCIDENTD_STORY_READER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "review/checklist.h"
#include "review/language.h"
#include "review/people.h"
#include "review/story.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/story_convert.h"
#include "services/incidentd/timeline_reader.h"

namespace secondstory::incidentd {

// Cost: a look-up for each line that is an event.
absl::StatusOr<StoryParts> ReadStory(const TimelineReader& reader,
                                     const SeverityPolicy& policy,
                                     const v1::Incident& incident);

// Where a review stands: what review/ computes of a story. Pure.
struct StoryReview {
  explicit StoryReview(review::Story of);

  const review::Story story;
  const review::Roles roles;
  const std::vector<review::Gap> gaps;
  // The phrases that hinder learning, in the order of the report.
  const std::vector<v1::LanguageFinding> language;
  const std::vector<review::ChecklistItem> checklist;
};

// The findings of one text, which is called `field`. Pure.
std::vector<v1::LanguageFinding> FindPhrases(const review::Language& language,
                                             const std::string& field,
                                             const std::string& text);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_STORY_READER_H_
