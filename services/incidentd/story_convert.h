// Between the API's messages and the plain values of review/. Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_STORY_CONVERT_H_
#define SECONDSTORY_SERVICES_INCIDENTD_STORY_CONVERT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "review/people.h"
#include "review/story.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/review_service.pb.h"

namespace secondstory::incidentd {

// All that belongs to an incident, as it is stored.
struct StoryParts {
  v1::Incident incident;  // with its severity_name
  std::vector<v1::TimelineEntry> entries;
  std::map<std::string, v1::Event> events;  // of the lines that are, by id
  std::vector<stored::v1::AccountRecord> accounts;
  std::vector<v1::ActionItem> actions;
  std::vector<v1::Gap> answers;
  std::vector<v1::Candidate> candidates;
};

// When an event could be known: when a worker saw it, else when the log took
// it.
int64_t KnownMicros(const v1::Event& event);

review::IncidentState ToState(v1::IncidentState state);
review::IncidentKind ToKind(v1::IncidentKind kind);
review::Incident ToIncident(const v1::Incident& incident);
// A line; `event` is what is stored of it when it is an event, else null.
review::Entry ToEntry(const v1::TimelineEntry& entry, const v1::Event* event);
review::Story ToStory(const StoryParts& parts);
v1::Gap ToProto(const review::Gap& gap);

// The parts as an export, without authors of accounts and what follows from the
// server's configuration.
v1::IncidentExport ToExport(const StoryParts& parts);

// Puts what people are called in a story in the place of their names, in every
// text of an export.
void HideNames(const review::Roles& roles, v1::IncidentExport* incident_export);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_STORY_CONVERT_H_
