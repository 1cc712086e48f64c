// Goal: whoever opens an incident or a candidate is shown past incidents that
// are like it, and a look back shows what recurs. Method: the real binary, with
// incidents of a few kinds; what comes back is looked at after every change
// that ought to show.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/proto_time.h"
#include "tests/integration/review/client.h"

namespace secondstory {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kAlert[] = "CheckoutLatencyHigh";

class InsightTest : public ReviewTest {
 public:
  using ReviewTest::ReviewTest;

  static constexpr int64_t kDay = 24 * 60 * kMinute;

  // An incident of `service` that began with `alert` and was resolved after 40
  // minutes.
  v1::Incident Incident(const std::string& service, const std::string& alert,
                        int64_t start) {
    v1::CreateIncidentRequest create;
    create.set_author("kim");
    v1::Incident* incident = create.mutable_incident();
    incident->set_title(absl::StrCat("trouble with ", alert));
    incident->add_services(service);
    *incident->mutable_start_time() = FromMicros(start);
    *incident->mutable_resolve_time() = FromMicros(start + 40 * kMinute);
    const auto [status, response] = CreateIncident(create);
    EXPECT_TRUE(status.ok()) << status.error_message();

    v1::AddTimelineEntryRequest add;
    add.set_incident_id(response.incident().incident_id());
    add.set_author("kim");
    add.mutable_entry()->set_kind(v1::EVENT_KIND_ALERT_FIRED);
    add.mutable_entry()->set_service(service);
    add.mutable_entry()->set_title(alert);
    *add.mutable_entry()->mutable_event_time() = FromMicros(start);
    const auto [adding, added] = AddTimelineEntry(add);
    EXPECT_TRUE(adding.ok()) << adding.error_message();
    return Read(response.incident().incident_id());
  }

  v1::Account Tell(const v1::Incident& incident, const v1::Account& account) {
    v1::GiveAccountRequest give;
    give.set_incident_id(incident.incident_id());
    *give.mutable_account() = account;
    give.mutable_account()->set_role("on-call");
    *give.mutable_account()->mutable_known_time() =
        FromMicros(ToMicros(incident.start_time()) + 30 * kMinute);
    give.set_author("kim");
    const auto [status, response] = GiveAccount(give);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.account();
  }

  static v1::Account Assumed(const std::string& what) {
    v1::Account account;
    account.set_assumption(what);
    return account;
  }

