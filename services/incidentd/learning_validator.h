// What may be asked of LearningService. Pure. Limits are in base/limits.h and
// in the comments of the protos.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_LEARNING_VALIDATOR_H_
#define SECONDSTORY_SERVICES_INCIDENTD_LEARNING_VALIDATOR_H_

#include <vector>

#include "secondstory/v1/learning_service.pb.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {

// All that is wrong with a request; empty when it may go on. Paths are from
// the request: "kinds[0]".
std::vector<FieldViolation> Check(const v1::SearchRequest& request);
std::vector<FieldViolation> Check(
    const v1::FindSimilarIncidentsRequest& request);
std::vector<FieldViolation> Check(const v1::GetInsightsRequest& request);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_LEARNING_VALIDATOR_H_
