// Goal: incidentd keeps what proto/secondstory/v1 promises, as a client sees
// it. Method: the real binary on a database of its own, the real gRPC stubs,
// and raw bytes where a stub would not send them.
#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/http_client.h"
#include "base/proto_time.h"
#include "base/stable_id.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "tests/support/running_incidentd.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::Context;
using support::RunningIncidentd;
using support::WaitUntil;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr int64_t kStart = 1'700'000'000'000'000;  // microseconds

v1::Event MakeEvent(const std::string& id, int64_t micros = kStart) {
  v1::Event event;
  event.set_source("test");
  event.set_source_event_id(id);
  event.set_kind(v1::EVENT_KIND_ALERT_FIRED);
  event.set_service("checkout");
  event.set_title("title of " + id);
  *event.mutable_event_time() = FromMicros(micros);
  return event;
}

v1::Candidate MakeCandidate(char digit = 'a') {
  v1::Candidate candidate;
  candidate.set_candidate_id(std::string(32, digit));
  candidate.set_state(v1::CANDIDATE_STATE_OPEN);
  candidate.set_title("checkout slow");
  candidate.add_services("checkout");
  *candidate.mutable_onset_time() = FromMicros(kStart);
  v1::CandidateEvent* event = candidate.add_events();
  event->set_event_id(std::string(32, '1'));
  event->set_title("HighLatency");
  *event->mutable_event_time() = FromMicros(kStart);
  v1::RankedChange* change = candidate.add_ranked_changes();
  change->set_event_id(std::string(32, '2'));
  change->set_score(0.5);
  candidate.set_no_change_score(0.5);
  return candidate;
}

