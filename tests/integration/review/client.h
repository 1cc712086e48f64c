// A person with a real incidentd: calls in one line each.
#ifndef SECONDSTORY_TESTS_INTEGRATION_REVIEW_CLIENT_H_
#define SECONDSTORY_TESTS_INTEGRATION_REVIEW_CLIENT_H_

#include <signal.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "secondstory/v1/review_service.grpc.pb.h"
#include "tests/support/running_incidentd.h"

namespace secondstory {

// The fields that an INVALID_ARGUMENT names.
inline std::vector<std::string> FieldsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  std::vector<std::string> fields;
  google::rpc::BadRequest request;
  for (const auto& any : details.details()) {
    if (!any.UnpackTo(&request)) continue;
    for (const auto& violation : request.field_violations()) {
      fields.push_back(violation.field());
    }
  }
  return fields;
}

// EXPECT_THAT(status, Fails(grpc::ABORTED, HasSubstr("retry")));
MATCHER_P2(Fails, code, message, "") {
  *result_listener << "code " << arg.error_code() << ": "
                   << arg.error_message();
  return arg.error_code() == code &&
         testing::ExplainMatchResult(message, arg.error_message(),
                                     result_listener);
}

// Public where tests name a method to hand it on.
class ReviewTest : public testing::Test {
 public:
  static constexpr int64_t kSecond = 1'000'000;
  static constexpr int64_t kMinute = 60 * kSecond;
  static constexpr int64_t kStart = 1'700'000'000 * kSecond;

  explicit ReviewTest(std::vector<std::string> flags = {})
      : flags_(std::move(flags)) {
    dir_ = testing::TempDir() + "/" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    Start();
  }
  ~ReviewTest() override {
    service_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Start() {
    service_ = std::make_unique<support::RunningIncidentd>(dir_, 0, flags_);
  }
  // As a power cut would.
  void KillAndStart() {
    service_->process->Kill(SIGKILL);
    EXPECT_THAT(service_->process->Wait(), IsOk());
    Start();
  }

#define SS_CALL(stub, method)                                                 \
  std::pair<grpc::Status, v1::method##Response> method(                       \
      const v1::method##Request& request) {                                   \
    support::Context context;                                                 \
    std::pair<grpc::Status, v1::method##Response> result;                     \
    result.first = service_->stub->method(&context, request, &result.second); \
    return result;                                                            \
  }
  SS_CALL(incidents, CreateIncident)
  SS_CALL(incidents, UpdateIncident)
  SS_CALL(incidents, DeleteIncident)
  SS_CALL(incidents, RestoreIncident)
  SS_CALL(incidents, MergeIncidents)
  SS_CALL(incidents, SplitIncident)
  SS_CALL(incidents, AttachEvents)
  SS_CALL(incidents, DetachEvents)
  SS_CALL(incidents, GetIncident)
  SS_CALL(incidents, ListIncidents)
  SS_CALL(incidents, GetIncidentHistory)
  SS_CALL(incidents, PromoteCandidate)
  SS_CALL(incidents, AddTimelineEntry)
  SS_CALL(incidents, UpdateTimelineEntry)
  SS_CALL(incidents, GetTimeline)
  SS_CALL(candidates, SubmitCandidate)
  SS_CALL(candidates, ConfirmChanges)
  SS_CALL(events, AppendEvents)
  SS_CALL(events, QueryEvents)
  SS_CALL(reviews, GiveAccount)
  SS_CALL(reviews, UpdateAccount)
  SS_CALL(reviews, WithdrawAccount)
  SS_CALL(reviews, ListAccounts)
  SS_CALL(reviews, RevealAuthor)
  SS_CALL(reviews, CreateAction)
  SS_CALL(reviews, UpdateAction)
  SS_CALL(reviews, ListActions)
  SS_CALL(reviews, GetReview)
  SS_CALL(reviews, AnswerGap)
  SS_CALL(reviews, StartReview)
  SS_CALL(reviews, PublishReview)
  SS_CALL(reviews, CloseReview)
  SS_CALL(reviews, ReopenReview)
  SS_CALL(reviews, CheckLanguage)
  SS_CALL(reviews, GetReport)
  SS_CALL(reviews, ImportIncident)
  SS_CALL(learning, Search)
  SS_CALL(learning, FindSimilarIncidents)
  SS_CALL(learning, GetInsights)
#undef SS_CALL

  // What the calls of a test begin with. They expect success.

