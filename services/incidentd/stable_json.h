// JSON whose bytes say nothing but its content: two of them can be compared.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_STABLE_JSON_H_
#define SECONDSTORY_SERVICES_INCIDENTD_STABLE_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace secondstory::incidentd {

// `message` in proto3's canonical JSON form, keys sorted by their bytes, one
// value a line, indented by two, with a newline at the end. Equal messages give
// equal bytes, whatever order their maps are in.
absl::StatusOr<std::string> StableJson(
    const google::protobuf::Message& message);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_STABLE_JSON_H_
