// Goal: an alert of a real Prometheus, told by a real Alertmanager, becomes one
// event when it fires and one when it resolves, by whichever way it comes, and
// is seen in a candidate.
// Method: Prometheus, Alertmanager, alertd, incidentd and assemblerd as
// processes.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <future>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/http_client.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "secondstory/v1/candidate_service.grpc.pb.h"
#include "secondstory/v1/event_service.grpc.pb.h"
#include "tests/support/prometheus.h"
#include "tests/support/seed.h"
#include "tests/support/subprocess.h"
#include "tests/support/wait_until.h"

namespace secondstory {
namespace {

using support::HttpGet;
using support::Subprocess;
using support::WaitForListening;
using support::WaitUntil;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AlertsTest : public testing::Test {
 protected:
  AlertsTest() {
    dir_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    EXPECT_EQ(system(("mkdir -p " + dir_).c_str()), 0);
    StartIncidentd();
  }

  // On the same port as before, once it has one.
  void StartIncidentd() {
    SS_ASSERT_OK_AND_ASSIGN(
        incidentd_, Subprocess::Start("services/incidentd/incidentd",
                                      {"--data_dir=" + dir_ + "/incidentd",
                                       absl::StrCat("--grpc_address=127.0.0.1:",
                                                    incidentd_port_),
                                       "--metrics_address=127.0.0.1:0"}));
    SS_ASSERT_OK_AND_ASSIGN(incidentd_port_, incidentd_->WaitForPort("grpc"));
    events_ = v1::EventService::NewStub(grpc::CreateChannel(
        incidentd_address(), grpc::InsecureChannelCredentials()));
  }

  std::string incidentd_address() const {
    return absl::StrCat("127.0.0.1:", incidentd_port_);
  }

  // All that incidentd stores, in the order of event_time.
  std::vector<v1::Event> Events() {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::QueryEventsResponse response;
    const grpc::Status status =
        events_->QueryEvents(&context, v1::QueryEventsRequest(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.events().begin(), response.events().end()};
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ + "/" + name) << text;
  }

  // `webhook_url` empty: a receiver that tells nobody.
  void WriteAlertmanagerConfig(const std::string& webhook_url) {
    Write("alertmanager.yml",
          absl::StrCat(
              "route: {receiver: second-story, group_by: [alertname],\n"
              "        group_wait: 100ms, group_interval: 1s,\n"
              "        repeat_interval: 1s}\n"
              "receivers: [{name: second-story",
              webhook_url.empty()
                  ? ""
                  : ", webhook_configs: [{url: \"" + webhook_url + "\"}]",
              "}]\n"));
  }

  void StartAlertmanager() {
    SS_ASSERT_OK_AND_ASSIGN(
        alertmanager_,
        Subprocess::Start(
            "/usr/bin/prometheus-alertmanager",
            {"--config.file=" + dir_ + "/alertmanager.yml",
             "--storage.path=" + dir_ + "/alertmanager",
             "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="}));
    alertmanager_url_ = absl::StrCat("http://127.0.0.1:",
                                     WaitForListening(alertmanager_.get()));
  }

  void WriteRule(bool fires) {
    Write("rules.yml",
          absl::StrCat("groups: [{name: g, interval: 1s, rules: [{alert: "
                       "CheckoutFails, expr: \"vector(",
                       fires ? 1 : 0,
                       ") > 0\", labels: {service: checkout, severity: page}, "
                       "annotations: {summary: \"Checkouts fail\"}}]}]\n"));
  }

  void StartPrometheus() {
    WriteRule(/*fires=*/true);
    Write("prometheus.yml",
          absl::StrCat("global: {evaluation_interval: 1s}\n"
                       "rule_files: [rules.yml]\n"
                       "alerting: {alertmanagers: [{static_configs: [{targets: "
                       "[\"",
                       alertmanager_url_.substr(7), "\"]}]}]}\n"));
    SS_ASSERT_OK_AND_ASSIGN(
        prometheus_,
        Subprocess::Start("/usr/bin/prometheus",
                          {"--config.file=" + dir_ + "/prometheus.yml",
                           "--storage.tsdb.path=" + dir_ + "/prometheus",
                           "--rules.alert.resend-delay=1s",
                           "--web.listen-address=127.0.0.1:0"}));
    WaitForListening(prometheus_.get());
  }

  void Resolve() {
    WriteRule(/*fires=*/false);
    prometheus_->Kill(SIGHUP);
  }

  // Of all alerts of this name, for an hour; returns the silence's id.
  std::string Silence(const std::string& alertname) {
    const absl::Time now = absl::Now();
    HttpCall call;
    call.method = "POST";
    call.url = alertmanager_url_ + "/api/v2/silences";
    call.content_type = "application/json";
    call.body = absl::StrCat(
        R"({"matchers": [{"name": "alertname", "value": ")", alertname,
        R"(", "isRegex": false, "isEqual": true}], "startsAt": ")",
        absl::FormatTime(absl::RFC3339_full, now, absl::UTCTimeZone()),
        R"(", "endsAt": ")",
        absl::FormatTime(absl::RFC3339_full, now + absl::Hours(1),
                         absl::UTCTimeZone()),
        R"(", "createdBy": "on-call", "comment": "known"})");
    const absl::StatusOr<HttpAnswer> answer = CallHttp(call);
    EXPECT_THAT(answer, IsOk());
    // {"silenceID":"..."}
    const std::vector<std::string> parts =
        absl::StrSplit(answer.ok() ? answer->body : "", '"');
    EXPECT_EQ(parts.size(), 5u) << (answer.ok() ? answer->body : "");
    return parts.size() == 5 ? parts[3] : "";
  }

  void StartAlertd() {
    SS_ASSERT_OK_AND_ASSIGN(
        alertd_,
        Subprocess::Start(
            "ingest/alerts/alertd",
            {"--http_address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
             "--incidentd_address=" + incidentd_address(),
             "--spool_dir=" + dir_ + "/alertd", "--poll_interval=200ms",
             "--alertmanagers=[{name: prod, urls: [\"" + alertmanager_url_ +
                 "\"]}]"}));
    SS_ASSERT_OK_AND_ASSIGN(const int port, alertd_->WaitForPort("http"));
    alertd_url_ = absl::StrCat("http://127.0.0.1:", port);
  }

  void StartAssemblerd() {
    SS_ASSERT_OK_AND_ASSIGN(
        assemblerd_,
        Subprocess::Start("ingest/assembler/assemblerd",
                          {"--metrics_address=127.0.0.1:0",
                           "--incidentd_address=" + incidentd_address()}));
  }

  // The timeline of the only candidate; nothing while there is none.
  std::vector<v1::CandidateEvent> CandidateLines() {
    auto stub = v1::CandidateService::NewStub(grpc::CreateChannel(
        incidentd_address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext list_context;
    v1::ListCandidatesResponse list;
    const grpc::Status status =
        stub->ListCandidates(&list_context, v1::ListCandidatesRequest(), &list);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_LE(list.candidates_size(), 1);
    if (list.candidates().empty()) return {};
    grpc::ClientContext get_context;
    v1::GetCandidateRequest request;
    request.set_candidate_id(list.candidates(0).candidate_id());
    v1::GetCandidateResponse response;
    EXPECT_TRUE(stub->GetCandidate(&get_context, request, &response).ok());
    return {response.candidate().events().begin(),
            response.candidate().events().end()};
  }

  bool WaitForResolvedCandidate() {
    return WaitUntil("the alert is in a candidate, resolved", [&] {
      const std::vector<v1::CandidateEvent> lines = CandidateLines();
      return lines.size() == 1 && lines[0].has_resolve_time() &&
             lines[0].title() == "Checkouts fail";
    });
  }

  // Of a counter of alertd, with its labels.
  double Count(const std::string& metric) {
    for (absl::string_view line :
         absl::StrSplit(HttpGet(alertd_url_ + "/metrics"), '\n')) {
      double value = 0;
      if (absl::StartsWith(line, metric + " ") &&
          absl::SimpleAtod(line.substr(metric.size() + 1), &value)) {
        return value;
      }
    }
    return 0;
  }

  bool WaitForEvents(size_t count) {
    return WaitUntil(absl::StrCat(count, " events arrive"),
                     [&] { return Events().size() >= count; });
  }

  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const v1::Event& event : Events()) {
      kinds.push_back(v1::EventKind_Name(event.kind()));
    }
    return kinds;
  }

  // The alert that fired once ends once.
  void ResolveByWebhookAndPoll() {
    Resolve();
    ASSERT_TRUE(WaitForEvents(2));
    ASSERT_TRUE(WaitUntil("the poller has noticed too", [&] {
      return Count("secondstory_alerts_open{source=\"alertmanager/prod\"}") ==
             0;
    }));
    EXPECT_THAT(Kinds(), ElementsAre("EVENT_KIND_ALERT_FIRED",
                                     "EVENT_KIND_ALERT_RESOLVED"));
  }

  std::string dir_;
  int incidentd_port_ = 0;
  std::unique_ptr<Subprocess> incidentd_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::string alertmanager_url_;
  std::string alertd_url_;
  std::unique_ptr<Subprocess> alertmanager_;
  std::unique_ptr<Subprocess> prometheus_;
  std::unique_ptr<Subprocess> alertd_;
  std::unique_ptr<Subprocess> assemblerd_;
};