  v1::Incident NewIncident(const std::string& title = "checkout down",
                           int64_t start_micros = kStart) {
    v1::CreateIncidentRequest request;
    request.set_author("sam");
    request.mutable_incident()->set_title(title);
    request.mutable_incident()->set_severity(2);
    *request.mutable_incident()->mutable_start_time() =
        FromMicros(start_micros);
    const auto [status, response] = CreateIncident(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.incident();
  }

  v1::Incident Read(const std::string& incident_id) {
    v1::GetIncidentRequest request;
    request.set_incident_id(incident_id);
    const auto [status, response] = GetIncident(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.incident();
  }

  // Changes the fields that are set in `fields`.
  std::pair<grpc::Status, v1::Incident> Change(
      const v1::Incident& incident, const v1::Incident& fields,
      const std::string& author = "sam") {
    v1::UpdateIncidentRequest request;
    *request.mutable_incident() = fields;
    request.mutable_incident()->set_incident_id(incident.incident_id());
    request.set_etag(incident.etag());
    request.set_author(author);
    std::vector<const google::protobuf::FieldDescriptor*> set;
    fields.GetReflection()->ListFields(fields, &set);
    for (const auto* field : set) {
      request.mutable_update_mask()->add_paths(field->name());
    }
    const auto [status, response] = UpdateIncident(request);
    return {status, response.incident()};
  }

  v1::Incident MoveTo(const v1::Incident& incident, v1::IncidentState state) {
    v1::Incident fields;
    fields.set_state(state);
    const auto [status, next] = Change(incident, fields);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return next;
  }

  v1::TimelineEntry AddLine(const std::string& incident_id,
                            const std::string& title,
                            int64_t event_micros = kStart) {
    v1::AddTimelineEntryRequest request;
    request.set_incident_id(incident_id);
    request.set_author("kim");
    request.mutable_entry()->set_title(title);
    *request.mutable_entry()->mutable_event_time() = FromMicros(event_micros);
    const auto [status, response] = AddTimelineEntry(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.entry();
  }

  v1::Account Tell(const std::string& incident_id, const std::string& words,
                   const std::string& entry_id = "") {
    v1::GiveAccountRequest request;
    request.set_incident_id(incident_id);
    request.set_author("alex the author");
    request.mutable_account()->set_role("on-call, payments");
    request.mutable_account()->set_words(words);
    request.mutable_account()->set_entry_id(entry_id);
    const auto [status, response] = GiveAccount(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.account();
  }

  std::vector<v1::TimelineEntry> Lines(const std::string& incident_id,
                                       int64_t as_known_micros = 0,
                                       bool with_accounts = false) {
    v1::GetTimelineRequest request;
    request.set_incident_id(incident_id);
    request.set_with_accounts(with_accounts);
    if (as_known_micros > 0) {
      *request.mutable_as_known_at() = FromMicros(as_known_micros);
    }
    const auto [status, response] = GetTimeline(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.entries().begin(), response.entries().end()};
  }

  std::vector<std::string> Titles(const std::string& incident_id,
                                  int64_t as_known_micros = 0) {
    std::vector<std::string> titles;
    for (const auto& entry : Lines(incident_id, as_known_micros)) {
      titles.push_back(entry.title());
    }
    return titles;
  }

  // Who, what, and the differences of each change: "sam incident title: ...".
  std::vector<std::string> History(const std::string& incident_id) {
    v1::GetIncidentHistoryRequest request;
    request.set_incident_id(incident_id);
    request.set_page_size(2);  // so that pages are turned
    std::vector<std::string> history;
    do {
      const auto [status, response] = GetIncidentHistory(request);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const v1::HistoryEntry& change : response.changes()) {
        std::string text = change.author() + " " + change.what();
        for (const std::string& difference : change.differences()) {
          text += " | " + difference;
        }
        if (!change.reason().empty()) text += " | why: " + change.reason();
        history.push_back(text);
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return history;
  }

  // Ids of the events, all of service "checkout".
  std::vector<std::string> Append(const std::vector<v1::Event>& events) {
    v1::AppendEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    const auto [status, response] = AppendEvents(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> ids;
    for (const v1::EventOutcome& outcome : response.outcomes()) {
      EXPECT_EQ(outcome.reason(), "");
      ids.push_back(outcome.event_id());
    }
    return ids;
  }

  static v1::Event MakeEvent(const std::string& id, v1::EventKind kind,
                             int64_t event_micros, int64_t observe_micros) {
    v1::Event event;
    event.set_source("test");
    event.set_source_event_id(id);
    event.set_kind(kind);
    event.set_service("checkout");
    event.set_title(id);
    *event.mutable_event_time() = FromMicros(event_micros);
    *event.mutable_observe_time() = FromMicros(observe_micros);
    return event;
  }

  std::vector<std::string> flags_;
  std::string dir_;
  std::unique_ptr<support::RunningIncidentd> service_;
};

}  // namespace secondstory

#endif  // SECONDSTORY_TESTS_INTEGRATION_REVIEW_CLIENT_H_
