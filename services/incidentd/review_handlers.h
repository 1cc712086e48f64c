// ReviewService, the review itself: where it stands, how it moves, and the
// report that it ends in.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_REVIEW_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_REVIEW_HANDLERS_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "secondstory/v1/review_service.pb.h"
#include "services/incidentd/incident_state.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/timeline_reader.h"
#include "services/incidentd/transaction.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Threads: all methods may be called from any thread. Those that compute a
// review take a while: Answer, Publish and the reading ones run on a thread
// that may.
class ReviewHandlers {
 public:
  // All must outlive the handlers.
  ReviewHandlers(storage::Log* log, const storage::Store* store,
                 const SeverityPolicy* policy, const Clock* clock)
      : log_(log),
        store_(store),
        policy_(policy),
        clock_(clock),
        reader_(log, store) {}

  // Adds its methods of ReviewService to `server`.
  void Register(RpcServer* server);

  absl::StatusOr<v1::GetReviewResponse> Get(
      const v1::GetReviewRequest& request) const;
  void Answer(v1::AnswerGapRequest request, Done<v1::AnswerGapResponse> done);
  void Start(v1::StartReviewRequest request,
             Done<v1::StartReviewResponse> done);
  void Publish(v1::PublishReviewRequest request,
               Done<v1::PublishReviewResponse> done);
  void Close(v1::CloseReviewRequest request,
             Done<v1::CloseReviewResponse> done);
  void Reopen(v1::ReopenReviewRequest request,
              Done<v1::ReopenReviewResponse> done);
  absl::StatusOr<v1::CheckLanguageResponse> CheckLanguage(
      const v1::CheckLanguageRequest& request) const;
  absl::StatusOr<v1::GetReportResponse> Report(
      const v1::GetReportRequest& request) const;

 private:
  // What becomes of the incident, or why it does not.
  using Move =
      std::function<absl::Status(int64_t now_micros, v1::Incident* incident)>;
  template <typename Request, typename Response>
  void MoveReview(const Request& request, v1::IncidentState to,
                  const std::string& reason, Move move, Done<Response> done);
  absl::Status CheckActionsAreOver(const v1::Incident& incident) const;

  storage::Log* const log_;
  const storage::Store* const store_;
  const SeverityPolicy* const policy_;
  const Clock* const clock_;
  const TimelineReader reader_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_REVIEW_HANDLERS_H_
