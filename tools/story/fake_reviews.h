// The ReviewService of a FakeIncidentd.
#ifndef SECONDSTORY_TOOLS_STORY_FAKE_REVIEWS_H_
#define SECONDSTORY_TOOLS_STORY_FAKE_REVIEWS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "secondstory/v1/review_service.grpc.pb.h"
#include "tools/story/fake_incidents.h"
#include "tools/story/fake_rpc.h"

namespace secondstory::story::fake {

// Keeps accounts, actions and answers; reveals with the key "open sesame".
//
// Threads: all methods may be called from any thread.
class Reviews final : public v1::ReviewService::Service {
 public:
  Reviews(Requests* requests, Incidents* incidents)
      : requests_(*requests), incidents_(*incidents) {}

  void AddGap(const v1::Gap& gap);
  void AddFinding(const v1::LanguageFinding& finding);

  grpc::Status GiveAccount(grpc::ServerContext* context,
                           const v1::GiveAccountRequest* request,
                           v1::GiveAccountResponse* response) override;
  grpc::Status UpdateAccount(grpc::ServerContext* context,
                             const v1::UpdateAccountRequest* request,
                             v1::UpdateAccountResponse* response) override;
  grpc::Status WithdrawAccount(grpc::ServerContext* context,
                               const v1::WithdrawAccountRequest* request,
                               v1::WithdrawAccountResponse* response) override;
  grpc::Status ListAccounts(grpc::ServerContext* context,
                            const v1::ListAccountsRequest* request,
                            v1::ListAccountsResponse* response) override;
  grpc::Status RevealAuthor(grpc::ServerContext* context,
                            const v1::RevealAuthorRequest* request,
                            v1::RevealAuthorResponse* response) override;
  grpc::Status CreateAction(grpc::ServerContext* context,
                            const v1::CreateActionRequest* request,
                            v1::CreateActionResponse* response) override;
  grpc::Status UpdateAction(grpc::ServerContext* context,
                            const v1::UpdateActionRequest* request,
                            v1::UpdateActionResponse* response) override;
  grpc::Status ListActions(grpc::ServerContext* context,
                           const v1::ListActionsRequest* request,
                           v1::ListActionsResponse* response) override;
  grpc::Status GetReview(grpc::ServerContext* context,
                         const v1::GetReviewRequest* request,
                         v1::GetReviewResponse* response) override;
  grpc::Status AnswerGap(grpc::ServerContext* context,
                         const v1::AnswerGapRequest* request,
                         v1::AnswerGapResponse* response) override;
  grpc::Status StartReview(grpc::ServerContext* context,
                           const v1::StartReviewRequest* request,
                           v1::StartReviewResponse* response) override;
  grpc::Status PublishReview(grpc::ServerContext* context,
                             const v1::PublishReviewRequest* request,
                             v1::PublishReviewResponse* response) override;
  grpc::Status CloseReview(grpc::ServerContext* context,
                           const v1::CloseReviewRequest* request,
                           v1::CloseReviewResponse* response) override;
  grpc::Status ReopenReview(grpc::ServerContext* context,
                            const v1::ReopenReviewRequest* request,
                            v1::ReopenReviewResponse* response) override;
  grpc::Status GetReport(grpc::ServerContext* context,
                         const v1::GetReportRequest* request,
                         v1::GetReportResponse* response) override;
  // By request_id: the same again is known, the same id with another title is
  // another story. A summary of "refuse me" is refused.
  grpc::Status ImportIncident(grpc::ServerContext* context,
                              const v1::ImportIncidentRequest* request,
                              v1::ImportIncidentResponse* response) override;

 private:
  std::string NewId() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Requests& requests_;
  Incidents& incidents_;
  absl::Mutex mutex_;
  int ids_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<v1::Account> accounts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> authors_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::ActionItem> actions_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Gap> gaps_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::LanguageFinding> findings_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> imported_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace secondstory::story::fake

#endif  // SECONDSTORY_TOOLS_STORY_FAKE_REVIEWS_H_
