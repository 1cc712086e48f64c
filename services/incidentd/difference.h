// What tells two states of a message apart, for people. Pure.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_DIFFERENCE_H_
#define SECONDSTORY_SERVICES_INCIDENTD_DIFFERENCE_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace secondstory::incidentd {

// A line for each field that differs, in the order of the fields' declaration:
//   title: "checkout" -> "checkout and cart"
//   state: open -> mitigated
//   resolve_time: set to 2018-04-18 17:40:00 UTC
//   tags: added "dns"; removed "cache"
// Texts are cut at 200 bytes. What changes with everything, or says only which
// message it is, is left out: etag, ids of the message itself, create_time,
// update_time, and where times come from.
// REQUIRES: both are of one type.
std::vector<std::string> Differences(const google::protobuf::Message& before,
                                     const google::protobuf::Message& after);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_DIFFERENCE_H_
