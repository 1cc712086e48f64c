// EventService: from messages to the log and the store, and back.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_EVENT_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_EVENT_HANDLERS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "grpcpp/support/byte_buffer.h"
#include "secondstory/v1/event_service.pb.h"
#include "services/incidentd/append_outcomes.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/watch.h"
#include "services/incidentd/work_queue.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread.
class EventHandlers {
 public:
  // All must outlive the handlers.
  EventHandlers(storage::Log* log, const storage::Store* store, WatchHub* hub,
                const Clock& clock, Metrics* metrics);

  // Adds every method of the service to `server`.
  void Register(RpcServer* server);

  absl::StatusOr<v1::GetEventResponse> GetEvent(
      const v1::GetEventRequest& request) const;
  // A serialized QueryEventsResponse.
  absl::StatusOr<grpc::ByteBuffer> QueryEvents(
      const v1::QueryEventsRequest& request) const;
  absl::StatusOr<v1::GetCursorResponse> GetCursor(
      const v1::GetCursorRequest& request) const;

 private:
  struct AppendCall;

  void TakeAppend(grpc::ByteBuffer request, bool streamed, RpcReply reply);
  void ReadAppend(const grpc::ByteBuffer& request, bool streamed,
                  RpcReply reply);
  void AppendEvents(std::shared_ptr<AppendCall> call, RpcReply reply);
  void Count(const AppendOutcomes& outcomes);

  storage::Log* const log_;
  const storage::Store* const store_;
  WatchHub* const hub_;
  const Clock& clock_;
  Counter* const stored_;
  Counter* const known_;
  Counter* const refused_;
  WorkQueue large_appends_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_EVENT_HANDLERS_H_
