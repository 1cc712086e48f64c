// What can be found of an incident, and by which words. Pure: the same parts
// give the same documents.
//
// No document holds who gave an account, who was there by name, or what was
// withdrawn, deleted, detached or moved away.
#ifndef SECONDSTORY_STORAGE_SEARCH_DOCUMENTS_H_
#define SECONDSTORY_STORAGE_SEARCH_DOCUMENTS_H_

#include <string>
#include <vector>

#include "secondstory/v1/account.pb.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/event.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "secondstory/v1/learning_service.pb.h"
#include "secondstory/v1/review_service.pb.h"

namespace secondstory::storage {

// An incident and what belongs to it, as the tables have it, with what people
// told of the incidents that were merged into it. Whatever they had of events,
// the incident itself took over.
struct IncidentParts {
  v1::Incident incident;
  std::vector<v1::Incident> merged;
  std::vector<v1::TimelineEntry> entries;  // that people added
  std::vector<v1::Candidate> candidates;
  std::vector<v1::Event> attached;
  std::vector<v1::Account> accounts;
  std::vector<v1::ActionItem> actions;
};

// One thing that can be found.
struct Document {
  v1::SearchKind kind = v1::SEARCH_KIND_UNSPECIFIED;
  std::string id;     // 32 hex digits; of an incident its own
  std::string title;  // one line; weighs more
  std::string body;   // both without control characters, in valid UTF-8
};

// By (kind, id), each once. None for an incident that was deleted, or that
// another one shows.
std::vector<Document> DocumentsOf(const IncidentParts& parts);

}  // namespace secondstory::storage

#endif  // SECONDSTORY_STORAGE_SEARCH_DOCUMENTS_H_