std::vector<std::string> FieldsOf(const grpc::Status& status) {
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

class IncidentdTest : public testing::Test {
 protected:
  IncidentdTest() {
    static int count = 0;
    dir_ = testing::TempDir() + "/incidentd" + std::to_string(count++);
    std::filesystem::remove_all(dir_);
    Start();
  }
  ~IncidentdTest() override {
    service_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Start(const std::vector<std::string>& flags = {}) {
    service_.reset();
    service_ = std::make_unique<RunningIncidentd>(dir_, 0, flags);
  }

  // Outcomes in words: "STORED", "KNOWN", "REFUSED field".
  std::vector<std::string> Append(const std::vector<v1::Event>& events) {
    v1::AppendEventsRequest request;
    for (const v1::Event& event : events) *request.add_events() = event;
    Context context;
    v1::AppendEventsResponse response;
    const grpc::Status status =
        service_->events->AppendEvents(&context, request, &response);
    if (!status.ok()) return {status.error_message()};
    return Outcomes(response);
  }

  static std::vector<std::string> Outcomes(
      const v1::AppendEventsResponse& response) {
    std::vector<std::string> outcomes;
    for (const v1::EventOutcome& one : response.outcomes()) {
      std::string text = v1::AppendOutcome_Name(one.outcome()).substr(15);
      if (!one.field().empty()) text += " " + one.field();
      outcomes.push_back(text);
    }
    return outcomes;
  }

  // A unary call with any bytes.
  std::pair<grpc::Status, std::string> CallRaw(const std::string& method,
                                               const std::string& request) {
    grpc::Slice slice(request);
    const grpc::ByteBuffer bytes(&slice, 1);
    grpc::ByteBuffer answer;
    Context context;
    const grpc::internal::RpcMethod rpc(method.c_str(),
                                        grpc::internal::RpcMethod::NORMAL_RPC);
    const grpc::Status status = grpc::internal::BlockingUnaryCall(
        service_->channel.get(), rpc, &context, bytes, &answer);
    std::vector<grpc::Slice> slices;
    if (status.ok() && !answer.Dump(&slices).ok()) ADD_FAILURE();
    std::string text;
    for (const grpc::Slice& part : slices) {
      text.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    return {status, text};
  }

  v1::SubmitCandidateResponse Submit(const v1::Candidate& candidate) {
    v1::SubmitCandidateRequest request;
    *request.mutable_candidate() = candidate;
    Context context;
    v1::SubmitCandidateResponse response;
    const grpc::Status status =
        service_->candidates->SubmitCandidate(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::Candidate GetCandidate(const std::string& id, uint64_t revision = 0) {
    v1::GetCandidateRequest request;
    request.set_candidate_id(id);
    request.set_revision(revision);
    Context context;
    v1::GetCandidateResponse response;
    const grpc::Status status =
        service_->candidates->GetCandidate(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.candidate();
  }

  std::pair<grpc::Status, v1::Incident> Promote(
      const std::string& candidate_id) {
    v1::PromoteCandidateRequest request;
    request.set_candidate_id(candidate_id);
    request.set_author("sam");
    Context context;
    v1::PromoteCandidateResponse response;
    const grpc::Status status =
        service_->incidents->PromoteCandidate(&context, request, &response);
    return {status, response.incident()};
  }

  std::vector<std::string> TimelineTitles(const std::string& incident_id) {
    v1::GetTimelineRequest request;
    request.set_incident_id(incident_id);
    Context context;
    v1::GetTimelineResponse response;
    const grpc::Status status =
        service_->incidents->GetTimeline(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> titles;
    for (const v1::TimelineEntry& entry : response.entries()) {
      titles.push_back(entry.event().title());
    }
    return titles;
  }

  // No change: none contributed.
  grpc::Status Confirm(const std::string& candidate_id,
                       const std::vector<std::string>& change_ids) {
    v1::ConfirmChangesRequest request;
    request.set_candidate_id(candidate_id);
    request.set_author("sam");
    for (const std::string& id : change_ids) {
      request.add_contributing_event_ids(id);
    }
    request.set_none_contributed(change_ids.empty());
    Context context;
    v1::ConfirmChangesResponse response;
    const grpc::Status status =
        service_->candidates->ConfirmChanges(&context, request, &response);
    return status;
  }

  std::string Metrics() {
    HttpCall call;
    call.url = "http://" + service_->metrics_address + "/metrics";
    const auto response = CallHttp(call);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->body : "";
  }

  std::string dir_;
  std::unique_ptr<RunningIncidentd> service_;
};

// ---- appending ------------------------------------------------------------

TEST_F(IncidentdTest, SaysOfEachEventWhatBecameOfIt) {
  v1::Event bad = MakeEvent("bad");
  bad.clear_event_time();
  EXPECT_THAT(Append({MakeEvent("a"), bad, MakeEvent("b"), MakeEvent("a")}),
              ElementsAre("STORED", "REFUSED event_time", "STORED", "KNOWN"));
  EXPECT_THAT(Append({MakeEvent("b"), MakeEvent("c")}),
              ElementsAre("KNOWN", "STORED"));
}

TEST_F(IncidentdTest, LosesNothingElseWhenOneEventIsNotUtf8OrGarbage) {
  v1::AppendEventsRequest request;
  *request.add_events() = MakeEvent("a");
  *request.add_events() = MakeEvent("needle");
  *request.add_events() = MakeEvent("c");
  std::string bytes = request.SerializeAsString();
  bytes[bytes.rfind("needle")] = '\xff';
  bytes += std::string("\x0a\x02\xff\xff", 4);  // one more event: garbage
  const auto [status, answer] =
      CallRaw("/secondstory.v1.EventService/AppendEvents", bytes);
  ASSERT_TRUE(status.ok()) << status.error_message();
  v1::AppendEventsResponse response;
  ASSERT_TRUE(response.ParseFromString(answer));
  EXPECT_THAT(Outcomes(response),
              ElementsAre("STORED", "REFUSED title", "STORED", "REFUSED"));
  EXPECT_THAT(response.outcomes(1).reason(), HasSubstr("events[1].title"));
}

TEST_F(IncidentdTest, RefusesARequestThatIsTooLargeOrEmptyAndSaysSo) {
  v1::AppendEventsRequest request;
  for (int i = 0; i < 1001; ++i) *request.add_events() = MakeEvent("a");
  Context context, empty_context, large_context;
  v1::AppendEventsResponse response;
  grpc::Status status =
      service_->events->AppendEvents(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("1001"));
  EXPECT_THAT(FieldsOf(status), ElementsAre("events"));
  request.Clear();
  status = service_->events->AppendEvents(&empty_context, request, &response);
  EXPECT_THAT(FieldsOf(status), ElementsAre("events"));
  request.add_events()->set_description(std::string(5 << 20, 'x'));
  status = service_->events->AppendEvents(&large_context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(Append({MakeEvent("a")}), ElementsAre("STORED"));
}

TEST_F(IncidentdTest, AnswersGarbageAndUnknownMethodsWithAnError) {
  EXPECT_EQ(CallRaw("/secondstory.v1.EventService/GetEvent", "\xff\xff")
                .first.error_code(),
            grpc::INVALID_ARGUMENT);
  EXPECT_EQ(CallRaw("/secondstory.v1.EventService/Nope", "").first.error_code(),
            grpc::UNIMPLEMENTED);
  EXPECT_EQ(CallRaw("/", "").first.error_code(), grpc::UNIMPLEMENTED);
}

TEST_F(IncidentdTest, KeepsEventsCursorsAndPositionsOverARestart) {
  v1::AppendEventsRequest request;
  *request.add_events() = MakeEvent("a");
  request.mutable_cursor()->mutable_cursor()->set_source("test");
  request.mutable_cursor()->mutable_cursor()->set_value("17");
  {
    Context context;
    v1::AppendEventsResponse response;
    ASSERT_TRUE(
        service_->events->AppendEvents(&context, request, &response).ok());
  }
  service_->process->Kill(SIGTERM);
  EXPECT_THAT(service_->process->Wait(), IsOkAndHolds(0));
  Start();
  EXPECT_THAT(Append({MakeEvent("a")}), ElementsAre("KNOWN"));
  Context context, stale_context;
  v1::GetCursorRequest cursor;
  cursor.set_source("test");
  v1::GetCursorResponse stored;
  ASSERT_TRUE(service_->events->GetCursor(&context, cursor, &stored).ok());
  EXPECT_EQ(stored.cursor().value(), "17");
  request.mutable_cursor()->mutable_cursor()->set_value("18");
  v1::AppendEventsResponse response;
  EXPECT_EQ(service_->events->AppendEvents(&stale_context, request, &response)
                .error_code(),
            grpc::FAILED_PRECONDITION);
}

TEST_F(IncidentdTest, AcknowledgesEachBatchOfAStreamInOrder) {
  Context context;
  auto stream = service_->events->StreamAppendEvents(&context);
  constexpr int kBatches = 500;
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      v1::StreamAppendEventsRequest request;
      // Every tenth is refused at once and must still wait its turn.
      *request.mutable_batch()->add_events() =
          MakeEvent(i % 10 == 9 ? "" : std::to_string(i));
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::StreamAppendEventsResponse response;
  uint64_t last = 0;
  for (int i = 0; i < kBatches; ++i) {
    ASSERT_TRUE(stream->Read(&response)) << i;
    const v1::EventOutcome& outcome = response.batch().outcomes(0);
    if (i % 10 == 9) {
      EXPECT_EQ(outcome.outcome(), v1::APPEND_OUTCOME_REFUSED);
      continue;
    }
    EXPECT_EQ(outcome.outcome(), v1::APPEND_OUTCOME_STORED);
    EXPECT_GT(outcome.position(), last);
    last = outcome.position();
  }
  EXPECT_FALSE(stream->Read(&response));
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(IncidentdTest, EndsAStreamWithTheErrorOfItsFirstBadBatch) {
  Context context;
  auto stream = service_->events->StreamAppendEvents(&context);
  v1::StreamAppendEventsRequest request;
  *request.mutable_batch()->add_events() = MakeEvent("a");
  ASSERT_TRUE(stream->Write(request));
  request.Clear();
  stream->Write(request);  // neither events nor a cursor
  v1::StreamAppendEventsResponse response;
  EXPECT_TRUE(stream->Read(&response));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::INVALID_ARGUMENT);
}

// ---- reading --------------------------------------------------------------

TEST_F(IncidentdTest, PagesThroughAQueryAndRefusesForeignTokens) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 25; ++i) {
    events.push_back(MakeEvent(std::to_string(i), kStart + i / 2));
  }
  Append(events);
  v1::QueryEventsRequest request;
  request.set_page_size(10);
  request.add_services("checkout");
  std::vector<std::string> ids;
  std::string token;
  do {
    request.set_page_token(token);
    Context context;
    v1::QueryEventsResponse response;
    ASSERT_TRUE(
        service_->events->QueryEvents(&context, request, &response).ok());
    for (const v1::Event& event : response.events()) {
      ids.push_back(event.source_event_id());
      EXPECT_THAT(event.event_id(), SizeIs(32));
      EXPECT_TRUE(event.has_append_time());
    }
    if (!token.empty() && token == response.next_page_token()) FAIL();
    token = response.next_page_token();
    if (!token.empty()) request.set_page_token(token);
  } while (!token.empty());
  EXPECT_THAT(ids, SizeIs(25));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(25));
  request.set_page_token("00ff");
  Context context;
  v1::QueryEventsResponse response;
  EXPECT_THAT(
      FieldsOf(service_->events->QueryEvents(&context, request, &response)),
      ElementsAre("page_token"));
}

TEST_F(IncidentdTest, FollowsTheLogFromAnyPositionThroughARestart) {
  Append({MakeEvent("a"), MakeEvent("b")});
  v1::WatchEventsRequest request;
  uint64_t position = 0;
  {
    Context context;
    auto reader = service_->events->WatchEvents(&context, request);
    v1::WatchEventsResponse response;
    ASSERT_TRUE(reader->Read(&response));
    ASSERT_THAT(response.events(), SizeIs(2));
    EXPECT_TRUE(response.caught_up());
    Append({MakeEvent("c")});
    ASSERT_TRUE(reader->Read(&response));
    EXPECT_EQ(response.events(0).source_event_id(), "c");
    position = response.position();
    EXPECT_EQ(response.events(0).position(), position);
    service_->process->Kill(SIGTERM);
    EXPECT_FALSE(reader->Read(&response));
    EXPECT_EQ(reader->Finish().error_code(), grpc::UNAVAILABLE);
    EXPECT_THAT(service_->process->Wait(), IsOkAndHolds(0));
  }
  Start();
  Append({MakeEvent("d")});
  request.set_after_position(position);
  Context context;
  auto reader = service_->events->WatchEvents(&context, request);
  v1::WatchEventsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_THAT(response.events(), SizeIs(1));
  EXPECT_EQ(response.events(0).source_event_id(), "d");
  context.TryCancel();
}

TEST_F(IncidentdTest, SendsHeartbeatsToAFollowerOfAQuietLog) {
  v1::WatchEventsRequest request;
  request.mutable_heartbeat_interval()->set_seconds(1);
  Context context;
  auto reader = service_->events->WatchEvents(&context, request);
  v1::WatchEventsResponse response;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader->Read(&response));
    EXPECT_THAT(response.events(), SizeIs(0));
    EXPECT_TRUE(response.caught_up());
  }
  context.TryCancel();
}

TEST_F(IncidentdTest, RefusesAFollowerFromBeyondTheEnd) {
  v1::WatchEventsRequest request;
  request.set_after_position(1000);
  Context context;
  auto reader = service_->events->WatchEvents(&context, request);
  v1::WatchEventsResponse response;
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_THAT(FieldsOf(reader->Finish()), ElementsAre("after_position"));
}

TEST_F(IncidentdTest, ServesManyFollowersEachAllEventsInOrder) {
  constexpr int kFollowers = 20, kEvents = 200;
  std::vector<std::thread> followers;
  std::atomic<int> complete = 0;
  for (int f = 0; f < kFollowers; ++f) {
    followers.emplace_back([&] {
      Context context;
      auto reader = service_->events->WatchEvents(&context, {});
      v1::WatchEventsResponse response;
      int next = 0;
      while (next < kEvents && reader->Read(&response)) {
        for (const v1::Event& event : response.events()) {
          ASSERT_EQ(event.source_event_id(), std::to_string(next++));
        }
      }
      complete += next == kEvents;
      context.TryCancel();
    });
  }
  for (int i = 0; i < kEvents; ++i) Append({MakeEvent(std::to_string(i))});
  for (std::thread& follower : followers) follower.join();
  EXPECT_EQ(complete, kFollowers);
  EXPECT_TRUE(WaitUntil("followers that left are forgotten", [&] {
    return absl::StrContains(
        Metrics(),
        "secondstory_rpc_in_flight_calls{method=\"WatchEvents\",service="
        "\"secondstory.v1.EventService\"} 0");
  }));
}

// ---- candidates and incidents ---------------------------------------------

TEST_F(IncidentdTest, StoresARevisionOnlyWhenItSaysSomethingNew) {
  v1::Candidate candidate = MakeCandidate();
  candidate.add_differences("first");
  EXPECT_EQ(Submit(candidate).revision(), 1u);
  candidate.set_differences(0, "said otherwise");
  const v1::SubmitCandidateResponse same = Submit(candidate);
  EXPECT_FALSE(same.stored());
  EXPECT_EQ(same.revision(), 1u);
  candidate.set_title("checkout and cart slow");
  EXPECT_TRUE(Submit(candidate).stored());
  EXPECT_EQ(GetCandidate(candidate.candidate_id()).title(), candidate.title());
  EXPECT_EQ(GetCandidate(candidate.candidate_id(), 1).title(), "checkout slow");
}

TEST_F(IncidentdTest, KeepsWhatPeopleDecidedWhenTheAssemblerGoesOn) {
  v1::Candidate candidate = MakeCandidate();
  Submit(candidate);
  const auto [status, incident] = Promote(candidate.candidate_id());
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(incident.title(), "checkout slow");
  candidate.set_title("later evidence");
  EXPECT_TRUE(Submit(candidate).stored());
  const v1::Candidate stored = GetCandidate(candidate.candidate_id());
  EXPECT_EQ(stored.state(), v1::CANDIDATE_STATE_PROMOTED);
  EXPECT_EQ(stored.incident_id(), incident.incident_id());
  EXPECT_EQ(stored.decided_by(), "sam");
  EXPECT_EQ(stored.title(), "later evidence");
  const auto [again_status, again] = Promote(candidate.candidate_id());
  EXPECT_EQ(again.incident_id(), incident.incident_id());
}

TEST_F(IncidentdTest, RefusesToDismissWhatWasPromotedAndTheOtherWayRepeats) {
  Submit(MakeCandidate('a'));
  Submit(MakeCandidate('b'));
  Promote(std::string(32, 'a'));
  v1::DismissCandidateRequest request;
  request.set_author("sam");
  request.set_reason("a drill");
  v1::DismissCandidateResponse response;
  for (int i = 0; i < 2; ++i) {
    request.set_candidate_id(std::string(32, 'b'));
    Context context;
    EXPECT_TRUE(
        service_->candidates->DismissCandidate(&context, request, &response)
            .ok());
    EXPECT_EQ(response.candidate().dismiss_reason(), "a drill");
    EXPECT_EQ(response.candidate().revision(), 2u);
  }
  request.set_candidate_id(std::string(32, 'a'));
  Context context;
  EXPECT_EQ(service_->candidates->DismissCandidate(&context, request, &response)
                .error_code(),
            grpc::FAILED_PRECONDITION);
}

TEST_F(IncidentdTest, ListsCandidatesNewestFirstWithoutTheirEvents) {
  for (char digit : {'a', 'b', 'c'}) {
    v1::Candidate candidate = MakeCandidate(digit);
    *candidate.mutable_onset_time() = FromMicros(kStart + digit);
    Submit(candidate);
  }
  v1::ListCandidatesRequest request;
  request.set_page_size(2);
  std::string seen;
  std::string token;
  do {
    request.set_page_token(token);
    Context context;
    v1::ListCandidatesResponse response;
    ASSERT_TRUE(
        service_->candidates->ListCandidates(&context, request, &response)
            .ok());
    for (const v1::Candidate& candidate : response.candidates()) {
      seen += candidate.candidate_id()[0];
      EXPECT_THAT(candidate.events(), SizeIs(0));
    }
    token = response.next_page_token();
  } while (!token.empty());
  EXPECT_EQ(seen, "cba");
}

TEST_F(IncidentdTest, SendsDecisionsAmongEventsToAFollowerWhoAsksForThem) {
  Append({MakeEvent("a")});
  v1::Candidate candidate = MakeCandidate();
  Submit(candidate);
  EXPECT_TRUE(Confirm(candidate.candidate_id(), {}).ok());
  candidate.set_title("later evidence");
  Submit(candidate);
  Promote(candidate.candidate_id());
  v1::Event change = MakeEvent("b");
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  Append({change});
  v1::WatchEventsRequest request;
  request.set_with_decisions(true);
  Context context;
  auto reader = service_->events->WatchEvents(&context, request);
  v1::WatchEventsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  ASSERT_THAT(response.events(), SizeIs(2));
  ASSERT_THAT(response.decisions(), SizeIs(2)) << "not the assembler's";
  const v1::CandidateDecision& confirmed = response.decisions(0);
  EXPECT_EQ(confirmed.kind(), v1::DECISION_KIND_CONFIRMED);
  EXPECT_TRUE(confirmed.candidate().has_confirmation());
  EXPECT_EQ(confirmed.candidate().revision(), 2u);
  EXPECT_GT(confirmed.position(), response.events(0).position());
  EXPECT_LT(confirmed.position(), response.decisions(1).position());
  EXPECT_EQ(response.decisions(1).kind(), v1::DECISION_KIND_PROMOTED);
  EXPECT_LT(response.decisions(1).position(), response.events(1).position());
  EXPECT_TRUE(
      Confirm(candidate.candidate_id(), {response.events(1).event_id()}).ok());
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_THAT(response.events(), SizeIs(0));
  ASSERT_THAT(response.decisions(), SizeIs(1));
  EXPECT_EQ(response.position(), response.decisions(0).position());
  EXPECT_TRUE(response.caught_up());
  context.TryCancel();
}

TEST_F(IncidentdTest, ConfirmsOnlyChangesThatAreStored) {
  v1::Event change = MakeEvent("deploy");
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  Append({change, MakeEvent("alert")});
  Submit(MakeCandidate());
  const std::string candidate = MakeCandidate().candidate_id();
  const std::string deploy = IdToHex(StableId({"test", "deploy"}));
  const std::string alert = IdToHex(StableId({"test", "alert"}));
  const grpc::Status refused =
      Confirm(candidate, {deploy, alert, std::string(32, 'e')});
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(refused), ElementsAre("contributing_event_ids[1]",
                                             "contributing_event_ids[2]"));
  EXPECT_FALSE(GetCandidate(candidate).has_confirmation());
  EXPECT_TRUE(Confirm(candidate, {deploy}).ok());
  EXPECT_TRUE(Confirm(candidate, {deploy}).ok());
  Start();
  const v1::Candidate confirmed = GetCandidate(candidate);
  EXPECT_EQ(confirmed.revision(), 2u) << "the second time said nothing new";
  EXPECT_EQ(confirmed.confirmation().author(), "sam");
  EXPECT_THAT(confirmed.confirmation().contributing_event_ids(),
              ElementsAre(deploy));
  EXPECT_TRUE(Confirm(candidate, {}).ok());
  EXPECT_THAT(GetCandidate(candidate).confirmation().contributing_event_ids(),
              SizeIs(0));
  EXPECT_THAT(
      GetCandidate(candidate, 2).confirmation().contributing_event_ids(),
      ElementsAre(deploy));
}

TEST_F(IncidentdTest, StoresWhatPeopleSplitAndMerge) {
  v1::Candidate candidate = MakeCandidate();
  candidate.mutable_events(0)->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  v1::CandidateEvent* line = candidate.add_events();
  line->set_event_id(std::string(32, '2'));
  line->set_kind(v1::EVENT_KIND_ALERT_FIRED);
  Submit(candidate);
  Submit(MakeCandidate('b'));
  v1::SplitCandidateRequest split;
  split.set_candidate_id(candidate.candidate_id());
  split.add_event_ids(line->event_id());
  split.set_author("sam");
  v1::SplitCandidateResponse response;
  for (int i = 0; i < 2; ++i) {
    Context context;
    const grpc::Status status =
        service_->candidates->SplitCandidate(&context, split, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_EQ(response.candidate().revision(), 2u);
  split.set_event_ids(0, std::string(32, '3'));
  Context refused;
  const grpc::Status status =
      service_->candidates->SplitCandidate(&refused, split, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("event_ids[0]"));

  v1::MergeCandidatesRequest merge;
  merge.set_candidate_id(candidate.candidate_id());
  merge.add_other_candidate_ids(std::string(32, 'c'));
  merge.set_author("kim");
  v1::MergeCandidatesResponse merged;
  Context missing;
  const grpc::Status unknown =
      service_->candidates->MergeCandidates(&missing, merge, &merged);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(unknown.error_message(), HasSubstr(std::string(32, 'c')));
  merge.set_other_candidate_ids(0, std::string(32, 'b'));
  Context context;
  ASSERT_TRUE(
      service_->candidates->MergeCandidates(&context, merge, &merged).ok());
  Start();
  EXPECT_THAT(GetCandidate(candidate.candidate_id()).splits(), SizeIs(1));
  EXPECT_THAT(GetCandidate(candidate.candidate_id()).merges(), SizeIs(1));
  EXPECT_THAT(GetCandidate(std::string(32, 'b')).merges(), SizeIs(1));
  Submit(candidate);
  EXPECT_EQ(GetCandidate(candidate.candidate_id()).splits(0).author(), "sam");
}

TEST_F(IncidentdTest, TellsWhatWasFoundOfTheCandidateThatGoesOn) {
  v1::Event change = MakeEvent("deploy");
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  Append({change, MakeEvent("alert")});
  const std::string deploy = IdToHex(StableId({"test", "deploy"}));
  v1::Candidate merged = MakeCandidate('b');
  Submit(MakeCandidate());
  Submit(merged);
  ASSERT_TRUE(Confirm(merged.candidate_id(), {deploy}).ok());
  const std::string incident =
      Promote(MakeCandidate().candidate_id()).second.incident_id();
  EXPECT_THAT(TimelineTitles(incident), ElementsAre("HighLatency"));

  merged.set_state(v1::CANDIDATE_STATE_MERGED);
  merged.set_merged_into_candidate_id(MakeCandidate().candidate_id());
  Submit(merged);
  Start();
  const v1::Candidate into = GetCandidate(MakeCandidate().candidate_id());
  EXPECT_EQ(into.confirmation().author(), "sam");
  EXPECT_THAT(into.confirmation().contributing_event_ids(),
              ElementsAre(deploy));
  EXPECT_EQ(into.state(), v1::CANDIDATE_STATE_PROMOTED);
  EXPECT_THAT(TimelineTitles(incident),
              UnorderedElementsAre("HighLatency", change.title()));
  EXPECT_THAT(GetCandidate(merged.candidate_id())
                  .confirmation()
                  .contributing_event_ids(),
              ElementsAre(deploy));

  // What is found from then on of the one that goes on is not undone by what
  // is submitted of the other.
  ASSERT_TRUE(Confirm(into.candidate_id(), {}).ok());
  merged.set_title("checkout slow, told later");
  EXPECT_TRUE(Submit(merged).stored());
  EXPECT_THAT(
      GetCandidate(into.candidate_id()).confirmation().contributing_event_ids(),
      IsEmpty());
}

TEST_F(IncidentdTest, KeepsAnIncidentsTimelineWhenItsCandidateGoesOnInAnother) {
  v1::Event change = MakeEvent("deploy");
  change.set_kind(v1::EVENT_KIND_CHANGE_FINISHED);
  Append({change});
  const std::string deploy = IdToHex(StableId({"test", "deploy"}));
  v1::Candidate promoted = MakeCandidate('b');
  Submit(promoted);
  ASSERT_TRUE(Confirm(promoted.candidate_id(), {deploy}).ok());
  const std::string incident =
      Promote(promoted.candidate_id()).second.incident_id();

  // An alert of before has come late, so that another one begins earlier.
  v1::Candidate into = MakeCandidate('a');
  v1::CandidateEvent* const late = into.add_events();
  late->set_event_id(std::string(32, '3'));
  late->set_title("HighErrorRate");
  *late->mutable_event_time() = FromMicros(kStart - 1);
  promoted.clear_events();
  promoted.set_state(v1::CANDIDATE_STATE_MERGED);
  promoted.set_merged_into_candidate_id(into.candidate_id());
  Submit(promoted);
  EXPECT_THAT(TimelineTitles(incident),
              UnorderedElementsAre("HighLatency", change.title()))
      << "the other one is not there yet";
  Submit(into);
  Submit(promoted);
  Start();
  EXPECT_THAT(
      TimelineTitles(incident),
      UnorderedElementsAre("HighErrorRate", "HighLatency", change.title()));
  const v1::Candidate goes_on = GetCandidate(into.candidate_id());
  EXPECT_EQ(goes_on.state(), v1::CANDIDATE_STATE_PROMOTED);
  EXPECT_EQ(goes_on.incident_id(), incident);
  EXPECT_EQ(goes_on.decided_by(), "sam");
  EXPECT_EQ(GetCandidate(promoted.candidate_id()).state(),
            v1::CANDIDATE_STATE_PROMOTED);
  const uint64_t revision = goes_on.revision();
  Submit(promoted);
  EXPECT_EQ(GetCandidate(into.candidate_id()).revision(), revision);
}

TEST_F(IncidentdTest,
       LeavesAnIncidentsTimelineWhenTheOtherCandidateWasDismissed) {
  v1::Candidate promoted = MakeCandidate('b');
  Submit(promoted);
  Submit(MakeCandidate('a'));
  const std::string incident =
      Promote(promoted.candidate_id()).second.incident_id();
  v1::DismissCandidateRequest dismiss;
  dismiss.set_candidate_id(std::string(32, 'a'));
  dismiss.set_author("kim");
  Context context;
  v1::DismissCandidateResponse response;
  ASSERT_TRUE(
      service_->candidates->DismissCandidate(&context, dismiss, &response)
          .ok());
  promoted.clear_events();
  promoted.set_state(v1::CANDIDATE_STATE_MERGED);
  promoted.set_merged_into_candidate_id(std::string(32, 'a'));
  EXPECT_FALSE(Submit(promoted).stored());
  EXPECT_THAT(TimelineTitles(incident), ElementsAre("HighLatency"));
  EXPECT_EQ(GetCandidate(std::string(32, 'a')).state(),
            v1::CANDIDATE_STATE_DISMISSED);
}

TEST_F(IncidentdTest, FollowsCandidatesRevisionByRevision) {
  Context context;
  auto reader = service_->candidates->WatchCandidates(&context, {});
  v1::WatchCandidatesResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_FALSE(response.has_candidate());
  v1::Candidate candidate = MakeCandidate();
  Submit(candidate);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.candidate().revision(), 1u);
  Append({MakeEvent("a")});
  candidate.set_title("more");
  Submit(candidate);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.candidate().revision(), 2u);
  context.TryCancel();
}

TEST_F(IncidentdTest, ShowsAnIncidentsTimelineFromCandidatesAndPeople) {
  Submit(MakeCandidate());
  const v1::Incident incident = Promote(std::string(32, 'a')).second;
  v1::AddTimelineEntryRequest add;
  add.set_incident_id(incident.incident_id());
  add.set_author("sam");
  add.set_request_id("once");
  add.mutable_entry()->set_title("restarted the proxy");
  *add.mutable_entry()->mutable_event_time() = FromMicros(kStart - 1);
  for (int i = 0; i < 2; ++i) {
    Context context;
    v1::AddTimelineEntryResponse response;
    ASSERT_TRUE(
        service_->incidents->AddTimelineEntry(&context, add, &response).ok());
  }
  v1::GetTimelineRequest request;
  request.set_incident_id(incident.incident_id());
  Context context;
  v1::GetTimelineResponse timeline;
  ASSERT_TRUE(
      service_->incidents->GetTimeline(&context, request, &timeline).ok());
  ASSERT_THAT(timeline.entries(), SizeIs(2));
  EXPECT_EQ(timeline.entries(0).title(), "restarted the proxy");
  EXPECT_EQ(timeline.entries(0).author(), "sam");
  EXPECT_EQ(timeline.entries(1).event().title(), "HighLatency");
}

TEST_F(IncidentdTest, LetsOnlyOneOfTwoReadersChangeAnIncident) {
  v1::CreateIncidentRequest create;
  create.set_author("sam");
  create.set_request_id("r1");
  create.mutable_incident()->set_title("checkout down");
  *create.mutable_incident()->mutable_start_time() = FromMicros(kStart);
  v1::CreateIncidentResponse created, again;
  {
    Context context, again_context;
    ASSERT_TRUE(
        service_->incidents->CreateIncident(&context, create, &created).ok());
    ASSERT_TRUE(
        service_->incidents->CreateIncident(&again_context, create, &again)
            .ok());
  }
  EXPECT_EQ(created.incident().incident_id(), again.incident().incident_id());
  EXPECT_EQ(created.incident().state(), v1::INCIDENT_STATE_OPEN);
  v1::UpdateIncidentRequest update;
  update.mutable_incident()->set_incident_id(created.incident().incident_id());
  update.set_etag(created.incident().etag());
  update.set_author("kim");
  update.mutable_incident()->set_severity(2);
  update.mutable_incident()->set_title("not taken");
  update.mutable_update_mask()->add_paths("severity");
  v1::UpdateIncidentResponse updated;
  {
    Context context, late_context;
    ASSERT_TRUE(
        service_->incidents->UpdateIncident(&context, update, &updated).ok());
    EXPECT_EQ(updated.incident().severity(), 2u);
    EXPECT_EQ(updated.incident().title(), "checkout down");
    EXPECT_EQ(
        service_->incidents->UpdateIncident(&late_context, update, &updated)
            .error_code(),
        grpc::ABORTED);
  }
}

// ---- the process ----------------------------------------------------------

TEST_F(IncidentdTest, SaysThatItServesAndThatItNoLongerDoes) {
  grpc::health::v1::HealthCheckRequest request;
  auto [status, answer] =
      CallRaw("/grpc.health.v1.Health/Check", request.SerializeAsString());
  ASSERT_TRUE(status.ok()) << status.error_message();
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(response.ParseFromString(answer));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  request.set_service("secondstory.v1.EventService");
  EXPECT_TRUE(
      CallRaw("/grpc.health.v1.Health/Check", request.SerializeAsString())
          .first.ok());
  request.set_service("nope");
  EXPECT_EQ(CallRaw("/grpc.health.v1.Health/Check", request.SerializeAsString())
                .first.error_code(),
            grpc::NOT_FOUND);
}

TEST_F(IncidentdTest, LetsAClientWithoutOurProtosFindItsWayByReflection) {
  grpc::GenericStub stub(service_->channel);
  for (const char* version : {"v1", "v1alpha"}) {
    Context context;
    grpc::CompletionQueue queue;
    auto call =
        stub.PrepareCall(&context,
                         absl::StrCat("/grpc.reflection.", version,
                                      ".ServerReflection/ServerReflectionInfo"),
                         &queue);
    const auto wait = [&queue] {
      void* tag;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    call->StartCall(nullptr);
    ASSERT_TRUE(wait());
    for (const char* question : {"services", "symbol"}) {
      grpc::reflection::v1::ServerReflectionRequest request;
      if (std::string(question) == "services") {
        request.set_list_services("");
      } else {
        request.set_file_containing_symbol("secondstory.v1.EventService");
      }
      grpc::Slice slice(request.SerializeAsString());
      call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
      ASSERT_TRUE(wait());
      grpc::ByteBuffer bytes;
      call->Read(&bytes, nullptr);
      ASSERT_TRUE(wait());
      grpc::Slice answer;
      ASSERT_TRUE(bytes.DumpToSingleSlice(&answer).ok());
      grpc::reflection::v1::ServerReflectionResponse response;
      ASSERT_TRUE(response.ParseFromArray(answer.begin(),
                                          static_cast<int>(answer.size())));
      if (std::string(question) == "services") {
        std::vector<std::string> names;
        for (const auto& service : response.list_services_response().service())
          names.push_back(service.name());
        EXPECT_THAT(names, Contains("secondstory.v1.CandidateService"));
      } else {
        EXPECT_GE(
            response.file_descriptor_response().file_descriptor_proto_size(),
            2);
      }
    }
    call->WritesDone(nullptr);
    ASSERT_TRUE(wait());
    grpc::Status status;
    call->Finish(&status, nullptr);
    ASSERT_TRUE(wait());
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
}

TEST_F(IncidentdTest, CountsCallsEventsAndCandidates) {
  Append({MakeEvent("a"), MakeEvent("a")});
  Submit(MakeCandidate());
  EXPECT_TRUE(WaitUntil("the calls are counted", [&] {
    const std::string text = Metrics();
    return absl::StrContains(text,
                             "secondstory_intake_events_total{outcome="
                             "\"stored\"} 1") &&
           absl::StrContains(text,
                             "secondstory_intake_events_total{outcome="
                             "\"known\"} 1") &&
           absl::StrContains(
               text, "secondstory_storage_candidates{state=\"open\"} 1") &&
           absl::StrContains(text, "method=\"AppendEvents\"") &&
           absl::StrContains(text, "secondstory_storage_rocksdb_property{") &&
           absl::StrContains(text,
                             "secondstory_storage_log_position_records 2") &&
           absl::StrContains(text, "secondstory_build_info{");
  }));
}

TEST_F(IncidentdTest, NamesTheThreadsThatCanBeBusy) {
  // Whoever is called at night asks top -H what it does.
  const std::set<std::string> wanted = {
      "calls",     "large appends", "log",          "event ids",  "reads",
      "followers", "search index",  "rocksdb:high", "rocksdb:low"};
  EXPECT_TRUE(support::WaitUntil("every thread has its name", [&] {
    std::set<std::string> names;
    for (const auto& thread : std::filesystem::directory_iterator(
             absl::StrCat("/proc/", service_->process->pid(), "/task"))) {
      std::string name;
      std::ifstream comm(thread.path() / "comm");
      std::getline(comm, name);
      names.insert(name);
    }
    return std::includes(names.begin(), names.end(), wanted.begin(),
                         wanted.end());
  }));
}

TEST_F(IncidentdTest, RefusesASecondProcessOnItsDatabase) {
  auto second = support::Subprocess::Start(
      "services/incidentd/incidentd",
      {"--grpc_address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
       "--data_dir=" + dir_});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*second)->Wait(), IsOkAndHolds(1));
  EXPECT_THAT((*second)->stderr_text(), HasSubstr("open in another process"));
}

TEST_F(IncidentdTest, RefusesAPortThatIsInUse) {
  auto second = support::Subprocess::Start(
      "services/incidentd/incidentd",
      {"--grpc_address=" + service_->address, "--metrics_address=127.0.0.1:0",
       "--data_dir=" + dir_ + "/second"});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*second)->Wait(), IsOkAndHolds(1));
  EXPECT_THAT((*second)->stderr_text(), HasSubstr(service_->address));
}