TEST_F(AlertsTest, ArriveOnceByWebhookAndByPoll) {
  WriteAlertmanagerConfig("");
  StartAlertmanager();
  StartAlertd();
  StartAssemblerd();
  WriteAlertmanagerConfig(alertd_url_ + "/v1/alertmanager/prod");
  alertmanager_->Kill(SIGHUP);
  StartPrometheus();
  ASSERT_TRUE(WaitForEvents(1));
  const std::string ok = "secondstory_alerts_webhooks_total{code=\"200\"}";
  ASSERT_TRUE(WaitUntil("webhooks are repeated and polls go on", [&] {
    return Count(ok) >= 3 && Count(
                                 "secondstory_alerts_open{source="
                                 "\"alertmanager/prod\"}") == 1;
  }));
  EXPECT_THAT(Kinds(), ElementsAre("EVENT_KIND_ALERT_FIRED"));

  ResolveByWebhookAndPoll();
  EXPECT_TRUE(WaitForResolvedCandidate());
  const v1::Event fired = Events()[0];
  EXPECT_EQ(fired.source(), "alertmanager/prod");
  EXPECT_EQ(fired.service(), "checkout");
  EXPECT_EQ(fired.title(), "Checkouts fail");
  EXPECT_EQ(fired.severity(), v1::SEVERITY_CRITICAL);
  EXPECT_EQ(fired.labels().at("alertname"), "CheckoutFails");
  EXPECT_THAT(fired.links(0).url(), HasSubstr("/graph?g0.expr="));
}

