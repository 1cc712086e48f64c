// Server reflection, versions v1 and v1alpha (the same messages), on our own
// server: the packaged one is of the synchronous kind, see rpc_server.h.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_REFLECTION_H_
#define SECONDSTORY_SERVICES_INCIDENTD_REFLECTION_H_

#include <string>
#include <vector>

#include "grpc/reflection/v1/reflection.pb.h"
#include "services/incidentd/rpc_server.h"

namespace secondstory::incidentd {

// Adds the methods to `server`.
void AddReflection(RpcServer* server);

// One answer, from the descriptors that are linked in. Pure.
grpc::reflection::v1::ServerReflectionResponse AnswerReflection(
    const grpc::reflection::v1::ServerReflectionRequest& request,
    const std::vector<std::string>& services);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_REFLECTION_H_