TEST_F(IncidentdTest, RefusesToServeALogThatLostAcknowledgedRecords) {
  Append({MakeEvent("a"), MakeEvent("b")});
  service_->process->Kill(SIGTERM);
  EXPECT_THAT(service_->process->Wait(), IsOkAndHolds(0));
  // The database is gone, the note of what was acknowledged is not.
  for (const auto& file :
       std::filesystem::directory_iterator(dir_ + "/incidentd")) {
    if (file.path().filename() != "acked") {
      std::filesystem::remove_all(file.path());
    }
  }
  auto refused = support::Subprocess::Start(
      "services/incidentd/incidentd",
      {"--grpc_address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
       "--data_dir=" + dir_});
  ASSERT_THAT(refused, IsOk());
  EXPECT_THAT((*refused)->Wait(), IsOkAndHolds(1));
  EXPECT_THAT((*refused)->stderr_text(), HasSubstr("--accept_data_loss"));
  Start({"--accept_data_loss"});
  EXPECT_THAT(Append({MakeEvent("a")}), ElementsAre("STORED"));
}

TEST_F(IncidentdTest, AcceptsAgainAfterItRanOutOfFileHandles) {
  // As many handles as a quiet server needs, and a few more.
  rlimit limit{};
  ASSERT_EQ(prlimit(service_->process->pid(), RLIMIT_NOFILE, nullptr, &limit),
            0);
  const auto open_now =
      std::distance(std::filesystem::directory_iterator(absl::StrCat(
                        "/proc/", service_->process->pid(), "/fd")),
                    std::filesystem::directory_iterator());
  limit.rlim_cur = static_cast<rlim_t>(open_now) + 8;
  ASSERT_EQ(prlimit(service_->process->pid(), RLIMIT_NOFILE, &limit, nullptr),
            0);
  {
    std::vector<std::shared_ptr<grpc::Channel>> channels;
    for (int i = 0; i < 40; ++i) {
      channels.push_back(service_->NewChannel());
      channels.back()->GetState(true);
    }
    SS_ASSERT_OK(service_->process->WaitForLog(
        "no room for further connections; clients wait"));
  }
  const auto stub = v1::EventService::NewStub(service_->NewChannel());
  Context context;
  context.set_wait_for_ready(true);
  v1::GetCursorRequest request;
  request.set_source("x");
  v1::GetCursorResponse response;
  const grpc::Status status = stub->GetCursor(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

// A client that speaks just enough HTTP/2 to start calls and reset each at
// once, as fast as the server reads ("rapid reset").
class ResettingClient {
 public:
  explicit ResettingClient(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Without a server, nothing can be sent.
    connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, ""));
  }
  ~ResettingClient() { close(fd_); }

  // False when the server hung up.
  bool ResetCalls(int count) {
    std::string frames;
    for (int i = 0; i < count; ++i, stream_ += 2) {
      frames += Frame(1, 4, stream_, kHeaders);
      frames += Frame(3, 0, stream_, std::string("\0\0\0\x08", 4));
    }
    char ignored[65536];
    while (recv(fd_, ignored, sizeof(ignored), MSG_DONTWAIT) > 0) {
    }
    return Send(frames);
  }

 private:
  static std::string Frame(char type, char flags, uint32_t stream,
                           const std::string& payload) {
    std::string frame(9, '\0');
    frame[1] = static_cast<char>(payload.size() >> 8);
    frame[2] = static_cast<char>(payload.size());
    frame[3] = type;
    frame[4] = flags;
    for (int i = 0; i < 4; ++i) {
      frame[5 + i] = static_cast<char>(stream >> (24 - 8 * i));
    }
    return frame + payload;
  }

  bool Send(const std::string& bytes) const {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  // POST, http, :path, :authority, content-type, te, without indexing.
  const std::string kHeaders = std::string("\x83\x86\x04\x28") +
                               "/secondstory.v1.EventService/WatchEvents" +
                               "\x01\x01x" + "\x0f\x10\x10" +
                               "application/grpc" + std::string("\0\x02", 2) +
                               "te" + "\x08trailers";
  const int fd_;
  uint32_t stream_ = 1;
};

TEST_F(IncidentdTest, StaysSmallAndAwakeWhileClientsStartAndResetCalls) {
  const auto resident_mib = [&] {
    std::ifstream status(
        absl::StrCat("/proc/", service_->process->pid(), "/status"));
    std::string word;
    while (status >> word && word != "VmRSS:") {
    }
    double kib = 0;
    status >> kib;
    return kib / 1024;
  };
  constexpr int kClients = 4;
  ASSERT_THAT(Append({MakeEvent("first")}), ElementsAre("STORED"));
  const double before = resident_mib();
  std::atomic<bool> stop = false;
  std::atomic<int> cut = 0;
  std::vector<std::thread> hostile;
  for (int i = 0; i < kClients; ++i) {
    hostile.emplace_back([&, port = service_->port] {
      while (!stop) {
        ResettingClient client(port);
        while (!stop && client.ResetCalls(100)) {
        }
        cut += !stop;
      }
    });
  }
  // Each is hung up on, comes back, and is hung up on again.
  int sent = 0;
  int stored = 0;
  while (stored == sent && (sent < 1000 || cut < 2 * kClients)) {
    stored += Append({MakeEvent(std::to_string(sent++))}) ==
              std::vector<std::string>{"STORED"};
  }
  stop = true;
  EXPECT_EQ(stored, sent);
  EXPECT_LT(resident_mib(), before + 400);
  const std::string metrics = Metrics();
  const size_t at = metrics.find("\nsecondstory_rpc_connections_cut_total ");
  ASSERT_NE(at, std::string::npos);
  const std::vector<std::string> words =
      absl::StrSplit(metrics.substr(at + 1), absl::ByAnyChar(" \n"));
  int told = 0;
  ASSERT_TRUE(absl::SimpleAtoi(words.at(1), &told)) << words.at(1);
  EXPECT_GE(told, 2 * kClients);
  // Those that wait to be let in end when it ends.
  service_.reset();
  for (std::thread& one : hostile) one.join();
}

}  // namespace
}  // namespace secondstory
