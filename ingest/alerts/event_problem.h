// For tests: what incidentd would find wrong with an event.
#ifndef SECONDSTORY_INGEST_ALERTS_EVENT_PROBLEM_H_
#define SECONDSTORY_INGEST_ALERTS_EVENT_PROBLEM_H_

#include <string>

#include "secondstory/v1/event.pb.h"

namespace secondstory::ingest {

// The field that breaks a limit of base/limits.h or a rule of event.proto;
// empty when there is none.
std::string EventProblem(const v1::Event& event);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ALERTS_EVENT_PROBLEM_H_
