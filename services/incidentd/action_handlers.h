// ReviewService, action items: what somebody will do.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_ACTION_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_ACTION_HANDLERS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "secondstory/v1/review_service.pb.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Store::ListActions as people see them: without those of deleted incidents,
// and those of merged ones under the incident that shows them.
absl::StatusOr<storage::Page<v1::ActionItem>> ShownActions(
    const storage::Store& store, storage::ActionQuery query);

// Threads: all methods may be called from any thread.
class ActionHandlers {
 public:
  // All must outlive the handlers.
  ActionHandlers(storage::Log* log, const storage::Store* store,
                 const Clock* clock)
      : log_(log), store_(store), clock_(clock), reader_(log, store) {}

  // Adds its methods of ReviewService to `server`.
  void Register(RpcServer* server);

  void Create(v1::CreateActionRequest request,
              Done<v1::CreateActionResponse> done);
  void Update(v1::UpdateActionRequest request,
              Done<v1::UpdateActionResponse> done);
  absl::StatusOr<v1::ListActionsResponse> List(
      const v1::ListActionsRequest& request) const;

 private:
  absl::Status CheckReferences(const v1::Incident& incident,
                               const v1::ActionItem& action) const;

  storage::Log* const log_;
  const storage::Store* const store_;
  const Clock* const clock_;
  const TimelineReader reader_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_ACTION_HANDLERS_H_