TEST_F(AlertsTest, AreToldOnceWhenASilenceHidesThemFromWebhooksForAWhile) {
  WriteAlertmanagerConfig("");
  StartAlertmanager();
  StartAlertd();
  WriteAlertmanagerConfig(alertd_url_ + "/v1/alertmanager/prod");
  alertmanager_->Kill(SIGHUP);
  const std::string silence = Silence("CheckoutFails");
  StartPrometheus();
  ASSERT_TRUE(WaitForEvents(1));
  const v1::Event fired = Events()[0];
  EXPECT_EQ(fired.labels().at("secondstory_state"), "suppressed");
  EXPECT_EQ(fired.labels().at("secondstory_silenced_by"), silence);
  const std::string ok = "secondstory_alerts_webhooks_total{code=\"200\"}";
  EXPECT_EQ(Count(ok), 0) << "only polls tell of a silenced alert";

  HttpCall expire;
  expire.method = "DELETE";
  expire.url = alertmanager_url_ + "/api/v2/silence/" + silence;
  EXPECT_THAT(CallHttp(expire), IsOk());
  ASSERT_TRUE(WaitUntil("webhooks tell it too", [&] { return Count(ok) > 0; }));
  EXPECT_THAT(Kinds(), ElementsAre("EVENT_KIND_ALERT_FIRED"));

  ResolveByWebhookAndPoll();
}

TEST_F(AlertsTest, AreFoundByPollingAfterAlertdWasDown) {
  WriteAlertmanagerConfig("");
  StartAlertmanager();
  StartPrometheus();
  const std::string alerts_url = alertmanager_url_ + "/api/v2/alerts";
  ASSERT_TRUE(WaitUntil("Alertmanager knows the alert", [&] {
    return absl::StrContains(HttpGet(alerts_url), "CheckoutFails");
  }));
  StartAlertd();
  ASSERT_TRUE(WaitForEvents(1));
  alertd_->Kill(SIGTERM);
  EXPECT_THAT(alertd_->Wait(), IsOkAndHolds(0));

  Resolve();
  ASSERT_TRUE(WaitUntil("Alertmanager has forgotten the alert",
                        [&] { return HttpGet(alerts_url) == "[]\n"; }));
  StartAlertd();
  ASSERT_TRUE(WaitForEvents(2));
  EXPECT_THAT(Kinds(), ElementsAre("EVENT_KIND_ALERT_FIRED",
                                   "EVENT_KIND_ALERT_RESOLVED"));
  EXPECT_THAT(Events()[1].labels().at("secondstory_resolution"),
              testing::StartsWith("inferred: missing from all replicas since"));
  StartAssemblerd();
  EXPECT_TRUE(WaitForResolvedCandidate());
}

