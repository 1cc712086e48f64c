// What may become of accounts, actions and reviews. Pure. Limits are in
// base/limits.h and in the comments of the protos.
#ifndef SECONDSTORY_SERVICES_INCIDENTD_REVIEW_VALIDATOR_H_
#define SECONDSTORY_SERVICES_INCIDENTD_REVIEW_VALIDATOR_H_

#include <vector>

#include "secondstory/v1/review_service.pb.h"
#include "services/incidentd/rpc_status.h"

namespace secondstory::incidentd {

// All that is wrong with a request; empty when it may go on. Paths are from
// the request: "account.role".
std::vector<FieldViolation> Check(const v1::GiveAccountRequest& request);
std::vector<FieldViolation> Check(const v1::UpdateAccountRequest& request);
std::vector<FieldViolation> Check(const v1::WithdrawAccountRequest& request);
std::vector<FieldViolation> Check(const v1::ListAccountsRequest& request);
std::vector<FieldViolation> Check(const v1::RevealAuthorRequest& request);
std::vector<FieldViolation> Check(const v1::CreateActionRequest& request);
std::vector<FieldViolation> Check(const v1::UpdateActionRequest& request);
std::vector<FieldViolation> Check(const v1::ListActionsRequest& request);
std::vector<FieldViolation> Check(const v1::AnswerGapRequest& request);
std::vector<FieldViolation> Check(const v1::StartReviewRequest& request);
std::vector<FieldViolation> Check(const v1::PublishReviewRequest& request);
std::vector<FieldViolation> Check(const v1::CloseReviewRequest& request);
std::vector<FieldViolation> Check(const v1::ReopenReviewRequest& request);
std::vector<FieldViolation> Check(const v1::CheckLanguageRequest& request);
std::vector<FieldViolation> Check(const v1::GetReportRequest& request);
std::vector<FieldViolation> Check(const v1::ImportIncidentRequest& request);

// What is wrong with an account or an action as a whole, once an update was
// taken over into it. Paths are from "account" and "action".
std::vector<FieldViolation> Check(const v1::Account& account);
std::vector<FieldViolation> Check(const v1::ActionItem& action);

}  // namespace secondstory::incidentd

#endif  // SECONDSTORY_SERVICES_INCIDENTD_REVIEW_VALIDATOR_H_
