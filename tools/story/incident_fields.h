// The options that say what an incident is, of `incidents create` and `edit`.
#ifndef SECONDSTORY_TOOLS_STORY_INCIDENT_FIELDS_H_
#define SECONDSTORY_TOOLS_STORY_INCIDENT_FIELDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/field_mask.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "tools/story/command.h"

namespace secondstory::story {

std::vector<Option> IncidentFieldOptions();

// Changes `incident` as the options of `call` say, and adds the fields that
// they name to `mask`. An option with an empty value clears its field. Times of
// day are those nearest to the incident's start, a new one included.
absl::Status SetIncidentFields(const Call& call, v1::Incident* incident,
                               google::protobuf::FieldMask* mask);

// "TITLE=URL", or a URL alone. INVALID_ARGUMENT: neither.
absl::StatusOr<v1::Link> ParseLink(const std::string& option,
                                   absl::string_view text);

// `list` without those that are equal to one of `gone`, and with those of
// `more` that it does not have.
void ChangeList(const std::vector<std::string>& more,
                const std::vector<std::string>& gone,
                google::protobuf::RepeatedPtrField<std::string>* list);

}  // namespace secondstory::story

#endif  // SECONDSTORY_TOOLS_STORY_INCIDENT_FIELDS_H_
