// incidentd over gRPC, for the assembler.
#ifndef SECONDSTORY_INGEST_ASSEMBLER_GRPC_INCIDENT_CLIENT_H_
#define SECONDSTORY_INGEST_ASSEMBLER_GRPC_INCIDENT_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "ingest/assembler/incident_client.h"

namespace secondstory::ingest {

// A client of `address` ("host:port"), without encryption. Does not connect
// before the first call. `stopped`, called from the caller's thread several
// times a second, says whether the process is to stop.
std::unique_ptr<IncidentClient> CreateGrpcIncidentClient(
    const std::string& address, std::function<bool()> stopped);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_ASSEMBLER_GRPC_INCIDENT_CLIENT_H_