TEST_F(AlertsTest, KeepComingWhileIncidentdIsAway) {
  WriteAlertmanagerConfig("");
  StartAlertmanager();
  incidentd_.reset();
  StartAlertd();
  StartPrometheus();
  ASSERT_TRUE(WaitUntil("the alert is in the spool", [&] {
    return Count("secondstory_ingest_pending_events") == 1;
  }));
  // Not even a kill loses it.
  alertd_->Kill(SIGKILL);
  alertd_.reset();
  StartIncidentd();
  StartAlertd();
  ASSERT_TRUE(WaitForEvents(1));
  EXPECT_THAT(Kinds(), ElementsAre("EVENT_KIND_ALERT_FIRED"));
}

TEST_F(AlertsTest, AreCountedInAFormThatPrometheusAccepts) {
  WriteAlertmanagerConfig("");
  StartAlertmanager();
  StartAlertd();
  const std::string metrics = HttpGet(alertd_url_ + "/metrics");
  EXPECT_THAT(metrics, HasSubstr("secondstory_ingest_pending_events 0"));
  support::ExpectPromtoolAccepts(metrics);
}

// Goal: whenever alertd dies, no alert that it answered 200 to is missing, and
// none is stored twice when its sender sends it again.
// Method: alerts are posted one by one; alertd is killed at a random moment
// after a post began, and started again; a post without an answer is repeated,
// as Alertmanager does.
TEST_F(AlertsTest, LoseNothingWhenAlertdIsKilledAtAnyMoment) {
  std::mt19937_64 random(support::Seed());
  alertmanager_url_ = "http://127.0.0.1:1";  // nobody is there
  StartAlertd();
  constexpr int kAlertCount = 80;
  int kill_count = 0;
  for (int i = 0; i < kAlertCount;) {
    HttpCall call;
    call.method = "POST";
    call.url = alertd_url_ + "/v1/alertmanager/prod";
    call.body = absl::StrCat(
        R"({"alerts": [{"status": "firing", "labels": {"alertname": "A"},)",
        R"("startsAt": "2026-03-01T12:00:00Z", "fingerprint": "f)", i, "\"}]}");
    auto answer = std::async(std::launch::async, CallHttp, call);
    if (random() % 5 == 0) {
      // Now, or while it works, or just after it.
      answer.wait_for(std::chrono::microseconds(random() % 4000));
      alertd_->Kill(SIGKILL);
      ++kill_count;
    }
    const absl::StatusOr<HttpAnswer> got = answer.get();
    if (got.ok() && got->status == 200) ++i;
    if (!got.ok()) {
      alertd_.reset();
      StartAlertd();
    }
  }
  ASSERT_GT(kill_count, 0);
  alertd_.reset();
  StartAlertd();
  ASSERT_TRUE(WaitForEvents(kAlertCount));
  std::set<std::string> ids;
  for (const v1::Event& event : Events()) ids.insert(event.source_event_id());
  EXPECT_EQ(ids.size(), static_cast<size_t>(kAlertCount));
  EXPECT_EQ(Events().size(), static_cast<size_t>(kAlertCount));
}

// The fingerprint of a real Alertmanager is the one that we would make.
TEST_F(AlertsTest, HaveTheFingerprintThatWeWouldMake) {
  WriteAlertmanagerConfig("");
  StartAlertmanager();
  StartAlertd();
  StartPrometheus();
  ASSERT_TRUE(WaitForEvents(1));
  HttpCall call;
  call.method = "POST";
  call.url = alertd_url_ + "/v1/alertmanager/prod";
  const v1::Event fired = Events()[0];
  const std::string start =
      std::vector<std::string>(absl::StrSplit(fired.source_event_id(), '/'))[1];
  call.body = absl::StrCat(
      R"({"alerts": [{"status": "firing", "startsAt": ")", start,
      R"(", "labels": {"alertname": "CheckoutFails", "service": "checkout",)",
      R"("severity": "page"}}]})");
  SS_ASSERT_OK_AND_ASSIGN(const HttpAnswer answer, CallHttp(call));
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_TRUE(WaitUntil("it was delivered, and known", [&] {
    return Count("secondstory_ingest_events_total{outcome=\"known\"}") >= 1;
  }));
  EXPECT_EQ(Events().size(), 1u);
}

}  // namespace
}  // namespace secondstory
