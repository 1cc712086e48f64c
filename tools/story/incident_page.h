// Incidents and their timelines for people.
//
// Pure: the same messages give the same text.
#ifndef SECONDSTORY_TOOLS_STORY_INCIDENT_PAGE_H_
#define SECONDSTORY_TOOLS_STORY_INCIDENT_PAGE_H_

#include <string>

#include "absl/types/span.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/page.h"

namespace secondstory::story {

std::string IncidentPage(const v1::Incident& incident,
                         const PageOptions& options);

// Names and roles of the people who were there.
std::string ParticipantList(const v1::Incident& incident,
                            const PageOptions& options);

// One line each, for choosing.
std::string IncidentList(absl::Span<const v1::Incident> incidents,
                         const PageOptions& options);

// One line for a stream.
std::string IncidentLine(const v1::Incident& incident);

// What happened, in order: events with the reason why they are here, what
// people added, and under each line what people told of it, as far as the
// entries have it. With `options.all` also the ids of the lines.
std::string TimelinePage(absl::Span<const v1::TimelineEntry> entries,
                         const PageOptions& options);

// A line each with its id, for choosing one.
std::string LineList(absl::Span<const v1::TimelineEntry> entries,
                     const PageOptions& options);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_INCIDENT_PAGE_H_