  // A candidate of checkout with one alert at `start`.
  v1::Candidate Submit(const std::string& id, const std::string& alert,
                       int64_t start) {
    v1::SubmitCandidateRequest request;
    v1::Candidate* candidate = request.mutable_candidate();
    candidate->set_candidate_id(id);
    candidate->set_state(v1::CANDIDATE_STATE_OPEN);
    candidate->set_title(alert);
    *candidate->mutable_onset_time() = FromMicros(start);
    *candidate->mutable_last_activity_time() = FromMicros(start);
    candidate->add_services("checkout");
    v1::CandidateEvent* event = candidate->add_events();
    event->set_event_id(id);
    event->set_source("test");
    event->set_source_event_id("1");
    event->set_kind(v1::EVENT_KIND_ALERT_FIRED);
    event->set_service("checkout");
    event->set_title(alert);
    *event->mutable_event_time() = FromMicros(start);
    const auto [status, response] = SubmitCandidate(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return *candidate;
  }

  std::vector<v1::SimilarIncident> Similar(
      const v1::FindSimilarIncidentsRequest& request) {
    const auto [status, response] = FindSimilarIncidents(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.incidents().begin(), response.incidents().end()};
  }

  // What is like an incident, by id.
  std::vector<std::string> LikeIncident(const std::string& id) {
    v1::FindSimilarIncidentsRequest request;
    request.set_incident_id(id);
    return IdsOf(Similar(request));
  }

  std::vector<std::string> LikeCandidate(const std::string& id) {
    v1::FindSimilarIncidentsRequest request;
    request.set_candidate_id(id);
    return IdsOf(Similar(request));
  }

  static std::vector<std::string> IdsOf(
      const std::vector<v1::SimilarIncident>& found) {
    std::vector<std::string> ids;
    for (const auto& each : found) {
      ids.push_back(each.incident().incident_id());
    }
    return ids;
  }

  // Of everything that the tests make.
  v1::GetInsightsResponse Insights() {
    v1::GetInsightsRequest request;
    *request.mutable_start_time() = FromMicros(kStart - kDay);
    *request.mutable_end_time() = FromMicros(kStart + 367 * kDay);
    const auto [status, response] = GetInsights(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void Delete(const v1::Incident& incident) {
    v1::DeleteIncidentRequest request;
    request.set_incident_id(incident.incident_id());
    request.set_etag(Read(incident.incident_id()).etag());
    request.set_author("kim");
    const auto [status, response] = DeleteIncident(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  // `into` takes `source` over.
  void Merge(const v1::Incident& into, const v1::Incident& source) {
    v1::MergeIncidentsRequest request;
    request.set_incident_id(into.incident_id());
    request.set_source_incident_id(source.incident_id());
    request.set_etag(Read(into.incident_id()).etag());
    request.set_author("kim");
    const auto [status, response] = MergeIncidents(request);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
};

TEST_F(InsightTest, FindsThePastIncidentOfTheSameAlertAndSaysWhatHelped) {
  const v1::Incident before = Incident("checkout", kAlert, kStart);
  v1::Account account;
  account.set_action("Ended the idle sessions by hand");
  account.set_observed_effect("latency was back to normal");
  Tell(before, account);
  Incident("search", "IndexLagging", kStart + kDay);
  const v1::Incident now = Incident("checkout", kAlert, kStart + 2 * kDay);
  v1::FindSimilarIncidentsRequest request;
  request.set_incident_id(now.incident_id());
  const std::vector<v1::SimilarIncident> found = Similar(request);
  ASSERT_THAT(IdsOf(found), ElementsAre(before.incident_id()));
  EXPECT_THAT(found[0].reasons(),
              Contains("same alert: checkout/CheckoutLatencyHigh"));
  EXPECT_THAT(found[0].what_helped(),
              ElementsAre("Ended the idle sessions by hand. Seen then: Latency "
                          "was back to normal. (10 min before it was "
                          "resolved)"));

  // What was deleted is not shown.
  Delete(before);
  EXPECT_THAT(LikeIncident(now.incident_id()), IsEmpty());
}

TEST_F(InsightTest, OnlyLooksBack) {
  const v1::Incident before = Incident("checkout", kAlert, kStart);
  const v1::Incident after = Incident("checkout", kAlert, kStart + kDay);
  EXPECT_THAT(LikeIncident(before.incident_id()), IsEmpty());
  EXPECT_THAT(LikeIncident(after.incident_id()),
              ElementsAre(before.incident_id()));
}

TEST_F(InsightTest, DoesNotShowAnIncidentTheOneThatTookItOver) {
  const v1::Incident into = Incident("checkout", kAlert, kStart);
  const v1::Incident source = Incident("checkout", kAlert, kStart + kMinute);
  Merge(into, source);
  EXPECT_THAT(LikeIncident(source.incident_id()), IsEmpty());
  // Nor another the one that was taken over.
  const v1::Incident now = Incident("checkout", kAlert, kStart + kDay);
  EXPECT_THAT(LikeIncident(now.incident_id()), ElementsAre(into.incident_id()));
}

TEST_F(InsightTest, ShowsAnOpenCandidateWhatWasLikeIt) {
  const v1::Incident before = Incident("checkout", kAlert, kStart);
  const std::string id(32, 'a');
  Submit(id, kAlert, kStart + kDay);
  EXPECT_THAT(LikeCandidate(id), ElementsAre(before.incident_id()));
}

TEST_F(InsightTest, ShowsAMergedCandidateWhatIsLikeTheOneThatGoesOn) {
  const v1::Incident before = Incident("checkout", kAlert, kStart);
  const std::string id(32, 'a');
  const std::string other(32, 'b');
  Submit(id, kAlert, kStart + kDay);
  v1::SubmitCandidateRequest merged;
  *merged.mutable_candidate() = Submit(other, "Other", kStart + kDay + kMinute);
  merged.mutable_candidate()->clear_events();
  merged.mutable_candidate()->set_state(v1::CANDIDATE_STATE_MERGED);
  merged.mutable_candidate()->set_merged_into_candidate_id(id);
  const auto [status, response] = SubmitCandidate(merged);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(LikeCandidate(other), ElementsAre(before.incident_id()));
}

TEST_F(InsightTest, DoesNotShowACandidateItsOwnIncident) {
  const std::string id(32, 'a');
  Submit(id, kAlert, kStart + kDay);
  v1::PromoteCandidateRequest promote;
  promote.set_candidate_id(id);
  promote.set_author("kim");
  const auto [status, promoted] = PromoteCandidate(promote);
  ASSERT_TRUE(status.ok()) << status.error_message();
  // It is said to have begun before its first alert; so did the one that takes
  // it over.
  v1::Incident earlier;
  *earlier.mutable_start_time() = FromMicros(kStart);
  const auto [changing, own] = Change(promoted.incident(), earlier);
  ASSERT_TRUE(changing.ok()) << changing.error_message();
  EXPECT_THAT(LikeCandidate(id), IsEmpty());
  Merge(Incident("checkout", kAlert, kStart), own);
  EXPECT_THAT(LikeCandidate(id), IsEmpty());
}

TEST_F(InsightTest, SeesWhatJoinedACandidateAfterItsIncidentWasLookedAt) {
  const v1::Incident before = Incident("search", "IndexLagging", kStart);
  const std::string id(32, 'a');
  v1::SubmitCandidateRequest more;
  *more.mutable_candidate() = Submit(id, kAlert, kStart + kDay);
  v1::PromoteCandidateRequest promote;
  promote.set_candidate_id(id);
  promote.set_author("kim");
  const auto [status, promoted] = PromoteCandidate(promote);
  ASSERT_TRUE(status.ok()) << status.error_message();
  const std::string& incident = promoted.incident().incident_id();
  EXPECT_THAT(LikeIncident(incident), IsEmpty());
  v1::CandidateEvent* event = more.mutable_candidate()->add_events();
  *event = more.candidate().events(0);
  event->set_event_id(std::string(32, 'b'));
  event->set_service("search");
  event->set_title("IndexLagging");
  *event->mutable_event_time() = FromMicros(kStart + kDay + kMinute);
  const auto [submitting, submitted] = SubmitCandidate(more);
  ASSERT_TRUE(submitting.ok()) << submitting.error_message();
  EXPECT_THAT(LikeIncident(incident), ElementsAre(before.incident_id()));
}

TEST_F(InsightTest, SaysWhatItDoesNotKnow) {
  v1::FindSimilarIncidentsRequest request;
  request.set_incident_id(std::string(32, 'a'));
  EXPECT_THAT(FindSimilarIncidents(request).first,
              Fails(grpc::StatusCode::NOT_FOUND, HasSubstr("aaaa")));
  request.clear_incident_id();
  request.set_candidate_id(std::string(32, 'b'));
  EXPECT_THAT(FindSimilarIncidents(request).first,
              Fails(grpc::StatusCode::NOT_FOUND, HasSubstr("bbbb")));
  request.set_candidate_id("no id");
  EXPECT_THAT(FieldsOf(FindSimilarIncidents(request).first),
              ElementsAre("candidate_id"));
}

TEST_F(InsightTest, ShowsWhatRecursWithAWarningWhereFewAreBehindIt) {
  Tell(Incident("checkout", kAlert, kStart), Assumed("the replica is fresh"));
  Tell(Incident("checkout", "CheckoutErrors", kStart + kDay),
       Assumed("a replica is always fresh"));
  Tell(Incident("search", "IndexLagging", kStart + 400 * kDay),
       Assumed("nights are quiet"));
  const v1::GetInsightsResponse response = Insights();
  EXPECT_EQ(response.incident_count(), 2);
  ASSERT_EQ(response.assumptions_size(), 1);
  EXPECT_EQ(response.assumptions(0).incident_count(), 2);
  EXPECT_EQ(response.assumptions(0).service(), "checkout");
  EXPECT_THAT(response.assumptions(0).words(), HasSubstr("replica"));
  EXPECT_EQ(response.assumptions(0).accounts_size(), 2);
  EXPECT_EQ(response.anniversaries_size(), 2);
  ASSERT_EQ(response.durations_size(), 4);
  EXPECT_EQ(response.durations(3).name(), "start to resolve");
  EXPECT_EQ(response.durations(3).count(), 2);
  EXPECT_EQ(response.durations(3).median().seconds(), 40 * 60);
  EXPECT_THAT(response.durations(3).warning(), HasSubstr("only 2 incidents"));
  ASSERT_EQ(response.services_size(), 1);
  EXPECT_EQ(response.services(0).incident_count(), 2);
}

TEST_F(InsightTest, ShowsSurprisesThatRecurUntilTheyAreTakenBack) {
  v1::Account surprise;
  surprise.set_action("restarted the replica");
  surprise.set_expectation("the replica catches up within a minute");
  surprise.set_observed_effect("the replica did not catch up for an hour");
  Tell(Incident("checkout", kAlert, kStart), surprise);
  const v1::Incident second =
      Incident("checkout", "CheckoutErrors", kStart + kDay);
  const v1::Account taken_back = Tell(second, surprise);
  const v1::GetInsightsResponse response = Insights();
  ASSERT_EQ(response.surprises_size(), 1);
  EXPECT_EQ(response.surprises(0).incident_count(), 2);
  EXPECT_EQ(response.surprises(0).accounts_size(), 2);
  ASSERT_EQ(response.services_size(), 1);
  EXPECT_EQ(response.services(0).surprise_count(), 2);

  v1::WithdrawAccountRequest withdraw;
  withdraw.set_incident_id(second.incident_id());
  withdraw.set_account_id(taken_back.account_id());
  withdraw.set_author("kim");
  const auto [status, withdrawn] = WithdrawAccount(withdraw);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(Insights().surprises_size(), 0);
}

TEST_F(InsightTest, LeavesDeletedIncidentsOut) {
  const v1::Incident first = Incident("checkout", kAlert, kStart);
  Tell(first, Assumed("the replica is fresh"));
  Tell(Incident("checkout", kAlert, kStart + kDay),
       Assumed("a replica is always fresh"));
  EXPECT_EQ(Insights().assumptions_size(), 1);
  Delete(first);
  const v1::GetInsightsResponse response = Insights();
  EXPECT_EQ(response.incident_count(), 1);
  EXPECT_EQ(response.assumptions_size(), 0);
  EXPECT_EQ(response.anniversaries_size(), 1);
}

TEST_F(InsightTest, ShowsAccountsUnderTheIncidentThatTookThemOver) {
  const v1::Incident into = Incident("checkout", kAlert, kStart);
  const v1::Incident source = Incident("checkout", kAlert, kStart + kMinute);
  const v1::Incident other = Incident("checkout", kAlert, kStart + kDay);
  Tell(source, Assumed("the replica is fresh"));
  Tell(other, Assumed("a replica is always fresh"));
  Merge(into, source);
  const v1::GetInsightsResponse response = Insights();
  EXPECT_EQ(response.incident_count(), 2);
  ASSERT_EQ(response.assumptions_size(), 1);
  std::vector<std::string> incidents;
  for (const v1::Account& account : response.assumptions(0).accounts()) {
    incidents.push_back(account.incident_id());
  }
  EXPECT_THAT(incidents, testing::UnorderedElementsAre(into.incident_id(),
                                                       other.incident_id()));
}

TEST_F(InsightTest, CountsActionsAndThoseThatAreOverdue) {
  const v1::Incident incident = Incident("checkout", kAlert, kStart);
  for (const int64_t due : {kStart + kDay, int64_t{32'503'680'000'000'000}}) {
    v1::CreateActionRequest create;
    create.set_incident_id(incident.incident_id());
    create.mutable_action()->set_title("show the lag of each replica");
    create.mutable_action()->set_owner("databases");
    *create.mutable_action()->mutable_due_time() = FromMicros(due);
    create.set_author("kim");
    const auto [status, created] = CreateAction(create);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  const v1::GetInsightsResponse response = Insights();
  ASSERT_EQ(response.actions_size(), 1);
  EXPECT_EQ(response.actions(0).state(), v1::ACTION_STATE_OPEN);
  EXPECT_EQ(response.actions(0).count(), 2);
  EXPECT_EQ(response.actions(0).overdue_count(), 1);
}

TEST_F(InsightTest, NamesARangeThatIsEmptyOrHasNotBegun) {
  v1::GetInsightsRequest request;
  *request.mutable_start_time() = FromMicros(32'503'680'000'000'000);
  const grpc::Status future = GetInsights(request).first;
  EXPECT_THAT(FieldsOf(future), ElementsAre("start_time"));
  EXPECT_THAT(future.error_message(), HasSubstr("not before now"));
  *request.mutable_end_time() = request.start_time();
  EXPECT_THAT(FieldsOf(GetInsights(request).first), ElementsAre("end_time"));
}

class WithoutSearchTest : public InsightTest {
 public:
  WithoutSearchTest() : InsightTest({"--search_enabled=false"}) {}
};

TEST_F(WithoutSearchTest, StillComparesTheLatestAndShowsWhatRecurs) {
  const v1::Incident before = Incident("checkout", kAlert, kStart);
  Tell(before, Assumed("the replica is fresh"));
  const v1::Incident now = Incident("checkout", kAlert, kStart + kDay);
  Tell(now, Assumed("a replica is always fresh"));
  EXPECT_THAT(LikeIncident(now.incident_id()),
              ElementsAre(before.incident_id()));
  EXPECT_EQ(Insights().assumptions_size(), 1);
  EXPECT_THAT(Search({}).first, Fails(grpc::StatusCode::FAILED_PRECONDITION,
                                      HasSubstr("search")));
}

}  // namespace
}  // namespace secondstory
