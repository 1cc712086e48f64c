#include "tools/story/fake_reviews.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/stable_id.h"
#include "google/protobuf/util/field_mask_util.h"

namespace secondstory::story::fake {
namespace {

using google::protobuf::util::FieldMaskUtil;
using grpc::ServerContext;
using grpc::Status;

Status Denied(const std::string& why) {
  return Status(grpc::StatusCode::PERMISSION_DENIED, why);
}

}  // namespace

std::string Reviews::NewId() {
  return IdToHex(StableId({"review", absl::StrCat(++ids_)}));
}

void Reviews::AddGap(const v1::Gap& gap) {
  absl::MutexLock lock(&mutex_);
  gaps_.push_back(gap);
}

void Reviews::AddFinding(const v1::LanguageFinding& finding) {
  absl::MutexLock lock(&mutex_);
  findings_.push_back(finding);
}

Status Reviews::GiveAccount(ServerContext*,
                            const v1::GiveAccountRequest* request,
                            v1::GiveAccountResponse* response) {
  requests_.Keep(*request);
  if (request->account().role().empty()) {
    return InvalidField("account.role", "is missing; say as what");
  }
  absl::MutexLock lock(&mutex_);
  v1::Account* const account = response->mutable_account();
  *account = request->account();
  account->set_account_id(NewId());
  account->set_etag(NewId());
  account->set_incident_id(request->incident_id());
  authors_[account->account_id()] = request->author();
  accounts_.push_back(*account);
  return Status::OK;
}

Status Reviews::UpdateAccount(ServerContext*,
                              const v1::UpdateAccountRequest* request,
                              v1::UpdateAccountResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  for (v1::Account& account : accounts_) {
    if (account.account_id() != request->account().account_id()) continue;
    if (account.etag() != request->etag()) return Stale();
    if (authors_[account.account_id()] != request->author()) {
      return Denied("this is somebody else's account");
    }
    FieldMaskUtil::MergeMessageTo(request->account(), request->update_mask(),
                                  FieldMaskUtil::MergeOptions(), &account);
    *response->mutable_account() = account;
    return Status::OK;
  }
  return NotFound("no such account");
}

Status Reviews::WithdrawAccount(ServerContext*,
                                const v1::WithdrawAccountRequest* request,
                                v1::WithdrawAccountResponse* response) {
  absl::MutexLock lock(&mutex_);
  accounts_.erase(std::remove_if(accounts_.begin(), accounts_.end(),
                                 [request](const v1::Account& account) {
                                   return account.account_id() ==
                                          request->account_id();
                                 }),
                  accounts_.end());
  response->mutable_account()->set_account_id(request->account_id());
  return Status::OK;
}

Status Reviews::ListAccounts(ServerContext*,
                             const v1::ListAccountsRequest* request,
                             v1::ListAccountsResponse* response) {
  absl::MutexLock lock(&mutex_);
  for (const v1::Account& account : accounts_) {
    if (request->entry_id().empty() ||
        request->entry_id() == account.entry_id()) {
      *response->add_accounts() = account;
    }
  }
  return Status::OK;
}

Status Reviews::RevealAuthor(ServerContext*,
                             const v1::RevealAuthorRequest* request,
                             v1::RevealAuthorResponse* response) {
  requests_.Keep(*request);
  if (request->reveal_key() != "open sesame") return Denied("a wrong key");
  absl::MutexLock lock(&mutex_);
  response->set_author(authors_[request->account_id()]);
  return Status::OK;
}

Status Reviews::CreateAction(ServerContext*,
                             const v1::CreateActionRequest* request,
                             v1::CreateActionResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  v1::ActionItem* const action = response->mutable_action();
  *action = request->action();
  action->set_action_id(NewId());
  action->set_etag(NewId());
  action->set_incident_id(request->incident_id());
  action->set_state(v1::ACTION_STATE_OPEN);
  actions_.push_back(*action);
  return Status::OK;
}

Status Reviews::UpdateAction(ServerContext*,
                             const v1::UpdateActionRequest* request,
                             v1::UpdateActionResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  for (v1::ActionItem& action : actions_) {
    if (action.action_id() != request->action().action_id()) continue;
    if (action.etag() != request->etag()) return Stale();
    FieldMaskUtil::MergeMessageTo(request->action(), request->update_mask(),
                                  FieldMaskUtil::MergeOptions(), &action);
    action.set_etag(NewId());
    *response->mutable_action() = action;
    return Status::OK;
  }
  return NotFound("no such action");
}

Status Reviews::ListActions(ServerContext*,
                            const v1::ListActionsRequest* request,
                            v1::ListActionsResponse* response) {
  requests_.Keep(*request);
  absl::MutexLock lock(&mutex_);
  for (const v1::ActionItem& action : actions_) {
    if (Allows(request->states(), action.state()) &&
        Allows(request->owners(), action.owner())) {
      *response->add_actions() = action;
    }
  }
  return Status::OK;
}

Status Reviews::GetReview(ServerContext*, const v1::GetReviewRequest* request,
                          v1::GetReviewResponse* response) {
  absl::MutexLock lock(&mutex_);
  v1::Review* const review = response->mutable_review();
  review->set_incident_id(request->incident_id());
  *review->mutable_gaps() = {gaps_.begin(), gaps_.end()};
  *review->mutable_language() = {findings_.begin(), findings_.end()};
  return Status::OK;
}

Status Reviews::AnswerGap(ServerContext*, const v1::AnswerGapRequest* request,
                          v1::AnswerGapResponse* response) {
  absl::MutexLock lock(&mutex_);
  for (v1::Gap& gap : gaps_) {
    if (gap.gap_id() != request->gap_id()) continue;
    *gap.mutable_answer() = request->answer();
    gap.mutable_answer()->set_author(request->author());
    *response->mutable_gap() = gap;
    return Status::OK;
  }
  return NotFound("no such question");
}

Status Reviews::StartReview(ServerContext*,
                            const v1::StartReviewRequest* request,
                            v1::StartReviewResponse* response) {
  return incidents_.Change(
      request->incident_id(), request->etag(),
      [request](v1::Incident* incident) {
        incident->set_state(v1::INCIDENT_STATE_IN_REVIEW);
        incident->set_facilitator(request->facilitator());
      },
      response->mutable_incident());
}

Status Reviews::PublishReview(ServerContext*,
                              const v1::PublishReviewRequest* request,
                              v1::PublishReviewResponse* response) {
  if (request->word().empty()) {
    return Status(grpc::StatusCode::FAILED_PRECONDITION,
                  "gaps: 1 of 2 is open; say a word");
  }
  return incidents_.Change(
      request->incident_id(), request->etag(),
      [request](v1::Incident* incident) {
        incident->set_state(v1::INCIDENT_STATE_PUBLISHED);
        incident->set_publish_word(request->word());
      },
      response->mutable_incident());
}

Status Reviews::CloseReview(ServerContext*,
                            const v1::CloseReviewRequest* request,
                            v1::CloseReviewResponse* response) {
  return incidents_.Change(
      request->incident_id(), request->etag(),
      [](v1::Incident* incident) {
        incident->set_state(v1::INCIDENT_STATE_CLOSED);
      },
      response->mutable_incident());
}

Status Reviews::ReopenReview(ServerContext*,
                             const v1::ReopenReviewRequest* request,
                             v1::ReopenReviewResponse* response) {
  requests_.Keep(*request);
  return incidents_.Change(
      request->incident_id(), request->etag(),
      [](v1::Incident* incident) {
        incident->set_state(v1::INCIDENT_STATE_IN_REVIEW);
      },
      response->mutable_incident());
}

Status Reviews::GetReport(ServerContext*, const v1::GetReportRequest* request,
                          v1::GetReportResponse* response) {
  requests_.Keep(*request);
  response->set_content("# The report\n");
  return Status::OK;
}

Status Reviews::ImportIncident(ServerContext*,
                               const v1::ImportIncidentRequest* request,
                               v1::ImportIncidentResponse* response) {
  requests_.Keep(*request);
  v1::Incident* const incident = response->mutable_incident();
  *incident = request->export_().incident();
  if (incident->summary() == "refuse me") {
    return InvalidField("export.incident.summary", "asks to be refused");
  }
  if (incident->incident_id().empty()) {
    incident->set_incident_id(IdToHex(StableId({request->request_id()})));
  }
  const std::string bytes = request->export_().SerializeAsString();
  std::string stored;
  {
    absl::MutexLock lock(&mutex_);
    std::string& place = imported_[incident->incident_id()];
    stored = place;
    if (place.empty()) place = bytes;
  }
  if (!stored.empty() && stored != bytes) {
    return Status(grpc::StatusCode::ALREADY_EXISTS,
                  "this incident says something else");
  }
  response->set_stored(stored.empty());
  if (stored.empty()) incidents_.Add(*incident);
  v1::GetIncidentRequest get;
  get.set_incident_id(incident->incident_id());
  v1::GetIncidentResponse got;
  const Status status = incidents_.GetIncident(nullptr, &get, &got);
  *incident = got.incident();
  return status;
}

}  // namespace secondstory::story::fake
