// CandidateService: from messages to the log and the store, and back.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_CANDIDATE_HANDLERS_H_
#define SECONDSTORY_SERVICES_INCIDENTD_CANDIDATE_HANDLERS_H_

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/metrics.h"
#include "grpcpp/support/byte_buffer.h"
#include "secondstory/stored/v1/record.pb.h"
#include "secondstory/v1/candidate_service.pb.h"
#include "secondstory/v1/incident_service.pb.h"
#include "services/incidentd/rpc_server.h"
#include "services/incidentd/watch.h"
#include "storage/log.h"
#include "storage/store.h"

namespace secondstory::incidentd {

// Counts candidates by state for a gauge. Threads: any.
class CandidateCensus {
 public:
  explicit CandidateCensus(Metrics* metrics);

  // Counts what is stored. Cost: a look at every candidate; call it once.
  absl::Status Load(const storage::Store& store);

  // A candidate went from one state to another; UNSPECIFIED: it is new.
  void Move(v1::CandidateState from, v1::CandidateState to);

 private:
  std::array<Gauge*, v1::CandidateState_ARRAYSIZE> gauges_;
};

// What a submission makes of the stored candidate: the next revision, or
// nothing when it says nothing new. What people decided stays. `changes`: what
// was confirmed of `stored`. Pure.
std::optional<v1::Candidate> Revise(const std::optional<v1::Candidate>& stored,
                                    v1::Candidate submitted, int64_t now_micros,
                                    const std::vector<v1::Event>& changes = {});

// The candidate once these changes are confirmed; nothing when they are
// already. `changes`: those of the request. Pure.
std::optional<v1::Candidate> Confirm(const v1::Candidate& stored,
                                     const v1::ConfirmChangesRequest& request,
                                     int64_t now_micros,
                                     const std::vector<v1::Event>& changes);

// The record that stores `next`, after what a person decided, if one did.
stored::v1::Record CandidateRecordOf(
    const std::optional<v1::Candidate>& stored, const v1::Candidate& next,
    v1::DecisionKind decision = v1::DECISION_KIND_UNSPECIFIED);

// What a person decided by this record; confirmations are known also in records
// of before decisions were named.
v1::DecisionKind DecisionOf(const stored::v1::CandidateRecord& record);

// Threads: all methods may be called from any thread.
class CandidateHandlers {
 public:
  using PromoteCandidate = std::function<void(
      v1::PromoteCandidateRequest,
      std::function<void(absl::StatusOr<v1::PromoteCandidateResponse>)>)>;

  // All must outlive the handlers. `promote` is IncidentHandlers::Promote.
  // `on_promoted_revision` hears of each incident whose candidate got a new
  // revision, after it was stored.
  CandidateHandlers(
      storage::Log* log, const storage::Store* store, WatchHub* hub,
      CandidateCensus* census, PromoteCandidate promote,
      std::function<void(const std::string& incident_id)> on_promoted_revision);

  // Adds every method of the service to `server`.
  void Register(RpcServer* server);

  void Submit(
      v1::SubmitCandidateRequest request,
      std::function<void(absl::StatusOr<v1::SubmitCandidateResponse>)> done);
  void Dismiss(
      v1::DismissCandidateRequest request,
      std::function<void(absl::StatusOr<v1::DismissCandidateResponse>)> done);
  void Confirm(
      v1::ConfirmChangesRequest request,
      std::function<void(absl::StatusOr<v1::ConfirmChangesResponse>)> done);
  void Split(
      v1::SplitCandidateRequest request,
      std::function<void(absl::StatusOr<v1::SplitCandidateResponse>)> done);
  void Merge(
      v1::MergeCandidatesRequest request,
      std::function<void(absl::StatusOr<v1::MergeCandidatesResponse>)> done);
  absl::StatusOr<v1::GetCandidateResponse> Get(
      const v1::GetCandidateRequest& request) const;
  // A serialized ListCandidatesResponse.
  absl::StatusOr<grpc::ByteBuffer> List(
      const v1::ListCandidatesRequest& request) const;

 private:
  storage::Log* const log_;
  const storage::Store* const store_;
  WatchHub* const hub_;
  CandidateCensus* const census_;
  const PromoteCandidate promote_;
  const std::function<void(const std::string&)> on_promoted_revision_;
};

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_CANDIDATE_HANDLERS_H_
