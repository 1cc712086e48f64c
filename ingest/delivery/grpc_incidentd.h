// incidentd over gRPC.
#ifndef SECONDSTORY_INGEST_DELIVERY_GRPC_INCIDENTD_H_
#define SECONDSTORY_INGEST_DELIVERY_GRPC_INCIDENTD_H_

#include <memory>
#include <string>

#include "ingest/delivery/delivery.h"

namespace secondstory::ingest {

// A client of the EventService at `address` ("host:port"), without encryption.
// Does not connect before the first call, and connects again by itself.
//
// Its calls return the server's code; a server that cannot be reached is
// UNAVAILABLE at once. Messages name the address and the method.
std::unique_ptr<Incidentd> CreateGrpcIncidentd(const std::string& address);

}  // namespace secondstory::ingest

#endif  // SECONDSTORY_INGEST_DELIVERY_GRPC_INCIDENTD_H_
